using Microsoft.Extensions.Logging;

namespace LibMars;

/// <summary>What opening an agent needs beside its options: a wrapper, a logger that the agent
/// keeps, and a way to stop it.</summary>
internal sealed unsafe class OpeningCall : IDisposable
{
    private readonly Call call;
    private readonly WrapperCall wrapper;
    private bool kept;

    internal OpeningCall(IKeyWrapper? wrapper, ILogger? logger, CancellationToken token)
    {
        call = new Call(token: token);
        this.wrapper = new WrapperCall(wrapper);
        Log = new LogUse(logger);
    }

    internal LogUse Log { get; }

    internal nint Cancel => call.CancelPointer;

    internal mars_key_wrapper* Wrapper(Arguments args)
    {
        return wrapper.Pointer(args);
    }

    /// <summary>The agent, which the log goes with; or throws what there is.</summary>
    internal AgentHandle Opened(int status, AgentHandle agent, mars_error* err)
    {
        try {
            wrapper.Rethrow(err);
        } catch {
            agent.Dispose();
            throw;
        }
        call.Opened(status, agent, err);
        agent.Own(Log);
        kept = true;
        return agent;
    }

    public void Dispose()
    {
        wrapper.Dispose();
        call.Dispose();
        if (!kept)
            Log.Dispose();
    }
}
