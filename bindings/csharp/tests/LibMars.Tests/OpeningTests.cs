using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Xunit;

namespace LibMars.Tests;

/// <summary>Keys that the program keeps, the library's log, and opening that is stopped.</summary>
public sealed class OpeningTests : IDisposable
{
    private readonly Place place = new();

    public void Dispose()
    {
        place.Dispose();
    }

    [Fact]
    public void A_domain_can_have_a_wrapper_only()
    {
        place.Agent.Dispose();
        using (Agent agent = Agent.Register(place.At("hsm"), place.Credentials, default,
            new RegisterOptions { Name = "hsm", Wrapper = new Service(7) }))
            Assert.Equal([KeyKind.Wrapper], agent.Keys.List().Select(k => k.Kind));
        Recover("hsm", new Service(7)).Dispose();
        Assert.Equal(MarsStatus.Key,
            Assert.Throws<MarsException>(() => Recover("hsm", new Service(8))).Status);
        Assert.Throws<TimeoutException>(() => Recover("hsm", new Service(7) { Away = true }));
        Assert.Equal(MarsStatus.InvalidArgument,
            Assert.Throws<MarsException>(() => Recover("hsm", null)).Status);
    }

    [Fact]
    public void Slots_are_of_both_kinds()
    {
        KeySlots keys = place.Agent.Keys;
        string id = keys.Add(Place.Passphrase, new MarsKey(new Service(7)), "hsm");
        Assert.Equal(id, keys.List()[1].Id);
        keys.Change(new MarsKey(new Service(7)), new MarsKey(new Service(9)));
        Recover("machine", new Service(9)).Dispose();
        keys.Remove(new MarsKey(new Service(9)), keys.List()[0].Id);
        Assert.Equal(MarsStatus.State, Assert.Throws<MarsException>(
            () => keys.Remove(new MarsKey(new Service(9)), keys.List()[0].Id)).Status);
        Assert.Throws<TimeoutException>(
            () => keys.Add(new MarsKey(new Service(9) { Away = true }), Place.Passphrase));
    }

    [Fact]
    public void A_logger_is_told_until_the_last_point_is_closed()
    {
        place.Agent.Dispose();
        var lines = new Lines();
        Agent agent = Agent.Open(place.At("machine"), new AgentOptions { Logger = lines });
        string id = agent.Backup(new BackupOptions { Paths = [place.MakeTree()] }).Point!;
        RecoveryPoint point = agent.OpenPoint(id);
        agent.Dispose();
        Collect();
        point.Dispose();
        Assert.Contains(lines.Told, l => l.StartsWith("Information session: lease/" + id,
            StringComparison.Ordinal));
        Assert.Contains(lines.Told, l => l.StartsWith("Information backup: ",
            StringComparison.Ordinal));
    }

    [Fact]
    public void A_logger_is_told_of_what_a_point_or_file_meets_without_its_agent()
    {
        place.Agent.Dispose();
        string large = Path.Combine(place.MakeTree(), "large");
        var lines = new Lines();
        Agent agent = Agent.Open(place.At("machine"), new AgentOptions { Logger = lines });
        agent.Backup(new BackupOptions { Paths = [large] });
        using RecoveryPoint point = agent.OpenPoint();
        using Stream file = point.OpenRead(large);
        agent.Dispose();
        Collect();
        place.Damage("/packs/");
        int before = lines.Told.Count;
        Assert.Throws<MarsCorruptException>(() => point.CopyTo(large, Stream.Null));
        int between = lines.Told.Count;
        point.Dispose();
        Collect();
        Assert.Throws<MarsCorruptException>(() => file.ReadByte());
        Assert.All([lines.Told[before], lines.Told[between]], l => Assert.StartsWith(
            "Warning domain: ", l, StringComparison.Ordinal));
    }

    [Fact]
    public void Nothing_is_left_of_a_key_that_is_refused()
    {
        Assert.NotNull(place.Agent);
        Collect();
        int before = MarsHandle.Alive;
        Assert.Throws<ArgumentException>(
            () => place.Agent.Keys.Add(Place.Passphrase, "another\0passphrase"));
        Assert.ThrowsAny<ArgumentException>(
            () => place.Agent.Keys.Change(Place.Passphrase, "another passphrase \ud800"));
        Assert.Equal(before, MarsHandle.Alive);
    }

    [Fact]
    public void A_logger_that_throws_stops_nothing()
    {
        place.Agent.Dispose();
        using Agent agent = Agent.Open(place.At("machine"),
            new AgentOptions { Logger = new Lines { Throws = true } });
        var options = new BackupOptions { Paths = [place.MakeTree()] };
        Assert.Equal(0, agent.Backup(options).FilesSkipped);
    }

    [Fact]
    public void Opening_stops_with_its_token()
    {
        place.Agent.Dispose();
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        // Whether it was edited is looked at when the vault has answered.
        File.WriteAllText(place.At("edited"), File.ReadAllText(place.Credentials)
            .Replace(place.Url, "azblob://account/container", StringComparison.Ordinal)
            + $"store.endpoint: http://{silent.LocalEndpoint}/account\nstore.account_key: a2V5\n");
        using var source = new CancellationTokenSource(500);
        var clock = Stopwatch.StartNew();
        Assert.Throws<OperationCanceledException>(
            () => Agent.Recover(place.At("edited"), Place.Passphrase, null, source.Token));
        Assert.InRange(clock.Elapsed.TotalSeconds, 0.4, 4);
    }

    private Agent Recover(string machine, IKeyWrapper? wrapper)
    {
        return Agent.Recover(place.Credentials, default,
            new RecoverOptions { Machine = machine, Wrapper = wrapper });
    }

    private static void Collect()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
    }

    private sealed class Service(byte key) : IKeyWrapper
    {
        public bool Away { get; init; }

        public byte[] Wrap(ReadOnlySpan<byte> secret)
        {
            return [key, .. secret.ToArray().Select(b => (byte)(b ^ key))];
        }

        public bool Unwrap(ReadOnlySpan<byte> blob, Span<byte> secret)
        {
            if (Away)
                throw new TimeoutException("no connection to the module");
            for (int i = 0; i < secret.Length; i++)
                secret[i] = (byte)(blob[i + 1] ^ key);
            return blob[0] == key;
        }
    }

    private sealed class Lines : ILogger
    {
        private readonly List<string> told = [];

        public bool Throws { get; init; }

        public IReadOnlyList<string> Told
        {
            get {
                lock (told)
                    return [.. told];
            }
        }

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull
        {
            return null;
        }

        public bool IsEnabled(LogLevel logLevel)
        {
            return logLevel >= LogLevel.Information;
        }

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state,
            Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (Throws)
                throw new InvalidOperationException("from the logger");
            lock (told)
                told.Add($"{logLevel} {formatter(state, exception)}");
        }
    }
}
