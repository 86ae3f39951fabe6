using Microsoft.Extensions.Logging;
using Xunit;

namespace LibMars.Tests;

/// <summary>What a callback throws comes out of the call, and harms nothing.</summary>
public sealed class CallbackTests : IDisposable
{
    private readonly Place place = Place.Ready();
    private readonly string tree;

    public CallbackTests()
    {
        tree = place.MakeTree();
        place.Agent.Backup(new BackupOptions { Paths = [tree] });
    }

    public void Dispose()
    {
        // The handle is usable after all of it.
        place.Agent.Backup(new BackupOptions { Paths = [tree] });
        place.Dispose();
    }

    [Fact]
    public void Progress_of_a_backup()
    {
        Rethrown(t => place.Agent.Backup(Backup(), t.Progress));
        Assert.Single(place.Agent.ListPoints());
    }

    [Fact]
    public void Events_of_a_backup()
    {
        Rethrown(t => place.Agent.Backup(new BackupOptions {
            Paths = [tree], Item = "fresh", ReportFiles = true, OnEvent = t.Event }));
        Assert.Empty(place.Agent.ListPoints("fresh"));
    }

    [Fact]
    public void A_logger()
    {
        Rethrown(t => place.Agent.Backup(new BackupOptions {
            Paths = [tree], Item = "fresh", ReportFiles = true, Logger = new BadLogger(t) }));
    }

    [Fact]
    public void Progress_of_a_restore()
    {
        Rethrown(t => place.Agent.Restore(
            new RestoreOptions { Target = place.At("back") }, t.Progress));
    }

    [Fact]
    public void Events_of_a_restore()
    {
        Rethrown(t => place.Agent.Restore(new RestoreOptions {
            Target = place.At("back"), ReportFiles = true, OnEvent = t.Event }));
    }

    [Fact]
    public void Progress_of_a_verify()
    {
        Rethrown(t => place.Agent.Verify(new VerifyOptions { ReadData = true }, t.Progress));
    }

    [Fact]
    public void Events_of_a_verify()
    {
        File.WriteAllText(Path.Combine(tree, "hello.txt"), "other");
        Rethrown(t => place.Agent.Verify(
            new VerifyOptions { AgainstDisk = true, OnEvent = t.Event }));
    }

    [Fact]
    public void Events_of_a_list()
    {
        place.Agent.Backup(Backup());
        place.Damage("/points/");
        Rethrown(t => place.Agent.ListPoints(null, t.Event));
    }

    [Fact]
    public void Events_of_a_rebuild()
    {
        place.Damage("/points/");
        Rethrown(t => place.Agent.Cache.Rebuild(t.Event));
    }

    [Fact]
    public void Progress_of_a_benchmark()
    {
        Rethrown(t => Benchmark.Run(1, 1, t.Progress));
    }

    [Fact]
    public void An_exception_of_an_asynchronous_call()
    {
        Rethrown(t => place.Agent.BackupAsync(Backup(), t.Progress).GetAwaiter().GetResult());
    }

    [Fact]
    public void A_backup_that_throws_when_its_point_is_there_still_tells_its_result()
    {
        int before = place.Points();
        var thrower = new Thrower();
        var e = Assert.Throws<FormatException>(() => place.Agent.Backup(Backup(), new AtOnce(_ => {
            if (place.Points() > before)
                thrower.Throw();
        })));
        var result = Assert.IsType<BackupResult>(e.Data[BackupResult.DataKey]);
        Assert.Equal((5L, place.Agent.ListPoints()[^1].Id), (result.Files, result.Point));
        e = Assert.Throws<FormatException>(
            () => place.Agent.Backup(Backup(), new Thrower().Progress));
        Assert.Null(e.Data[BackupResult.DataKey]);
    }

    [Fact]
    public void The_first_of_several_exceptions_wins()
    {
        var first = new Thrower();
        var later = new Thrower();
        int events = 0;
        var e = Assert.Throws<FormatException>(() => place.Agent.Backup(
            new BackupOptions {
                Paths = [tree], Item = "fresh", ReportFiles = true,
                OnEvent = x => (events++ == 0 ? first : later).Event(x),
            }, new AtOnce(_ => {
                if (events > 0)
                    later.Event(null!);
            })));
        Assert.Same(first.Thrown, e);
        Assert.Equal((1, 0), (events, later.Times));
    }

    private BackupOptions Backup()
    {
        return new BackupOptions { Paths = [tree] };
    }

    /// <summary>The very exception comes out, with the place where it was thrown; once.</summary>
    private static void Rethrown(Action<Thrower> call)
    {
        var thrower = new Thrower();
        FormatException e = Assert.Throws<FormatException>(() => call(thrower));
        Assert.Same(thrower.Thrown, e);
        Assert.Contains(nameof(Thrower), e.StackTrace!, StringComparison.Ordinal);
        Assert.Equal(1, thrower.Times);
    }

    internal sealed class Thrower
    {
        public FormatException Thrown { get; } = new("of the callback");

        public int Times { get; private set; }

        public IProgress<Progress> Progress => new AtOnce(_ => Throw());

        public void Event(MarsEvent e)
        {
            Throw();
        }

        public void Throw()
        {
            Times++;
            throw Thrown;
        }
    }

    private sealed class BadLogger(Thrower thrower) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull
        {
            return null;
        }

        public bool IsEnabled(LogLevel logLevel)
        {
            return true;
        }

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state,
            Exception? exception, Func<TState, Exception?, string> formatter)
        {
            thrower.Throw();
        }
    }
}
