using Microsoft.Extensions.Logging;

namespace LibMars;

/// <summary>Who is told of what happens in a call.</summary>
public abstract class CallOptions
{
    private protected CallOptions() { }

    /// <summary>
    /// Called for each event on the thread that makes the call. What it throws ends the call, and
    /// is thrown again to the caller. It must not use the objects that the call runs on, but may
    /// dispose of them.
    /// </summary>
    public Action<MarsEvent>? OnEvent { get; init; }

    /// <summary>Events also go here.</summary>
    public ILogger? Logger { get; init; }
}
