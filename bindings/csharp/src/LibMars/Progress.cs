namespace LibMars;

/// <summary>What a call is doing now.</summary>
public enum ProgressPhase
{
    /// <summary>Opening, reading the index.</summary>
    Start = 1,
    /// <summary>Moving bytes.</summary>
    Data = 2,
    /// <summary>Making it durable and visible.</summary>
    Commit = 3,
    /// <summary>Of a verify: looking at the structure.</summary>
    Check = 4,
}

/// <summary>
/// How far a call is, told when the phase changes and at most 10 times a second, on the thread that
/// makes the call. Numbers only grow within a phase.
/// </summary>
/// <param name="Phase">What is done now.</param>
/// <param name="FilesDone">Files, links, devices; of a verify objects.</param>
/// <param name="FilesTotal">Null while unknown.</param>
/// <param name="BytesDone">Of files; of a verify bytes read from the vault.</param>
/// <param name="BytesTotal">Null while unknown.</param>
/// <param name="BytesStored">Sent to the vault.</param>
/// <param name="Elapsed">Since the call began.</param>
/// <param name="Warnings">Events so far that are warnings or worse.</param>
public sealed record Progress(
    ProgressPhase Phase, long FilesDone, long? FilesTotal, long BytesDone, long? BytesTotal,
    long BytesStored, TimeSpan Elapsed, long Warnings)
{
    internal static unsafe Progress From(mars_progress* p)
    {
        return new Progress((ProgressPhase)p->phase, (long)p->files_done, Known(p->files_total),
            (long)p->bytes_done, Known(p->bytes_total), (long)p->bytes_stored,
            Times.Elapsed(p->elapsed_ns), (long)p->warnings);
    }

    private static long? Known(ulong total)
    {
        return total == 0 ? null : (long)total;
    }
}
