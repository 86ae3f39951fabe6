namespace LibMars;

/// <summary>What kind of thing a name in a recovery point is.</summary>
public enum EntryType
{
    /// <summary>A regular file.</summary>
    File = 1,
    /// <summary>A directory.</summary>
    Directory = 2,
    /// <summary>A symbolic link.</summary>
    SymbolicLink = 3,
    /// <summary>A fifo.</summary>
    Fifo = 4,
    /// <summary>A character device.</summary>
    CharacterDevice = 5,
    /// <summary>A block device.</summary>
    BlockDevice = 6,
}

/// <summary>One name in a recovery point.</summary>
/// <param name="Path">Absolute, as backed up.</param>
/// <param name="Type">What it is.</param>
/// <param name="Size">Of a file.</param>
/// <param name="Mode">Permissions.</param>
/// <param name="Modified">When its content changed last, to 100 ns; what .NET cannot hold becomes
/// the nearest that it can.</param>
/// <param name="UserId">The owner's.</param>
/// <param name="GroupId">The group's.</param>
/// <param name="User">The owner's name; may be empty.</param>
/// <param name="Group">The group's name; may be empty.</param>
/// <param name="LinkTarget">Of a symbolic link; else none.</param>
/// <param name="DeviceMajor">Of a device.</param>
/// <param name="DeviceMinor">Of a device.</param>
/// <param name="Incomplete">Part of it could not be read.</param>
/// <param name="Changed">It changed while it was read.</param>
public sealed record Entry(
    MarsPath Path, EntryType Type, long Size, UnixFileMode Mode, DateTimeOffset Modified,
    long UserId, long GroupId, string User, string Group, MarsPath LinkTarget, uint DeviceMajor,
    uint DeviceMinor, bool Incomplete, bool Changed)
{
    internal const uint IncompleteFlag = 1, ChangedFlag = 2;

    internal static unsafe Entry From(mars_entry* e)
    {
        return new Entry(MarsPath.From(e->path, e->path_len), (EntryType)e->type, (long)e->size,
            (UnixFileMode)e->mode, Times.Unix(e->mtime, e->mtime_ns), (long)e->uid, (long)e->gid,
            Utf8.Text(e->user), Utf8.Text(e->group), MarsPath.From(e->target, e->target_len),
            e->device_major, e->device_minor, (e->flags & IncompleteFlag) != 0,
            (e->flags & ChangedFlag) != 0);
    }
}

/// <summary>How a name differs between two points.</summary>
public enum Change
{
    /// <summary>It is in the later one only.</summary>
    Added = 1,
    /// <summary>It is in the earlier one only.</summary>
    Removed = 2,
    /// <summary>Its content differs.</summary>
    Content = 3,
    /// <summary>Its content is the same, its owner, mode, time or the like are not.</summary>
    Metadata = 4,
    /// <summary>It is another kind of thing.</summary>
    Type = 5,
}

/// <summary>A name that differs between two points.</summary>
/// <param name="Change">How.</param>
/// <param name="Before">As it was; null if it was added.</param>
/// <param name="After">As it is; null if it was removed.</param>
public sealed record Difference(Change Change, Entry? Before, Entry? After)
{
    internal static unsafe Difference From(mars_diff* d)
    {
        return new Difference((Change)d->change, d->before == null ? null : Entry.From(d->before),
            d->after == null ? null : Entry.From(d->after));
    }
}
