namespace LibMars;

/// <summary>
/// For handles that take one call at a time: a second one, from another thread or from a callback
/// of the first, gets an exception and not a damaged heap.
/// </summary>
internal struct OneAtATime
{
    private int busy;

    internal void Enter()
    {
        if (Interlocked.Exchange(ref busy, 1) != 0)
            throw new InvalidOperationException("a call on this object is running: one at a time");
    }

    internal void Leave()
    {
        Volatile.Write(ref busy, 0);
    }
}
