using System.Runtime.InteropServices;

namespace LibMars.Tests;

/// <summary>
/// glibc's struct of that name. What the process occupies says less: how much freed memory malloc
/// keeps depends on which threads were busy at once.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal partial struct Mallinfo2
{
    private readonly nuint arena, ordblks, smblks, hblks, hblkhd;
    private readonly nuint usmblks, fsmblks, uordblks, fordblks, keepcost;

    /// <summary>Bytes that malloc has given out and not got back.</summary>
    internal static long Live()
    {
        Mallinfo2 info = Get();
        return (long)(info.uordblks + info.hblkhd);
    }

    [LibraryImport("libc.so.6", EntryPoint = "mallinfo2")]
    private static partial Mallinfo2 Get();
}
