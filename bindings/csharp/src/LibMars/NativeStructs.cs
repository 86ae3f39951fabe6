using System.Runtime.InteropServices;

// The structs of include/mars with the names that they have there: a test asks a C compiler for
// the offset of each field.
#pragma warning disable CS0649 // fields that C fills in

namespace LibMars;

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct mars_error
{
    public int status;
    public int os_code;
    public int http_status;
    public uint reserved;
    public fixed byte message[240];
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct mars_progress
{
    public uint struct_size;
    public uint phase;
    public ulong files_done;
    public ulong files_total;
    public ulong bytes_done;
    public ulong bytes_total;
    public ulong bytes_stored;
    public ulong elapsed_ns;
    public ulong warnings;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct mars_event
{
    public uint struct_size;
    public uint kind;
    public int status;
    public int os_code;
    public uint reason;
    public uint reserved;
    public byte* path;
    public ulong path_len;
    public byte* @object;
    public byte* point;
    public byte* message;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct mars_store_options
{
    public uint struct_size;
    public uint flags;
    public byte* endpoint;
    public byte* region;
    public byte* addressing;
    public byte* tier;
    public byte* account_key;
    public byte* sas;
    public byte* key_id;
    public byte* secret_key;
    public byte* session_token;
    public byte* tenant;
    public byte* client_id;
    public byte* client_secret;
    public byte* authority;
    public byte* identity;
    public byte* identity_endpoint;
    public byte* identity_header;
    public byte* ca_file;
    public byte* pin;
    public byte* proxy;
    public byte* proxy_user;
    public byte* proxy_password;
    public byte* no_proxy;
    public uint timeout_s;
    public uint requests_limit;
    public uint work_kbps;
    public uint other_kbps;
    public uint work_days;
    public uint work_from;
    public uint work_to;
    public uint reserved;
    public delegate* unmanaged[Cdecl]<nint, int, byte*, byte*, void> log;
    public nint log_user;
    public uint log_level;
    public uint log_reserved;
    public nint custom;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct mars_vault_options
{
    public uint struct_size;
    public uint soft_delete_days;
    public byte* redundancy;
    public ulong redundancy_len;
    public mars_store_options* store;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct mars_vault_info
{
    public uint struct_size;
    public uint soft_delete_days;
    public fixed byte id[40];
    public fixed byte redundancy[16];
    public long created;
    public uint machines;
    public uint put_if_absent;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct mars_machine_info
{
    public uint struct_size;
    public uint reserved;
    public byte* id;
    public byte* name;
    public byte* domain;
    public byte* os;
    public long created;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct mars_credentials_options
{
    public uint struct_size;
    public uint valid_days;
    public uint access_days;
    public uint reserved;
    public mars_store_options* store;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct mars_register_options
{
    public uint struct_size;
    public uint flags;
    public byte* config_dir;
    public ulong config_dir_len;
    public byte* credentials;
    public ulong credentials_len;
    public byte* passphrase;
    public ulong passphrase_len;
    public byte* cache_dir;
    public ulong cache_dir_len;
    public byte* name;
    public ulong name_len;
    public byte* domain;
    public ulong domain_len;
    public ulong cache_quota;
    public mars_store_options* store;
    public delegate* unmanaged[Cdecl]<nint, int, byte*, byte*, void> log;
    public nint log_user;
    public uint log_level;
    public uint reserved;
    public mars_key_wrapper* wrapper;
    public nint cancel;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct mars_renew_options
{
    public uint struct_size;
    public uint flags;
    public byte* config_dir;
    public ulong config_dir_len;
    public byte* credentials;
    public ulong credentials_len;
    public mars_store_options* store;
    public delegate* unmanaged[Cdecl]<nint, int, byte*, byte*, void> log;
    public nint log_user;
    public uint log_level;
    public uint reserved;
    public nint cancel;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct mars_agent_options
{
    public uint struct_size;
    public uint workers;
    public ulong buffer_bytes;
    public delegate* unmanaged[Cdecl]<nint, int, byte*, byte*, void> log;
    public nint log_user;
    public uint log_level;
    public uint reserved;
    public nint cancel;
    public nint store;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct mars_recover_options
{
    public uint struct_size;
    public uint workers;
    public ulong buffer_bytes;
    public byte* credentials;
    public ulong credentials_len;
    public byte* passphrase;
    public ulong passphrase_len;
    public byte* machine;
    public ulong machine_len;
    public mars_store_options* store;
    public delegate* unmanaged[Cdecl]<nint, int, byte*, byte*, void> log;
    public nint log_user;
    public uint log_level;
    public uint reserved;
    public mars_key_wrapper* wrapper;
    public nint cancel;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct mars_agent_info
{
    public uint struct_size;
    public uint read_only;
    public byte* machine_id;
    public byte* machine_name;
    public byte* domain_id;
    public byte* vault_url;
    public byte* cache_dir;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct mars_backup_options
{
    public uint struct_size;
    public uint flags;
    public byte* item;
    public ulong item_len;
    public byte** paths;
    public ulong* path_lens;
    public ulong n_paths;
    public byte** excludes;
    public ulong n_excludes;
    public uint compression;
    public uint compression_level;
    public delegate* unmanaged[Cdecl]<mars_progress*, nint, int> progress;
    public nint progress_user;
    public delegate* unmanaged[Cdecl]<mars_event*, nint, void> @event;
    public nint event_user;
    public nint cancel;
    public nint source;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct mars_backup_result
{
    public uint struct_size;
    public uint reserved;
    public fixed byte point[40];
    public ulong files;
    public ulong directories;
    public ulong files_unchanged;
    public ulong files_skipped;
    public ulong bytes;
    public ulong bytes_read;
    public ulong bytes_new;
    public ulong bytes_added;
    public ulong elapsed_ns;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct mars_image_options
{
    public uint struct_size;
    public uint flags;
    public byte* name;
    public ulong name_len;
    public byte* path;
    public ulong path_len;
    public ulong size;
    public delegate* unmanaged[Cdecl]<ulong, void*, ulong, nint, int> read;
    public delegate* unmanaged[Cdecl]<ulong, ulong*, ulong*, nint, int> data;
    public delegate* unmanaged[Cdecl]<byte*, ulong, ulong*, ulong*, nint, int> changed;
    public nint user;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct mars_restore_options
{
    public uint struct_size;
    public uint flags;
    public byte* point;
    public byte* item;
    public byte* target;
    public ulong target_len;
    public byte** paths;
    public ulong* path_lens;
    public ulong n_paths;
    public uint conflict;
    public uint reserved;
    public delegate* unmanaged[Cdecl]<mars_progress*, nint, int> progress;
    public nint progress_user;
    public delegate* unmanaged[Cdecl]<mars_event*, nint, void> @event;
    public nint event_user;
    public nint cancel;
    public mars_sink* sink;
}

[StructLayout(LayoutKind.Sequential)]
internal struct mars_restore_result
{
    public uint struct_size;
    public uint reserved;
    public ulong files_restored;
    public ulong directories;
    public ulong files_present;
    public ulong files_skipped;
    public ulong files_failed;
    public ulong warnings;
    public ulong bytes_written;
    public ulong bytes_fetched;
    public ulong elapsed_ns;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct mars_verify_options
{
    public uint struct_size;
    public uint flags;
    public byte* point;
    public byte* item;
    public delegate* unmanaged[Cdecl]<mars_progress*, nint, int> progress;
    public nint progress_user;
    public delegate* unmanaged[Cdecl]<mars_event*, nint, void> @event;
    public nint event_user;
    public nint cancel;
    public uint sample_percent;
    public uint reserved;
}

[StructLayout(LayoutKind.Sequential)]
internal struct mars_verify_result
{
    public uint struct_size;
    public uint reserved;
    public ulong points;
    public ulong objects;
    public ulong bytes_read;
    public ulong objects_damaged;
    public ulong files_lost;
    public ulong differences;
    public ulong elapsed_ns;
    public ulong packs;
    public ulong pack_bytes;
    public ulong packs_read;
    public ulong pack_bytes_read;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct mars_point_info
{
    public uint struct_size;
    public uint n_roots;
    public byte* id;
    public byte* item;
    public byte* machine;
    public byte* machine_id;
    public long started;
    public long finished;
    public ulong entries;
    public ulong bytes;
    public ulong files_skipped;
    public ulong bytes_added;
    public byte** roots;
    public ulong* root_lens;
    public uint is_head;
    public uint reserved;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct mars_attr
{
    public byte* name;
    public ulong name_len;
    public void* value;
    public ulong value_len;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct mars_entry
{
    public uint struct_size;
    public uint type;
    public byte* path;
    public ulong path_len;
    public ulong size;
    public uint mode;
    public uint mtime_ns;
    public long mtime;
    public ulong uid;
    public ulong gid;
    public byte* user;
    public byte* group;
    public byte* target;
    public ulong target_len;
    public uint device_major;
    public uint device_minor;
    public uint flags;
    public uint btime_ns;
    public long btime;
    public byte* link_group;
    public mars_attr* attrs;
    public ulong n_attrs;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct mars_diff
{
    public uint struct_size;
    public uint change;
    public mars_entry* before;
    public mars_entry* after;
}

[StructLayout(LayoutKind.Sequential)]
internal struct mars_stats
{
    public uint struct_size;
    public uint reserved;
    public ulong points;
    public ulong items;
    public ulong entries;
    public ulong bytes;
    public ulong chunks;
    public ulong chunk_bytes;
    public ulong packs;
    public ulong pack_bytes;
    public ulong objects;
    public ulong object_bytes;
    public ulong index_objects;
    public ulong index_bytes;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct mars_key_wrapper
{
    public uint struct_size;
    public uint reserved;
    public nint user;
    public delegate* unmanaged[Cdecl]<nint, byte*, byte*, ulong*, mars_error*, int> wrap;
    public delegate* unmanaged[Cdecl]<nint, byte*, ulong, byte*, mars_error*, int> unwrap;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct mars_key
{
    public uint struct_size;
    public uint reserved;
    public byte* passphrase;
    public ulong passphrase_len;
    public mars_key_wrapper* wrapper;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct mars_key_info
{
    public uint struct_size;
    public uint kind;
    public byte* id;
    public byte* label;
    public long created;
    public uint passes;
    public uint memory_kib;
    public uint lanes;
    public uint reserved;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct mars_cache_info
{
    public uint struct_size;
    public uint state;
    public byte* path;
    public byte* problem;
    public ulong files;
    public ulong bytes;
    public ulong bytes_copies;
    public ulong bytes_trees;
    public ulong bytes_runs;
    public ulong bytes_journals;
    public ulong bytes_unfinished;
    public ulong bytes_free;
    public ulong quota;
    public uint warn_permille;
    public uint refuse_permille;
    public ulong old_places;
}

[StructLayout(LayoutKind.Sequential)]
internal struct mars_cache_settings
{
    public uint struct_size;
    public uint warn_permille;
    public uint refuse_permille;
    public uint flags;
    public ulong quota;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct mars_benchmark_figure
{
    public uint struct_size;
    public uint work;
    public byte* codec;
    public ulong one_core;
    public ulong all_cores;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct mars_benchmark_options
{
    public uint struct_size;
    public uint workers;
    public uint figure_ms;
    public uint reserved;
    public delegate* unmanaged[Cdecl]<void*, nint, void> figure;
    public nint figure_user;
    public delegate* unmanaged[Cdecl]<mars_progress*, nint, int> progress;
    public nint progress_user;
    public nint cancel;
}

[StructLayout(LayoutKind.Sequential)]
internal struct mars_benchmark_result
{
    public uint struct_size;
    public uint workers;
    public ulong figures;
    public ulong elapsed_ns;
}
