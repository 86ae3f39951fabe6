namespace LibMars;

/// <summary>How thoroughly to verify. Without any of these: the structure.</summary>
public sealed class VerifyOptions : CallOptions
{
    [Flags]
    internal enum Flags : uint
    {
        ReadData = 1,
        AgainstDisk = 2,
    }

    /// <summary>As in <see cref="RestoreOptions.Point"/>; null: all, against disk the
    /// latest.</summary>
    public string? Point { get; init; }

    /// <summary>Narrows the point; null: any item.</summary>
    public string? Item { get; init; }

    /// <summary>Read and open every byte of every pack.</summary>
    public bool ReadData { get; init; }

    /// <summary>Compare a point with the files as they are now.</summary>
    public bool AgainstDisk { get; init; }

    /// <summary>1 to 100: read a random choice of packs, another one each time, with about that
    /// part of the bytes; 0: none.</summary>
    public int SamplePercent { get; init; }

    internal unsafe mars_verify_options Native(Arguments args, Call call)
    {
        return new mars_verify_options {
            struct_size = (uint)sizeof(mars_verify_options),
            flags = (uint)((ReadData ? Flags.ReadData : 0) | (AgainstDisk ? Flags.AgainstDisk : 0)),
            point = args.TextOrNull(Point),
            item = args.TextOrNull(Item),
            progress = call.Progress,
            progress_user = call.User,
            @event = call.Event,
            event_user = call.User,
            cancel = call.CancelPointer,
            sample_percent = checked((uint)SamplePercent),
        };
    }
}

/// <summary>What a verify found.</summary>
/// <param name="Points">Looked at.</param>
/// <param name="Objects">Looked at.</param>
/// <param name="BytesRead">From the vault.</param>
/// <param name="ObjectsDamaged">Or missing; each told by an event.</param>
/// <param name="FilesLost">Names in points that cannot be restored; each told by an event.</param>
/// <param name="Differences">Against disk; each told by an event.</param>
/// <param name="Elapsed">How long it took.</param>
/// <param name="Packs">In the vault.</param>
/// <param name="PackBytes">Of all packs.</param>
/// <param name="PacksRead">Of these, whole.</param>
/// <param name="PackBytesRead">Of these.</param>
public sealed record VerifyResult(
    long Points, long Objects, long BytesRead, long ObjectsDamaged, long FilesLost,
    long Differences, TimeSpan Elapsed, long Packs, long PackBytes, long PacksRead,
    long PackBytesRead)
{
    internal static unsafe VerifyResult From(mars_verify_result* r)
    {
        return new VerifyResult((long)r->points, (long)r->objects, (long)r->bytes_read,
            (long)r->objects_damaged, (long)r->files_lost, (long)r->differences,
            Times.Elapsed(r->elapsed_ns), (long)r->packs, (long)r->pack_bytes, (long)r->packs_read,
            (long)r->pack_bytes_read);
    }
}
