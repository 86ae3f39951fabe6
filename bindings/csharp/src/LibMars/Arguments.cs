using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace LibMars;

/// <summary>The strings that a call hands to C: made before it, wiped and freed after it.</summary>
internal sealed unsafe class Arguments : IDisposable
{
    private readonly List<(nint Place, int Size)> blocks = [];

    /// <summary>Zeroed memory for n values.</summary>
    internal T* New<T>(int n = 1) where T : unmanaged
    {
        int size = checked(n * sizeof(T));
        blocks.EnsureCapacity(blocks.Count + 1);
        void* place = NativeMemory.AllocZeroed((nuint)size);
        blocks.Add(((nint)place, size));
        return (T*)place;
    }

    internal byte* Text(ReadOnlySpan<char> text)
    {
        byte* s = New<byte>(Utf8.Strict.GetByteCount(text) + 1);
        Utf8.Strict.GetBytes(text, new Span<byte>(s, blocks[^1].Size - 1));
        if (text.Contains('\0'))
            throw new ArgumentException("a NUL in a text");
        return s;
    }

    internal byte* TextOrNull(string? text)
    {
        return text == null ? null : Text(text);
    }

    /// <summary>Of a passphrase: its bytes, and how many there are.</summary>
    internal byte* Secret(ReadOnlySpan<char> text, out ulong length)
    {
        byte* s = Text(text);
        length = (ulong)(blocks[^1].Size - 1);
        return s;
    }

    /// <summary>The same; none where there is no text.</summary>
    internal byte* SecretOrNull(ReadOnlySpan<char> text, out ulong length)
    {
        length = 0;
        return text.IsEmpty ? null : Secret(text, out length);
    }

    internal byte* Path(MarsPath path)
    {
        if (path.IsNone)
            return null;
        ReadOnlySpan<byte> bytes = path.Bytes.Span;
        if (bytes.Contains((byte)0))
            throw new ArgumentException("a NUL in a path");
        byte* s = New<byte>(bytes.Length + 1);
        bytes.CopyTo(new Span<byte>(s, bytes.Length));
        return s;
    }

    internal byte** Paths(IList<MarsPath> paths)
    {
        byte** list = (byte**)New<nint>(Math.Max(paths.Count, 1));
        for (int i = 0; i < paths.Count; i++)
            list[i] = Path(paths[i].Required(nameof(paths)));
        return list;
    }

    internal byte** Texts(IList<string> texts)
    {
        byte** list = (byte**)New<nint>(Math.Max(texts.Count, 1));
        for (int i = 0; i < texts.Count; i++)
            list[i] = Text(texts[i] ?? throw new ArgumentException("null in a list"));
        return list;
    }

    public void Dispose()
    {
        foreach ((nint place, int size) in blocks) {
            CryptographicOperations.ZeroMemory(new Span<byte>((void*)place, size));
            NativeMemory.Free((void*)place);
        }
        blocks.Clear();
    }
}
