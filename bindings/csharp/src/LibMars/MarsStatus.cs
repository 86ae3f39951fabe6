namespace LibMars;

/// <summary>Why a call failed. Each value asks for another reaction.</summary>
public enum MarsStatus
{
    /// <summary>It did not fail.</summary>
    Ok = 0,
    /// <summary>A bug in libmars: please report it.</summary>
    Internal = -1,
    /// <summary>Out of memory.</summary>
    NoMemory = -2,
    /// <summary>The call itself is wrong: correct it.</summary>
    InvalidArgument = -3,
    /// <summary>A format or option that is newer than the library: update it.</summary>
    Unsupported = -4,
    /// <summary>Stored bytes fail authentication or parsing.</summary>
    Corrupt = -5,
    /// <summary>The operating system refused: see <see cref="MarsException.OsCode"/>.</summary>
    Io = -6,
    /// <summary>By a cancellation token or a callback.</summary>
    Cancelled = -7,
    /// <summary>No such object, point, path or machine.</summary>
    NotFound = -8,
    /// <summary>The name is taken.</summary>
    Exists = -9,
    /// <summary>The object cannot do this now.</summary>
    State = -10,
    /// <summary>Another process holds it: try later.</summary>
    Locked = -11,
    /// <summary>The transport failed: try again.</summary>
    Network = -12,
    /// <summary>Credentials have expired, were edited, or are refused.</summary>
    Auth = -13,
    /// <summary>The vault's rules do not allow it.</summary>
    Forbidden = -14,
    /// <summary>No space is left: disk, cache or vault.</summary>
    Quota = -15,
    /// <summary>The passphrase or key does not open this.</summary>
    Key = -16,
}
