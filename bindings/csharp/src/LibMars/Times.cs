namespace LibMars;

internal static class Times
{
    private const int NanosecondsPerTick = 100;

    internal static TimeSpan Elapsed(ulong nanoseconds)
    {
        return TimeSpan.FromTicks((long)(nanoseconds / NanosecondsPerTick));
    }

    /// <summary>A file may bear any time; .NET's ends with the years 1 and 9999.</summary>
    internal static DateTimeOffset Unix(long seconds, uint nanoseconds = 0)
    {
        long least = DateTimeOffset.MinValue.ToUnixTimeSeconds();
        if (seconds < least)
            return DateTimeOffset.MinValue;
        return seconds > DateTimeOffset.MaxValue.ToUnixTimeSeconds()
            ? DateTimeOffset.MaxValue
            : DateTimeOffset.FromUnixTimeSeconds(seconds)
                .AddTicks(nanoseconds / NanosecondsPerTick);
    }
}
