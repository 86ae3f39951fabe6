namespace LibMars;

/// <summary>How new data is compressed. Whatever it was, all is read.</summary>
public enum Compression
{
    /// <summary>LZ4; for a vault over the network zstd, where there is it.</summary>
    Default = 0,
    /// <summary>The fastest.</summary>
    Lz4 = 1,
    /// <summary>Not at all.</summary>
    None = 2,
    /// <summary>Slow, somewhat smaller, read as fast as LZ4.</summary>
    Lz4Hc = 3,
    /// <summary>The smallest.</summary>
    Zstd = 4,
}

/// <summary>What the backup of files and of streams have in common.</summary>
public abstract class PointOptions : CallOptions
{
    private protected PointOptions() { }

    /// <summary>What is backed up again and again; null: "files".</summary>
    public string? Item { get; init; }

    /// <summary>How new data is compressed.</summary>
    public Compression Compression { get; init; }

    /// <summary>With <see cref="Compression.Zstd"/> 1 to 19, 0: 3; else 0.</summary>
    public int CompressionLevel { get; init; }

    /// <summary>Do not open again what was sealed, before it is sent.</summary>
    public bool SkipUploadCheck { get; init; }

    internal const uint SkipUploadCheckFlag = 4;

    internal unsafe mars_backup_options Native(Arguments args, Call call)
    {
        return new mars_backup_options {
            struct_size = (uint)sizeof(mars_backup_options),
            flags = SkipUploadCheck ? SkipUploadCheckFlag : 0,
            item = args.TextOrNull(Item),
            compression = (uint)Compression,
            compression_level = checked((uint)CompressionLevel),
            progress = call.Progress,
            progress_user = call.User,
            @event = call.Event,
            event_user = call.User,
            cancel = call.CancelPointer,
        };
    }
}

/// <summary>What to back up, and how.</summary>
public sealed class BackupOptions : PointOptions
{
    [Flags]
    internal enum Flags : uint
    {
        OneFileSystem = 1,
        ExcludeCaches = 2,
        DryRun = 8,
        ReportFiles = 16,
    }

    /// <summary>What to back up.</summary>
    public IList<MarsPath> Paths { get; init; } = [];

    /// <summary>Patterns as in .gitignore, anchored at each path.</summary>
    public IList<string> Excludes { get; init; } = [];

    /// <summary>Do not descend into other file systems.</summary>
    public bool OneFileSystem { get; init; }

    /// <summary>Leave out what lies in directories with a CACHEDIR.TAG.</summary>
    public bool ExcludeCaches { get; init; }

    /// <summary>Read and count, write nothing.</summary>
    public bool DryRun { get; init; }

    /// <summary>An event for each file that is read.</summary>
    public bool ReportFiles { get; init; }

    internal new unsafe mars_backup_options Native(Arguments args, Call call)
    {
        mars_backup_options o = base.Native(args, call);
        o.flags |= (uint)((OneFileSystem ? Flags.OneFileSystem : 0)
            | (ExcludeCaches ? Flags.ExcludeCaches : 0) | (DryRun ? Flags.DryRun : 0)
            | (ReportFiles ? Flags.ReportFiles : 0));
        o.paths = args.Paths(Paths);
        o.n_paths = (ulong)Paths.Count;
        o.excludes = args.Texts(Excludes);
        o.n_excludes = (ulong)Excludes.Count;
        return o;
    }
}

/// <summary>What a backup did.</summary>
/// <param name="Point">The new recovery point's id; null after a dry run.</param>
/// <param name="Files">Everything but directories.</param>
/// <param name="Directories">How many there are.</param>
/// <param name="FilesUnchanged">Taken over without being read.</param>
/// <param name="FilesSkipped">Each told by an event, and listed in the point.</param>
/// <param name="Bytes">Sizes of the files.</param>
/// <param name="BytesRead">From the source.</param>
/// <param name="BytesNew">That the vault did not have.</param>
/// <param name="BytesAdded">To the vault, before the point itself.</param>
/// <param name="Elapsed">How long it took.</param>
public sealed record BackupResult(
    string? Point, long Files, long Directories, long FilesUnchanged, long FilesSkipped, long Bytes,
    long BytesRead, long BytesNew, long BytesAdded, TimeSpan Elapsed)
{
    /// <summary>Where an exception's <see cref="Exception.Data"/> has it, if
    /// <see cref="Agent.Backup"/> throws although the point is in the vault.</summary>
    public const string DataKey = "LibMars.BackupResult";

    internal static unsafe BackupResult From(mars_backup_result* r)
    {
        string point = Utf8.Text(r->point);
        return new BackupResult(point.Length == 0 ? null : point, (long)r->files,
            (long)r->directories, (long)r->files_unchanged, (long)r->files_skipped, (long)r->bytes,
            (long)r->bytes_read, (long)r->bytes_new, (long)r->bytes_added,
            Times.Elapsed(r->elapsed_ns));
    }
}
