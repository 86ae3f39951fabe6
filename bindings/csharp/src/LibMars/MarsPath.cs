using System.Text;

namespace LibMars;

/// <summary>
/// A path or a file name as the bytes that it is. On POSIX a name need not be UTF-8, and a string
/// could not hold it: what comes out of a recovery point goes back in unchanged. A string converts
/// to it by itself.
/// </summary>
public readonly struct MarsPath : IEquatable<MarsPath>
{
    private readonly byte[]? bytes;

    /// <summary>A path of these bytes, which are copied.</summary>
    public MarsPath(ReadOnlySpan<byte> bytes)
    {
        this.bytes = bytes.ToArray();
    }

    /// <summary>A path of this text, as UTF-8.</summary>
    /// <exception cref="ArgumentException">The text has half of a surrogate pair.</exception>
    public MarsPath(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        bytes = Utf8.Strict.GetBytes(text);
    }

    /// <summary>The bytes, without a NUL behind them.</summary>
    public ReadOnlyMemory<byte> Bytes => bytes;

    /// <summary>True for <c>default</c>: no path at all.</summary>
    public bool IsNone => bytes == null;

    /// <summary>True if the bytes are UTF-8: <see cref="ToString"/> then tells all of
    /// them.</summary>
    public bool IsUtf8 => System.Text.Unicode.Utf8.IsValid(bytes);

    /// <summary>A path of this text, as UTF-8; null is no path.</summary>
    public static implicit operator MarsPath(string? text)
    {
        return text == null ? default : new MarsPath(text);
    }

    /// <summary>As <see cref="MarsPath(string)"/>, for languages without conversions.</summary>
    public static MarsPath FromString(string? text)
    {
        return text;
    }

    /// <summary>True if both have the same bytes.</summary>
    public static bool operator ==(MarsPath left, MarsPath right)
    {
        return left.Equals(right);
    }

    /// <summary>True if they have other bytes.</summary>
    public static bool operator !=(MarsPath left, MarsPath right)
    {
        return !left.Equals(right);
    }

    /// <inheritdoc/>
    public bool Equals(MarsPath other)
    {
        return IsNone == other.IsNone && Bytes.Span.SequenceEqual(other.Bytes.Span);
    }

    /// <inheritdoc/>
    public override bool Equals(object? obj)
    {
        return obj is MarsPath other && Equals(other);
    }

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        HashCode hash = default;
        hash.AddBytes(Bytes.Span);
        return hash.ToHashCode();
    }

    /// <summary>For people: what is not UTF-8 becomes U+FFFD.</summary>
    public override string ToString()
    {
        return Encoding.UTF8.GetString(Bytes.Span);
    }

    internal MarsPath Required(string name)
    {
        return IsNone ? throw new ArgumentNullException(name) : this;
    }

    internal static unsafe MarsPath From(byte* path, ulong length)
    {
        return path == null
            ? default : new MarsPath(new ReadOnlySpan<byte>(path, checked((int)length)));
    }
}
