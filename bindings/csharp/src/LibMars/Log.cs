using Microsoft.Extensions.Logging;

namespace LibMars;

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

    [LoggerMessage(EventId = 1, EventName = "MarsEvent",
        Message = "{Kind}: {Text} (path {Path}, object {Object}, point {Point})")]
    private static partial void Event(
        ILogger logger, LogLevel level, MarsEventKind kind, string text, MarsPath path,
        string? @object, string? point);
}
