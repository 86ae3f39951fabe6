using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace LibMars;

/// <summary>Every function of include/mars, as it is declared there.</summary>
internal static unsafe partial class Native
{
    private const string Lib = "mars";

    // common.h
    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial byte* mars_status_name(int status);

    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial byte* mars_version();

    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial byte* mars_crypto_provider();

    // cancel.h
    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int mars_cancel_new(out CancelHandle cancel, mars_error* err);

    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial void mars_cancel_set(CancelHandle cancel);

    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial void mars_cancel_free(nint cancel);

    // vault.h
    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int mars_vault_create(
        byte* url, mars_vault_options* opts, mars_error* err);

    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int mars_vault_show(
        byte* url, mars_store_options* store, mars_vault_info* info,
        delegate* unmanaged[Cdecl]<void*, nint, void> fn, nint user, mars_error* err);

    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int mars_vault_issue_credentials(
        byte* url, byte* path, mars_credentials_options* opts, mars_error* err);

    // agent.h
    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int mars_register(
        mars_register_options* opts, out AgentHandle agent, mars_error* err);

    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int mars_register_renew(mars_renew_options* opts, mars_error* err);

    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int mars_agent_open(
        byte* config_dir, ulong config_dir_len, mars_agent_options* opts, out AgentHandle agent,
        mars_error* err);

    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int mars_recover_open(
        mars_recover_options* opts, out AgentHandle agent, mars_error* err);

    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int mars_agent_get_info(
        AgentHandle agent, mars_agent_info* info, mars_error* err);

    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial void mars_agent_close(nint agent);

    // backup.h
    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int mars_backup(
        AgentHandle agent, mars_backup_options* opts, mars_backup_result* result, mars_error* err);

    // session.h
    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int mars_session_begin(
        AgentHandle agent, mars_backup_options* opts, out SessionHandle session, mars_error* err);

    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int mars_stream_open(
        SessionHandle session, byte* name, ulong name_len, out StreamHandle stream,
        mars_error* err);

    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int mars_stream_write(
        StreamHandle stream, byte* data, ulong len, mars_error* err);

    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int mars_stream_finish(StreamHandle stream, mars_error* err);

    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial void mars_stream_abandon(nint stream);

    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int mars_session_commit(
        SessionHandle session, mars_backup_result* result, mars_error* err);

    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial void mars_session_abandon(nint session);

    // image.h
    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int mars_session_add_image(
        SessionHandle session, mars_image_options* opts, mars_error* err);

    // restore.h
    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int mars_restore(
        AgentHandle agent, mars_restore_options* opts, mars_restore_result* result,
        mars_error* err);

    // verify.h
    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int mars_verify(
        AgentHandle agent, mars_verify_options* opts, mars_verify_result* result, mars_error* err);

    // point.h
    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int mars_point_list(
        AgentHandle agent, byte* item, uint flags,
        delegate* unmanaged[Cdecl]<void*, nint, int> fn, nint user,
        delegate* unmanaged[Cdecl]<mars_event*, nint, void> on_event, nint event_user,
        mars_error* err);

    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int mars_point_open(
        AgentHandle agent, byte* point, byte* item, out PointHandle opened, mars_error* err);

    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial void mars_point_close(nint point);

    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int mars_point_get_info(
        PointHandle point, mars_point_info* info, mars_error* err);

    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int mars_point_browse(
        PointHandle point, byte* path, ulong path_len, uint flags,
        delegate* unmanaged[Cdecl]<void*, nint, int> fn, nint user, mars_error* err);

    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int mars_point_stat(
        PointHandle point, byte* path, ulong path_len, mars_entry* entry, mars_error* err);

    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int mars_point_find(
        PointHandle point, byte** patterns, ulong n_patterns,
        delegate* unmanaged[Cdecl]<void*, nint, int> fn, nint user, mars_error* err);

    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int mars_point_diff(
        PointHandle before, PointHandle after, byte* path, ulong path_len,
        delegate* unmanaged[Cdecl]<void*, nint, int> fn, nint user, mars_error* err);

    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int mars_point_read(
        PointHandle point, byte* path, ulong path_len,
        delegate* unmanaged[Cdecl]<void*, ulong, nint, int> fn, nint user, CancelHandle cancel,
        mars_error* err);

    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int mars_file_open(
        PointHandle point, byte* path, ulong path_len, out FileHandle file, mars_error* err);

    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial ulong mars_file_size(FileHandle file);

    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int mars_file_read_at(
        FileHandle file, ulong offset, byte* data, ulong len, ulong* got, mars_error* err);

    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial void mars_file_close(nint file);

    // stats.h
    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int mars_stats_get(
        AgentHandle agent, CancelHandle cancel, mars_stats* stats,
        delegate* unmanaged[Cdecl]<mars_event*, nint, void> on_event, nint user, mars_error* err);

    // key.h
    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int mars_key_list(
        AgentHandle agent, delegate* unmanaged[Cdecl]<void*, nint, void> fn, nint user,
        mars_error* err);

    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int mars_key_add(
        AgentHandle agent, mars_key* present, mars_key* added, byte* label, byte* id,
        mars_error* err);

    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int mars_key_change(
        AgentHandle agent, mars_key* present, mars_key* fresh, mars_error* err);

    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int mars_key_remove(
        AgentHandle agent, mars_key* present, byte* id, mars_error* err);

    // cache.h
    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int mars_cache_status(
        AgentHandle agent, mars_cache_info* info, mars_error* err);

    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int mars_cache_set(
        AgentHandle agent, mars_cache_settings* settings, mars_error* err);

    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int mars_cache_clear(AgentHandle agent, mars_error* err);

    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int mars_cache_rebuild(
        AgentHandle agent, delegate* unmanaged[Cdecl]<mars_event*, nint, void> on_event, nint user,
        CancelHandle cancel, mars_error* err);

    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int mars_cache_move(
        AgentHandle agent, byte* dir, ulong dir_len, mars_error* err);

    // benchmark.h
    [LibraryImport(Lib), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int mars_benchmark(
        mars_benchmark_options* opts, mars_benchmark_result* result, mars_error* err);

    private static nint library;

    static Native()
    {
        NativeLibrary.SetDllImportResolver(typeof(Native).Assembly, Resolve);
    }

    // Packages of the system have the library under the name of its ABI only; .NET would look for
    // "libmars.so".
    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (name != Lib || library != 0)
            return name == Lib ? library : 0;
        string soname = OperatingSystem.IsWindows() ? "mars.dll"
            : OperatingSystem.IsMacOS() ? "libmars.0.dylib" : "libmars.so.0";
        if (!NativeLibrary.TryLoad(soname, assembly, path, out nint found))
            throw new DllNotFoundException(
                $"{soname} was not found: install libmars, or reference LibMars.Native");
        var version = (delegate* unmanaged[Cdecl]<byte*>)NativeLibrary.GetExport(
            found, nameof(mars_version));
        MarsLibrary.Check(Utf8.Text(version()));
        return library = found;
    }
}
