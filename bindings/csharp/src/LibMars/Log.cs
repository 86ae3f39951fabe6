using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace LibMars;

/// <summary>A logger that C has, for as long as this is not disposed of.</summary>
internal sealed unsafe class LogUse : IDisposable
{
    private GCHandle handle;

    internal LogUse(ILogger? logger)
    {
        Level = Log.Wanted(logger);
        if (Level > 0)
            handle = GCHandle.Alloc(logger);
    }

    internal uint Level { get; }

    internal nint User => Level > 0 ? GCHandle.ToIntPtr(handle) : 0;

    internal delegate* unmanaged[Cdecl]<nint, int, byte*, byte*, void> Line =>
        Level > 0 ? Log.Line : null;

    public void Dispose()
    {
        if (handle.IsAllocated)
            handle.Free();
    }
}

internal static partial class Log
{
    internal static void Write(ILogger logger, MarsEvent e)
    {
        LogLevel level = Level(e.Kind);
        if (logger.IsEnabled(level))
            Event(logger, level, e.Kind, e.Message, e.Path, e.ObjectName, e.Point);
    }

    private static LogLevel Level(MarsEventKind kind)
    {
        return kind switch {
            MarsEventKind.File => LogLevel.Debug,
            MarsEventKind.Different => LogLevel.Information,
            MarsEventKind.Damaged or MarsEventKind.FileLost or MarsEventKind.NotRestored
                => LogLevel.Error,
            _ => LogLevel.Warning,
        };
    }

    /// <summary>How much of the library's log a logger wants, as C has it; 0: nothing.</summary>
    internal static uint Wanted(ILogger? logger)
    {
        for (uint level = Debug; logger != null && level > 0; level--) {
            if (logger.IsEnabled(Level((int)level)))
                return level;
        }
        return 0;
    }

    /// <summary>What C calls, from any thread, with a handle of the logger.</summary>
    internal static unsafe delegate* unmanaged[Cdecl]<nint, int, byte*, byte*, void> Line =>
        &OnLine;

    private const uint Debug = 4;

    private static LogLevel Level(int level)
    {
        return level switch {
            1 => LogLevel.Error,
            2 => LogLevel.Warning,
            3 => LogLevel.Information,
            _ => LogLevel.Debug,
        };
    }

    // No exception may pass through C, and there is nobody to whom this one could go.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static unsafe void OnLine(nint user, int level, byte* unit, byte* text)
    {
        try {
            var logger = (ILogger)GCHandle.FromIntPtr(user).Target!;
            LogLevel of = Level(level);
            if (!logger.IsEnabled(of))
                return;
            string part = Utf8.Text(unit), line = Utf8.Text(text);
            Told(logger, of, part, line);
        } catch (Exception) {
        }
    }

    [LoggerMessage(EventId = 2, EventName = "MarsLog", Message = "{Unit}: {Text}")]
    private static partial void Told(ILogger logger, LogLevel level, string unit, string text);

    [LoggerMessage(EventId = 1, EventName = "MarsEvent",
        Message = "{Kind}: {Text} (path {Path}, object {Object}, point {Point})")]
    private static partial void Event(
        ILogger logger, LogLevel level, MarsEventKind kind, string text, MarsPath path,
        string? @object, string? point);
}
