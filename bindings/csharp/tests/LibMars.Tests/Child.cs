using System.Diagnostics;
using System.Reflection;
using Xunit;

namespace LibMars.Tests;

/// <summary>A process of its own for what could hang or crash: the other tests go on.</summary>
internal static class Child
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <param name="body">A static method; the test passes if it comes back.</param>
    internal static void Run(Action body)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, [
            typeof(Child).Assembly.Location, body.Method.DeclaringType!.FullName!, body.Method.Name,
        ]) { RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> told = process.StandardError.ReadToEndAsync();
        bool ended = process.WaitForExit(Patience);
        if (!ended)
            process.Kill();
        Assert.True(ended && process.WaitForExit(Patience) && process.ExitCode == 0,
            (ended ? "" : "it hangs; ") + told.Result);
    }

    private static void Main(string[] args)
    {
        typeof(Child).Assembly.GetType(args[0])!
            .GetMethod(args[1], BindingFlags.Static | BindingFlags.NonPublic)!
            .CreateDelegate<Action>()();
    }
}
