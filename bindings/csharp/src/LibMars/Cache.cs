namespace LibMars;

/// <summary>Whether a cache is of use.</summary>
public enum CacheState
{
    /// <summary>It is.</summary>
    Ready = 1,
    /// <summary>Backups fail, restores go without: see <see cref="CacheInfo.Problem"/>.</summary>
    Unusable = 2,
}

/// <summary>Where a cache is and what is in it.</summary>
/// <param name="State">Whether it is of use.</param>
/// <param name="Path">As it was chosen.</param>
/// <param name="Problem">Why it cannot be used; empty if it can.</param>
/// <param name="Files">How many.</param>
/// <param name="Bytes">Of all that follow.</param>
/// <param name="BytesCopies">Points, ledger records, and other objects of the vault.</param>
/// <param name="BytesTrees">Directories of recovery points.</param>
/// <param name="BytesRuns">The index.</param>
/// <param name="BytesJournals">Of sessions that run or were interrupted.</param>
/// <param name="BytesUnfinished">Being written, or left by a process that was killed.</param>
/// <param name="BytesFree">On its disk, for this process.</param>
/// <param name="Quota">In bytes; 0: none.</param>
/// <param name="WarnPermille">See <see cref="CacheSettings"/>; what counts now.</param>
/// <param name="RefusePermille">See <see cref="CacheSettings"/>; what counts now.</param>
/// <param name="OldPlaces">Directories it was moved from, until the next good backup.</param>
public sealed record CacheInfo(
    CacheState State, MarsPath Path, string Problem, long Files, long Bytes, long BytesCopies,
    long BytesTrees, long BytesRuns, long BytesJournals, long BytesUnfinished, long BytesFree,
    long Quota, int WarnPermille, int RefusePermille, long OldPlaces)
{
    internal static unsafe CacheInfo From(mars_cache_info* c)
    {
        return new CacheInfo((CacheState)c->state, new MarsPath(Utf8.Bytes(c->path)),
            Utf8.Text(c->problem), (long)c->files, (long)c->bytes, (long)c->bytes_copies,
            (long)c->bytes_trees, (long)c->bytes_runs, (long)c->bytes_journals,
            (long)c->bytes_unfinished, (long)c->bytes_free, (long)c->quota, (int)c->warn_permille,
            (int)c->refuse_permille, (long)c->old_places);
    }
}

/// <summary>What is asked of a cache's disk before a backup, and how large it may become. The
/// permilles are of what the item's last point holds.</summary>
public sealed class CacheSettings
{
    /// <summary>With less free space a backup warns; 0: 50, which is 5 %.</summary>
    public int WarnPermille { get; init; }

    /// <summary>With less it ends before it reads anything; 0: 1.</summary>
    public int RefusePermille { get; init; }

    /// <summary>In bytes, at least 1 MiB; 0: none.</summary>
    public long Quota { get; init; }
}

/// <summary>
/// What saves reading from the vault again, and by which an interrupted backup goes on. A cache
/// that is lost costs a download of the index and no data.
/// </summary>
public sealed unsafe class Cache
{
    private readonly Agent agent;

    internal Cache(Agent agent)
    {
        this.agent = agent;
    }

    /// <summary>Looks at the cache: goes through its files.</summary>
    /// <exception cref="MarsException"><see cref="MarsStatus.State"/>: another machine's points are
    /// open.</exception>
    public CacheInfo GetStatus()
    {
        mars_cache_info info = new() { struct_size = (uint)sizeof(mars_cache_info) };
        mars_error err;
        AgentHandle handle = agent.Handle;
        // What info points to lives as long as the agent.
        using var held = new Held(handle);
        Errors.Check(Native.mars_cache_status(handle, &info, &err), &err);
        return CacheInfo.From(&info);
    }

    /// <summary>Keeps other settings, from the next backup on.</summary>
    /// <param name="settings">All of them.</param>
    public void Set(CacheSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        mars_cache_settings s = new() {
            struct_size = (uint)sizeof(mars_cache_settings),
            warn_permille = checked((uint)settings.WarnPermille),
            refuse_permille = checked((uint)settings.RefusePermille),
            quota = checked((ulong)settings.Quota),
        };
        mars_error err;
        Errors.Check(Native.mars_cache_set(agent.Handle, &s, &err), &err);
    }

    /// <summary>Deletes what can be fetched again. Backups may be running.</summary>
    public void Clear()
    {
        mars_error err;
        Errors.Check(Native.mars_cache_clear(agent.Handle, &err), &err);
    }

    /// <summary>Clears it and fetches anew what it has before a backup.</summary>
    /// <param name="onEvent">Told of objects of the vault that cannot be read; may be null.</param>
    /// <param name="cancellationToken">Ends the call soon.</param>
    /// <exception cref="MarsCorruptException">Something could not be read; the rest is
    /// there.</exception>
    public void Rebuild(Action<MarsEvent>? onEvent = null,
        CancellationToken cancellationToken = default)
    {
        var options = new Agent.EventOptions { OnEvent = onEvent };
        using var call = new Call(options, token: cancellationToken);
        mars_error err;
        call.Check(Native.mars_cache_rebuild(
            agent.Handle, call.Event, call.User, call.Cancel, &err), &err);
    }

    /// <summary>
    /// Moves it to another directory, which is made if needed, but not what is above it. The old
    /// place keeps what it has until the next good backup.
    /// </summary>
    /// <param name="directory">The new place.</param>
    /// <exception cref="MarsException"><see cref="MarsStatus.Locked"/>: a backup is
    /// running.</exception>
    public void Move(MarsPath directory)
    {
        using var args = new Arguments();
        mars_error err;
        Errors.Check(Native.mars_cache_move(agent.Handle,
            args.Path(directory.Required(nameof(directory))), 0, &err), &err);
    }
}
