using System.Runtime.InteropServices;

// The structs of include/mars with the names that they have there: a test asks a C compiler for
// the offset of each field.
#pragma warning disable CS0649 // fields that C fills in

namespace LibMars;

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct mars_source_item
{
    public uint struct_size;
    public uint flags;
    public mars_entry* entry;
    public long change_time;
    public uint change_time_ns;
    public uint skip_reason;
    public ulong file_id;
    public ulong volume_id;
    public byte* file_system;
    public byte* message;
    public int os_code;
    public uint reserved;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct mars_source
{
    public uint struct_size;
    public uint flags;
    public nint user;
    public delegate* unmanaged[Cdecl]<nint, mars_source_item**, mars_error*, int> next;
    public delegate* unmanaged[Cdecl]<nint, mars_error*, int> describe;
    public delegate* unmanaged[Cdecl]<nint, nint*, mars_error*, int> open;
    public delegate* unmanaged[Cdecl]<nint, nint, ulong, void*, ulong, ulong*, mars_error*, int> read;
    public delegate* unmanaged[Cdecl]<nint, nint, ulong, ulong*, ulong*, mars_error*, int> extent;
    public delegate* unmanaged[Cdecl]<nint, nint, uint*, mars_error*, int> changed;
    public delegate* unmanaged[Cdecl]<nint, nint, void> close;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct mars_sink_state
{
    public uint struct_size;
    public uint state;
    public byte* path;
    public ulong path_len;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct mars_sink
{
    public uint struct_size;
    public uint flags;
    public nint user;
    public delegate* unmanaged[Cdecl]<nint, nint, mars_entry*, nint*, mars_error*, int> begin;
    public delegate* unmanaged[Cdecl]<nint, nint, ulong, void*, ulong, mars_error*, int> write;
    public delegate* unmanaged[Cdecl]<nint, nint, int, mars_error*, int> end;
    public delegate* unmanaged[Cdecl]<nint, nint, nint, mars_error*, int> link;
    public delegate* unmanaged[Cdecl]<nint, nint, mars_sink_state*, void> state;
    public delegate* unmanaged[Cdecl]<nint, nint, void> release;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct mars_object
{
    public uint struct_size;
    public uint mtime_ns;
    public byte* name;
    public ulong size;
    public long mtime;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct mars_store
{
    public uint struct_size;
    public uint flags;
    public nint user;
    public delegate* unmanaged[Cdecl]<nint, nint*, mars_error*, int> begin;
    public delegate* unmanaged[Cdecl]<nint, nint, void*, ulong, mars_error*, int> append;
    public delegate* unmanaged[Cdecl]<nint, nint, byte*, mars_error*, int> commit;
    public delegate* unmanaged[Cdecl]<nint, nint, void> abandon;
    public delegate* unmanaged[Cdecl]<nint, byte*, ulong, void*, ulong, mars_error*, int> read;
    public delegate* unmanaged[Cdecl]<nint, byte*, mars_object*, mars_error*, int> stat;
    public delegate* unmanaged[Cdecl]<nint, byte*, nint, nint, mars_error*, int> list;
    public delegate* unmanaged[Cdecl]<nint, byte*, mars_error*, int> remove;
    public delegate* unmanaged[Cdecl]<nint, mars_error*, int> flush;
}
