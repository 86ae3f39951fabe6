namespace LibMars;

/// <summary>What to do with a file that is in the way.</summary>
public enum Conflict
{
    /// <summary>Restore beside it, under a dated name.</summary>
    Copy = 0,
    /// <summary>Replace it.</summary>
    Overwrite = 1,
    /// <summary>Leave it.</summary>
    Skip = 2,
}

/// <summary>What to restore, and where to.</summary>
public sealed class RestoreOptions : CallOptions
{
    [Flags]
    internal enum Flags : uint
    {
        NoAcl = 1,
        NoOwner = 2,
        DryRun = 4,
        ReportFiles = 8,
    }

    /// <summary>The directory to restore below, each path under its full name; made if
    /// needed.</summary>
    public required MarsPath Target { get; init; }

    /// <summary>A full id, a unique prefix of at least 6 digits, or "latest".</summary>
    public string Point { get; init; } = "latest";

    /// <summary>Narrows the point; null: any item.</summary>
    public string? Item { get; init; }

    /// <summary>What to restore, absolute as backed up; none: everything.</summary>
    public IList<MarsPath> Paths { get; init; } = [];

    /// <summary>What to do with a file that is in the way.</summary>
    public Conflict Conflict { get; init; }

    /// <summary>Leave POSIX ACLs out.</summary>
    public bool NoAcl { get; init; }

    /// <summary>Leave owner and group as they come.</summary>
    public bool NoOwner { get; init; }

    /// <summary>Tell by events what would be done, write nothing.</summary>
    public bool DryRun { get; init; }

    /// <summary>An event for each file.</summary>
    public bool ReportFiles { get; init; }

    internal unsafe mars_restore_options Native(Arguments args, Call call)
    {
        return new mars_restore_options {
            struct_size = (uint)sizeof(mars_restore_options),
            flags = (uint)((NoAcl ? Flags.NoAcl : 0) | (NoOwner ? Flags.NoOwner : 0)
                | (DryRun ? Flags.DryRun : 0) | (ReportFiles ? Flags.ReportFiles : 0)),
            point = args.Text(Point),
            item = args.TextOrNull(Item),
            target = args.Path(Target.Required(nameof(Target))),
            paths = args.Paths(Paths),
            n_paths = (ulong)Paths.Count,
            conflict = (uint)Conflict,
            progress = call.Progress,
            progress_user = call.User,
            @event = call.Event,
            event_user = call.User,
            cancel = call.CancelPointer,
        };
    }
}

/// <summary>What a restore did.</summary>
/// <param name="FilesRestored">Everything but directories.</param>
/// <param name="Directories">How many were restored.</param>
/// <param name="FilesPresent">There already with the point's content.</param>
/// <param name="FilesSkipped">In the way, by <see cref="Conflict.Skip"/>.</param>
/// <param name="FilesFailed">Each told by an event.</param>
/// <param name="Warnings">Owners, attributes and the like that could not be set.</param>
/// <param name="BytesWritten">To files.</param>
/// <param name="BytesFetched">From the vault.</param>
/// <param name="Elapsed">How long it took.</param>
public sealed record RestoreResult(
    long FilesRestored, long Directories, long FilesPresent, long FilesSkipped, long FilesFailed,
    long Warnings, long BytesWritten, long BytesFetched, TimeSpan Elapsed)
{
    internal static unsafe RestoreResult From(mars_restore_result* r)
    {
        return new RestoreResult((long)r->files_restored, (long)r->directories,
            (long)r->files_present, (long)r->files_skipped, (long)r->files_failed,
            (long)r->warnings, (long)r->bytes_written, (long)r->bytes_fetched,
            Times.Elapsed(r->elapsed_ns));
    }
}
