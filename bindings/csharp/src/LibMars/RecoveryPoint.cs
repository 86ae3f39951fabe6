namespace LibMars;

public sealed partial class Agent
{
    /// <summary>Opens a recovery point, to look into it without restoring it.</summary>
    /// <param name="point">A full id, a unique prefix of at least 6 digits, or "latest".</param>
    /// <param name="item">Narrows it; null: any.</param>
    /// <exception cref="MarsException"><see cref="MarsStatus.NotFound"/>: no such point.
    /// <see cref="MarsStatus.InvalidArgument"/>: the prefix fits several points, or "latest"
    /// several items.</exception>
    public unsafe RecoveryPoint OpenPoint(string point = "latest", string? item = null)
    {
        ArgumentNullException.ThrowIfNull(point);
        AgentHandle agent = Handle;
        using var held = new Held(agent);
        using var args = new Arguments();
        mars_error err;
        int status = Native.mars_point_open(agent, args.Text(point), args.TextOrNull(item),
            out PointHandle handle, &err);
        Errors.Opened(status, handle, &err).Keep(agent);
        return new RecoveryPoint(handle, agent);
    }
}

/// <summary>
/// An open recovery point. One thread at a time; its files may be read on several threads. It does
/// not need the agent that opened it any more.
/// </summary>
public sealed unsafe class RecoveryPoint : IDisposable
{
    internal const uint Recurse = 1;
    private readonly PointHandle handle;
    private readonly AgentHandle agent;
    private OneAtATime one;

    internal RecoveryPoint(PointHandle handle, AgentHandle agent)
    {
        this.handle = handle;
        this.agent = agent;
    }

    private PointHandle Handle
    {
        get {
            ObjectDisposedException.ThrowIf(handle.IsClosed, this);
            return handle;
        }
    }

    /// <summary>Tells which one it is.</summary>
    public PointInfo GetInfo()
    {
        one.Enter();
        try {
            using var held = new Held(Handle);
            mars_point_info info = new() { struct_size = (uint)sizeof(mars_point_info) };
            mars_error err;
            Errors.Check(Native.mars_point_get_info(handle, &info, &err), &err);
            return PointInfo.From(&info);
        } finally {
            one.Leave();
        }
    }

    /// <summary>Lists the entries of a directory, or a file itself.</summary>
    /// <param name="path">Absolute as backed up; none: the roots.</param>
    /// <exception cref="MarsException"><see cref="MarsStatus.NotFound"/>: no such path.</exception>
    public IReadOnlyList<Entry> List(MarsPath path = default)
    {
        var entries = new List<Entry>();
        Browse(path, 0, entry => {
            entries.Add(entry);
            return true;
        });
        return entries;
    }

    /// <summary>Shows what is in a directory, and all below it.</summary>
    /// <param name="path">As in <see cref="List"/>.</param>
    /// <param name="visit">Gets each entry; false ends the walk. What it throws is thrown again
    /// here. It must not use this point.</param>
    public void Walk(MarsPath path, Func<Entry, bool> visit)
    {
        ArgumentNullException.ThrowIfNull(visit);
        Browse(path, Recurse, visit);
    }

    /// <summary>Tells of one name.</summary>
    /// <param name="path">Absolute as backed up.</param>
    /// <exception cref="MarsException"><see cref="MarsStatus.NotFound"/>: no such path.</exception>
    public Entry Stat(MarsPath path)
    {
        one.Enter();
        try {
            using var held = new Held(Handle);
            using var args = new Arguments();
            mars_entry entry = new() { struct_size = (uint)sizeof(mars_entry) };
            mars_error err;
            Errors.Check(Native.mars_point_stat(handle, args.Path(path.Required(nameof(path))), 0,
                &entry, &err), &err);
            return Entry.From(&entry);
        } finally {
            one.Leave();
        }
    }

    /// <summary>Finds all names that fit one of the patterns.</summary>
    /// <param name="patterns">As in .gitignore, anchored at each root.</param>
    public IReadOnlyList<Entry> Find(params string[] patterns)
    {
        ArgumentNullException.ThrowIfNull(patterns);
        var entries = new List<Entry>();
        Run(entry => {
            entries.Add(Entry.From((mars_entry*)entry));
            return true;
        }, (args, call) => {
            mars_error err;
            call.Check(Native.mars_point_find(Handle, args.Texts(patterns), (ulong)patterns.Length,
                Call.Visit, call.User, &err), &err);
        });
        return entries;
    }

    /// <summary>Lists what differs between this point and a later one. Equal parts cost
    /// nothing.</summary>
    /// <param name="after">The later one; it is used too while this runs.</param>
    /// <param name="path">Where to look; none: everywhere.</param>
    public IReadOnlyList<Difference> Diff(RecoveryPoint after, MarsPath path = default)
    {
        ArgumentNullException.ThrowIfNull(after);
        var differences = new List<Difference>();
        if (ReferenceEquals(after, this))
            return differences;
        after.one.Enter();
        try {
            Run(difference => {
                differences.Add(Difference.From((mars_diff*)difference));
                return true;
            }, (args, call) => {
                mars_error err;
                call.Check(Native.mars_point_diff(Handle, after.Handle, args.Path(path), 0,
                    Call.Visit, call.User, &err), &err);
            });
        } finally {
            after.one.Leave();
        }
        return differences;
    }

    /// <summary>Writes a file's bytes, in order, holes as zeros.</summary>
    /// <param name="path">Absolute as backed up.</param>
    /// <param name="destination">Gets them. What it throws is thrown again here.</param>
    /// <param name="cancellationToken">Ends the call soon.</param>
    public void CopyTo(MarsPath path, Stream destination,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(destination);
        Run(piece => {
            var bytes = (Call.Piece*)piece;
            destination.Write(new ReadOnlySpan<byte>(bytes->Data, checked((int)bytes->Length)));
            return true;
        }, (args, call) => {
            mars_error err;
            call.Check(Native.mars_point_read(Handle, args.Path(path.Required(nameof(path))), 0,
                Call.Data, call.User, call.Cancel, &err), &err);
        }, cancellationToken);
    }

    /// <summary>Opens a file for reading at any place. The stream can seek; it may outlive the
    /// point.</summary>
    /// <param name="path">Absolute as backed up.</param>
    /// <exception cref="MarsException"><see cref="MarsStatus.NotFound"/>: no such path.</exception>
    public Stream OpenRead(MarsPath path)
    {
        one.Enter();
        try {
            using var held = new Held(Handle);
            using var args = new Arguments();
            mars_error err;
            int status = Native.mars_file_open(handle, args.Path(path.Required(nameof(path))), 0,
                out FileHandle file, &err);
            Errors.Opened(status, file, &err).Keep(agent);
            return new PointStream(file);
        } finally {
            one.Leave();
        }
    }

    /// <summary>Closes it. Files that are open stay so.</summary>
    public void Dispose()
    {
        handle.Dispose();
    }

    private void Browse(MarsPath path, uint flags, Func<Entry, bool> visit)
    {
        Run(entry => visit(Entry.From((mars_entry*)entry)), (args, call) => {
            mars_error err;
            call.Check(Native.mars_point_browse(Handle, args.Path(path), 0, flags, Call.Visit,
                call.User, &err), &err);
        });
    }

    private void Run(Func<nint, bool> visit, Action<Arguments, Call> body,
        CancellationToken token = default)
    {
        one.Enter();
        try {
            using var args = new Arguments();
            using var call = new Call(visit: visit, token: token);
            body(args, call);
        } finally {
            one.Leave();
        }
    }
}
