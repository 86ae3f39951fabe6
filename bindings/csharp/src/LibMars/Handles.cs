using System.Runtime.InteropServices;

namespace LibMars;

/// <summary>What C has to be told when it is over.</summary>
internal abstract class MarsHandle : SafeHandle
{
    private static int alive;
    private AgentHandle? kept;

    protected MarsHandle() : base(0, true)
    {
        Interlocked.Increment(ref alive);
    }

    /// <summary>How many there are in the process: tests look for leaks.</summary>
    internal static int Alive => Volatile.Read(ref alive);

    public override bool IsInvalid => handle == 0;

    /// <summary>The agent is closed after this, in whatever order they are disposed of.</summary>
    internal void Keep(AgentHandle agent)
    {
        bool held = false;
        agent.DangerousAddRef(ref held);
        kept = agent;
    }

    protected abstract void Free();

    // An invalid handle is never released: it only counts until it is disposed of.
    protected override void Dispose(bool disposing)
    {
        if (IsInvalid && !IsClosed)
            Interlocked.Decrement(ref alive);
        base.Dispose(disposing);
    }

    protected override bool ReleaseHandle()
    {
        Free();
        kept?.DangerousRelease();
        Interlocked.Decrement(ref alive);
        return true;
    }
}

/// <summary>Keeps a handle from being released for a while.</summary>
internal readonly ref struct Held
{
    private readonly MarsHandle handle;

    internal Held(MarsHandle handle)
    {
        bool held = false;
        handle.DangerousAddRef(ref held);
        this.handle = handle;
    }

    public void Dispose()
    {
        handle.DangerousRelease();
    }
}

internal sealed class CancelHandle : MarsHandle
{
    protected override void Free()
    {
        Native.mars_cancel_free(handle);
    }
}

/// <summary>Of an agent, which lives until its last point and file is closed, and tells its log
/// until then.</summary>
internal sealed class AgentHandle : MarsHandle
{
    private LogUse? log;

    internal void Own(LogUse log)
    {
        this.log = log;
    }

    protected override void Free()
    {
        Native.mars_agent_close(handle);
        log?.Dispose();
    }
}

internal sealed class PointHandle : MarsHandle
{
    protected override void Free()
    {
        Native.mars_point_close(handle);
    }
}

internal sealed class FileHandle : MarsHandle
{
    protected override void Free()
    {
        Native.mars_file_close(handle);
    }
}

/// <summary>Of a session. C uses the callbacks until it is over.</summary>
internal sealed class SessionHandle : MarsHandle
{
    private Call? call;
    private bool committed;

    internal void Own(Call call)
    {
        this.call = call;
    }

    /// <summary>The session has freed itself.</summary>
    internal void Committed()
    {
        committed = true;
    }

    protected override void Free()
    {
        if (!committed)
            Native.mars_session_abandon(handle);
        call?.Dispose();
    }
}

/// <summary>Of a stream of a session.</summary>
internal sealed class StreamHandle : MarsHandle
{
    private bool finished;

    /// <summary>The stream has freed itself.</summary>
    internal void Finished()
    {
        finished = true;
    }

    protected override void Free()
    {
        if (!finished)
            Native.mars_stream_abandon(handle);
    }
}
