using System.Runtime.InteropServices;
using System.Text;

namespace LibMars;

internal static unsafe class Utf8
{
    /// <summary>Refuses what UTF-8 cannot say, which would otherwise become another name.</summary>
    internal static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    internal static string Text(byte* s)
    {
        return s == null ? "" : Encoding.UTF8.GetString(Bytes(s));
    }

    internal static string? TextOrNull(byte* s)
    {
        return s == null ? null : Text(s);
    }

    internal static ReadOnlySpan<byte> Bytes(byte* s)
    {
        return MemoryMarshal.CreateReadOnlySpanFromNullTerminated(s);
    }
}
