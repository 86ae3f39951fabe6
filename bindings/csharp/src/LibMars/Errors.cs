namespace LibMars;

/// <summary>Of calls without callbacks: their status becomes an exception.</summary>
internal static unsafe class Errors
{
    internal static void Check(int status, mars_error* err)
    {
        if (status != (int)MarsStatus.Ok)
            throw MarsException.From(status, err);
    }

    internal static T Opened<T>(int status, T handle, mars_error* err) where T : MarsHandle
    {
        if (status != (int)MarsStatus.Ok)
            handle.Dispose();
        Check(status, err);
        return handle;
    }
}
