using System.Diagnostics.CodeAnalysis;

namespace LibMars;

/// <summary>A call of libmars failed.</summary>
[SuppressMessage("Design", "CA1032", Justification = "without a status it would say too little")]
public class MarsException : Exception
{
    internal MarsException(MarsStatus status, string message) : base(message)
    {
        Status = status;
    }

    /// <summary>Why. May be a value that is newer than this package.</summary>
    public MarsStatus Status { get; }

    /// <summary>errno or GetLastError(); 0 if there is none.</summary>
    public int OsCode { get; private init; }

    /// <summary>What the vault's server answered; 0 if no response was read.</summary>
    public int HttpStatus { get; private init; }

    internal static unsafe MarsException From(int status, mars_error* err)
    {
        string message = Utf8.Text(err->message);
        if (message.Length == 0)
            message = Utf8.Text(Native.mars_status_name(status));
        if ((MarsStatus)status == MarsStatus.Corrupt)
            return new MarsCorruptException(message) {
                OsCode = err->os_code, HttpStatus = err->http_status,
            };
        return new MarsException((MarsStatus)status, message) {
            OsCode = err->os_code, HttpStatus = err->http_status,
        };
    }
}

/// <summary>
/// Something in the vault is damaged or missing. A verify or restore went on with the rest, and
/// tells here what came of it; the events named what was hit.
/// </summary>
[SuppressMessage("Design", "CA1032", Justification = "as its base")]
public sealed class MarsCorruptException : MarsException
{
    internal MarsCorruptException(string message) : base(MarsStatus.Corrupt, message) { }

    /// <summary>What was found, if this was thrown by a verify.</summary>
    public VerifyResult? Verify { get; internal set; }

    /// <summary>What was done, if this was thrown by a restore.</summary>
    public RestoreResult? Restore { get; internal set; }
}
