namespace LibMars;

/// <summary>How streams are backed up.</summary>
public sealed class SessionOptions : PointOptions;

public sealed partial class Agent
{
    /// <summary>
    /// Begins a backup of streams that the caller writes: many in one recovery point.
    /// </summary>
    /// <param name="options">Null for the defaults. Events come on the threads that call into the
    /// session, never two at once. A function that is told of them may dispose of the session and
    /// its streams; any other use of these in it throws
    /// <see cref="InvalidOperationException"/>.</param>
    /// <param name="progress">Comes as events do; null: silent.</param>
    /// <param name="cancellationToken">Ends the session: what runs and what comes throws.</param>
    public unsafe Session BeginSession(SessionOptions? options = null,
        IProgress<Progress>? progress = null, CancellationToken cancellationToken = default)
    {
        options ??= new SessionOptions();
        AgentHandle agent = Handle;
        using var held = new Held(agent);
        using var args = new Arguments();
        var call = new Call(options, progress, token: cancellationToken);
        try {
            mars_backup_options o = options.Native(args, call);
            mars_error err;
            int status = Native.mars_session_begin(agent, &o, out SessionHandle handle, &err);
            if (status == (int)MarsStatus.Ok) {
                handle.Keep(agent);
                handle.Own(call);
            }
            return new Session(call.Opened(status, handle, &err), agent, call);
        } catch {
            call.Dispose();
            throw;
        }
    }
}

/// <summary>
/// A running backup of streams. Any thread may open streams, and write each one on a thread of its
/// own. Nothing is visible in the vault until <see cref="Commit"/>; without it, disposing leaves no
/// trace.
/// </summary>
public sealed unsafe class Session : IDisposable
{
    private readonly SessionHandle handle;
    private readonly AgentHandle agent;
    private readonly Call call;
    private readonly object gate = new();
    private int images;
    private int disposed;

    internal Session(SessionHandle handle, AgentHandle agent, Call call)
    {
        this.handle = handle;
        this.agent = agent;
        this.call = call;
    }

    /// <summary>What <see cref="Commit"/> did; null while there is no point. It is here also where
    /// that throws although the point is in the vault, as when a callback throws at the
    /// end.</summary>
    public BackupResult? Result { get; private set; }

    /// <summary>Opens a stream, which the caller writes, completes and disposes of.</summary>
    /// <param name="name">Its file name in the point: one component, unique in the session.</param>
    /// <exception cref="MarsException"><see cref="MarsStatus.Exists"/>: the name is
    /// taken.</exception>
    public BackupStream OpenStream(MarsPath name)
    {
        using var args = new Arguments();
        byte* text = args.Path(name.Required(nameof(name)));
        mars_error err;
        lock (gate) {
            CheckOpen();
            using var held = new Held(agent);
            int status = Native.mars_stream_open(handle, text, 0, out StreamHandle stream, &err);
            call.Opened(status, stream, &err).Keep(agent);
            return new BackupStream(stream, this, call);
        }
    }

    /// <summary>
    /// Backs up a disk image on this thread, as one stream; other threads may write streams and
    /// images at the same time. A failure leaves the image out, and the session goes on. It is as
    /// consistent as what is read: of a disk in use, read what its system or hypervisor froze.
    /// </summary>
    /// <exception cref="MarsException"><see cref="MarsStatus.Exists"/>: the name is taken.
    /// <see cref="MarsStatus.NotFound"/>: the path is not there. <see cref="MarsStatus.Corrupt"/>:
    /// an extent goes back or beyond the image's size, or the image became shorter.</exception>
    /// <exception cref="OperationCanceledException">The session's token was
    /// cancelled.</exception>
    public void AddImage(ImageOptions image)
    {
        ArgumentNullException.ThrowIfNull(image);
        using var args = new Arguments();
        using var functions = new ImageCall(image);
        mars_image_options o = image.Native(args, functions);
        mars_error err;
        lock (gate) {
            CheckOpen();
            images++;
        }
        try {
            using var held = new Held(handle);
            functions.Check(Native.mars_session_add_image(handle, &o, &err), &err, call);
        } finally {
            lock (gate)
                images--;
        }
    }

    /// <summary>Commits the point. The session is then over. After an exception
    /// <see cref="Result"/> tells whether there is a point.</summary>
    /// <exception cref="MarsException"><see cref="MarsStatus.State"/>: streams are open or an
    /// image is being added; nothing has changed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public BackupResult Commit()
    {
        mars_backup_result result = new() { struct_size = (uint)sizeof(mars_backup_result) };
        mars_error err;
        lock (gate) {
            // Not released before it is known to be committed.
            using Held held = Enter();
            // C would see an image only once it has begun.
            if (images > 0)
                throw new MarsException(MarsStatus.State, "an image is being added");
            int status = Native.mars_session_commit(handle, &result, &err);
            if (status == (int)MarsStatus.State)
                call.Check(status, &err);
            handle.Committed();
            Dispose();
            var done = BackupResult.From(&result);
            if (done.Point != null)
                Result = done;
            call.Check(status, &err);
            return done;
        }
    }

    /// <summary>Abandons it, if it was not committed. Calls that run in it, which may be the one
    /// that tells the caller of this, end soon with <see cref="MarsStatus.Cancelled"/>; the session
    /// is over when the last of them has ended.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0)
            return;
        call.Stop();
        handle.Dispose();
    }

    /// <summary>
    /// Begins a call in the session or a stream of it, and holds the session until the call has
    /// ended: abandoning waits for what streams have locked, and would wait for ever for a call
    /// that it is made from, be it by a callback or by the collector.
    /// </summary>
    internal Held Enter()
    {
        CheckOpen();
        return new Held(handle);
    }

    // C's callbacks must not call back into the session.
    private void CheckOpen()
    {
        ObjectDisposedException.ThrowIf(disposed != 0, this);
        if (call.IsTelling)
            throw new InvalidOperationException("the session is telling its progress or an event");
    }
}
