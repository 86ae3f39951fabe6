namespace LibMars.Tests;

/// <summary>Each constant of include/mars that this package has, with its value here.</summary>
internal static class Constants
{
    internal static IEnumerable<(string Name, long Value)> All =>
        Statuses.Concat(Calls).Concat(Options).Concat(Points);

    private static (string, long)[] Statuses => [
        ("MARS_OK", (long)MarsStatus.Ok),
        ("MARS_ERR_INTERNAL", (long)MarsStatus.Internal),
        ("MARS_ERR_NOMEM", (long)MarsStatus.NoMemory),
        ("MARS_ERR_INVALID_ARG", (long)MarsStatus.InvalidArgument),
        ("MARS_ERR_UNSUPPORTED", (long)MarsStatus.Unsupported),
        ("MARS_ERR_CORRUPT", (long)MarsStatus.Corrupt),
        ("MARS_ERR_IO", (long)MarsStatus.Io),
        ("MARS_ERR_CANCELLED", (long)MarsStatus.Cancelled),
        ("MARS_ERR_NOT_FOUND", (long)MarsStatus.NotFound),
        ("MARS_ERR_EXISTS", (long)MarsStatus.Exists),
        ("MARS_ERR_STATE", (long)MarsStatus.State),
        ("MARS_ERR_LOCKED", (long)MarsStatus.Locked),
        ("MARS_ERR_NETWORK", (long)MarsStatus.Network),
        ("MARS_ERR_AUTH", (long)MarsStatus.Auth),
        ("MARS_ERR_FORBIDDEN", (long)MarsStatus.Forbidden),
        ("MARS_ERR_QUOTA", (long)MarsStatus.Quota),
        ("MARS_ERR_KEY", (long)MarsStatus.Key),
    ];

    private static (string, long)[] Calls => [
        ("MARS_PHASE_START", (long)ProgressPhase.Start),
        ("MARS_PHASE_DATA", (long)ProgressPhase.Data),
        ("MARS_PHASE_COMMIT", (long)ProgressPhase.Commit),
        ("MARS_PHASE_CHECK", (long)ProgressPhase.Check),
        ("MARS_EVENT_SKIPPED", (long)MarsEventKind.Skipped),
        ("MARS_EVENT_WARNING", (long)MarsEventKind.Warning),
        ("MARS_EVENT_DAMAGED", (long)MarsEventKind.Damaged),
        ("MARS_EVENT_FILE_LOST", (long)MarsEventKind.FileLost),
        ("MARS_EVENT_DIFFERENT", (long)MarsEventKind.Different),
        ("MARS_EVENT_NOT_RESTORED", (long)MarsEventKind.NotRestored),
        ("MARS_EVENT_FILE", (long)MarsEventKind.File),
        ("MARS_SKIP_UNREADABLE", (long)SkipReason.Unreadable),
        ("MARS_SKIP_VANISHED", (long)SkipReason.Vanished),
        ("MARS_SKIP_SOCKET", (long)SkipReason.Socket),
        ("MARS_SKIP_CHANGED", (long)SkipReason.Changed),
        ("MARS_SKIP_PARTIAL", (long)SkipReason.Partial),
        ("MARS_SKIP_KIND", (long)SkipReason.Kind),
        ("MARS_BENCHMARK_CHUNK", (long)BenchmarkWork.Chunk),
        ("MARS_BENCHMARK_HASH", (long)BenchmarkWork.Hash),
        ("MARS_BENCHMARK_PACK", (long)BenchmarkWork.Pack),
        ("MARS_BENCHMARK_UNPACK", (long)BenchmarkWork.Unpack),
        ("MARS_BENCHMARK_SEAL", (long)BenchmarkWork.Seal),
        ("MARS_BENCHMARK_OPEN", (long)BenchmarkWork.Open),
        ("MARS_CACHE_READY", (long)CacheState.Ready),
        ("MARS_CACHE_UNUSABLE", (long)CacheState.Unusable),
    ];

    private static (string, long)[] Options => [
        ("MARS_STORE_ALLOW_HTTP", StoreOptions.AllowHttpFlag),
        ("MARS_BACKUP_ONE_FILE_SYSTEM", (long)BackupOptions.Flags.OneFileSystem),
        ("MARS_BACKUP_EXCLUDE_CACHES", (long)BackupOptions.Flags.ExcludeCaches),
        ("MARS_BACKUP_SKIP_UPLOAD_CHECK", PointOptions.SkipUploadCheckFlag),
        ("MARS_BACKUP_DRY_RUN", (long)BackupOptions.Flags.DryRun),
        ("MARS_BACKUP_REPORT_FILES", (long)BackupOptions.Flags.ReportFiles),
        ("MARS_COMPRESSION_DEFAULT", (long)Compression.Default),
        ("MARS_COMPRESSION_LZ4", (long)Compression.Lz4),
        ("MARS_COMPRESSION_NONE", (long)Compression.None),
        ("MARS_COMPRESSION_LZ4HC", (long)Compression.Lz4Hc),
        ("MARS_COMPRESSION_ZSTD", (long)Compression.Zstd),
        ("MARS_RESTORE_NO_ACL", (long)RestoreOptions.Flags.NoAcl),
        ("MARS_RESTORE_NO_OWNER", (long)RestoreOptions.Flags.NoOwner),
        ("MARS_RESTORE_DRY_RUN", (long)RestoreOptions.Flags.DryRun),
        ("MARS_RESTORE_REPORT_FILES", (long)RestoreOptions.Flags.ReportFiles),
        ("MARS_CONFLICT_COPY", (long)Conflict.Copy),
        ("MARS_CONFLICT_OVERWRITE", (long)Conflict.Overwrite),
        ("MARS_CONFLICT_SKIP", (long)Conflict.Skip),
        ("MARS_VERIFY_READ_DATA", (long)VerifyOptions.Flags.ReadData),
        ("MARS_VERIFY_AGAINST_DISK", (long)VerifyOptions.Flags.AgainstDisk),
    ];

    private static (string, long)[] Points => [
        ("MARS_POINTS_ALL_MACHINES", Agent.AllMachines),
        ("MARS_ENTRY_FILE", (long)EntryType.File),
        ("MARS_ENTRY_DIRECTORY", (long)EntryType.Directory),
        ("MARS_ENTRY_SYMLINK", (long)EntryType.SymbolicLink),
        ("MARS_ENTRY_FIFO", (long)EntryType.Fifo),
        ("MARS_ENTRY_CHARDEV", (long)EntryType.CharacterDevice),
        ("MARS_ENTRY_BLOCKDEV", (long)EntryType.BlockDevice),
        ("MARS_ENTRY_INCOMPLETE", Entry.IncompleteFlag),
        ("MARS_ENTRY_CHANGED", Entry.ChangedFlag),
        ("MARS_BROWSE_RECURSE", RecoveryPoint.Recurse),
        ("MARS_DIFF_ADDED", (long)Change.Added),
        ("MARS_DIFF_REMOVED", (long)Change.Removed),
        ("MARS_DIFF_CONTENT", (long)Change.Content),
        ("MARS_DIFF_METADATA", (long)Change.Metadata),
        ("MARS_DIFF_TYPE", (long)Change.Type),
    ];
}
