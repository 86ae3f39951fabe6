namespace LibMars;

/// <summary>What happened.</summary>
public enum MarsEventKind
{
    /// <summary>Backup: a file is not, or not wholly, in the point; see the reason.</summary>
    Skipped = 1,
    /// <summary>Something to know; nothing is lost.</summary>
    Warning = 2,
    /// <summary>Verify: an object of the vault is damaged or missing.</summary>
    Damaged = 3,
    /// <summary>Verify: a file of a point can no longer be restored.</summary>
    FileLost = 4,
    /// <summary>Verify against disk: a path differs.</summary>
    Different = 5,
    /// <summary>Restore: a path could not be restored.</summary>
    NotRestored = 6,
    /// <summary>A file was backed up or restored; only when asked for.</summary>
    File = 7,
}

/// <summary>Why a file is not, or not wholly, in a point.</summary>
public enum SkipReason
{
    /// <summary>It was not skipped.</summary>
    None = 0,
    /// <summary>It could not be read.</summary>
    Unreadable = 1,
    /// <summary>It vanished.</summary>
    Vanished = 2,
    /// <summary>It is a socket.</summary>
    Socket = 3,
    /// <summary>It changed while it was read; it is in the point.</summary>
    Changed = 4,
    /// <summary>Part of it could not be read; it is in the point, flagged.</summary>
    Partial = 5,
    /// <summary>A kind of file that is not supported.</summary>
    Kind = 6,
}

/// <summary>One thing that happened, told on the thread that makes the call, in order.</summary>
/// <param name="Kind">What happened; newer libraries may know more.</param>
/// <param name="Status">Why.</param>
/// <param name="OsCode">errno or GetLastError(); 0 if there is none.</param>
/// <param name="Reason">Of a skipped file.</param>
/// <param name="Path">The file; none if it is about none.</param>
/// <param name="ObjectName">An object's name in the vault, or null.</param>
/// <param name="Point">A point's id, or null.</param>
/// <param name="Message">For people.</param>
public sealed record MarsEvent(
    MarsEventKind Kind, MarsStatus Status, int OsCode, SkipReason Reason, MarsPath Path,
    string? ObjectName, string? Point, string Message)
{
    internal static unsafe MarsEvent From(mars_event* e)
    {
        return new MarsEvent((MarsEventKind)e->kind, (MarsStatus)e->status, e->os_code,
            (SkipReason)e->reason, MarsPath.From(e->path, e->path_len), Utf8.TextOrNull(e->@object),
            Utf8.TextOrNull(e->point), Utf8.Text(e->message));
    }
}
