using Microsoft.Extensions.Logging;
using Xunit;

namespace LibMars.Tests;

public sealed class VerbTests : IDisposable
{
    private readonly Place place = new();

    public void Dispose()
    {
        place.Dispose();
    }

    [Fact]
    public void A_directory_comes_back_as_it_was()
    {
        MainJob.Run(place);
    }

    [AzureFact]
    public void A_directory_comes_back_from_azure()
    {
        using var azure = new AzurePlace();
        MainJob.Run(azure);
    }

    [Fact]
    public void A_vault_tells_of_itself_and_its_machines()
    {
        using Agent other = place.Register("other");
        AgentInfo agent = other.GetInfo();
        VaultInfo vault = Vault.Show(place.Url);
        Machine machine = Assert.Single(vault.Machines);
        Assert.Equal(("other", agent.MachineId, agent.DomainId),
            (machine.Name, machine.Id, machine.Domain));
        Assert.Equal(("none", 14, true),
            (vault.Redundancy, vault.SoftDeleteDays, vault.PutIfAbsent));
        Assert.Equal(DateTimeOffset.UtcNow, vault.Created, TimeSpan.FromMinutes(10));
        Assert.Equal((false, place.Url, (MarsPath)place.At("other", "cache")),
            (agent.ReadOnly, agent.VaultUrl, agent.CacheDir));
    }

    [Fact]
    public void Failures_say_what_to_do()
    {
        place.Agent.Dispose();
        Assert.Equal(MarsStatus.Exists, Fails(() => Vault.Create(place.Url)).Status);
        Assert.Equal(MarsStatus.NotFound,
            Fails(() => Vault.Show("file://" + place.At("none"))).Status);
        Assert.Equal(MarsStatus.State, Fails(() => Agent.Open(place.At("none"))).Status);
        Assert.Equal(MarsStatus.InvalidArgument,
            Fails(() => Agent.Register(place.At("new"), place.Credentials, "too short")).Status);
        Assert.Equal(MarsStatus.Key, Fails(() => Agent.Register(
            place.At("new"), place.Credentials, "not the passphrase",
            new RegisterOptions { Name = "machine" })).Status);
        MarsException none = Fails(
            () => Agent.Register(place.At("new"), place.At("none"), Place.Passphrase));
        Assert.Contains(place.At("none"), none.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentNullException>(() => Agent.Open(null));
        Assert.Throws<ArgumentException>(() => Agent.Open("a\0b"));
        Assert.Throws<ObjectDisposedException>(() => place.Agent.GetInfo());
    }

    [Fact]
    public void Texts_may_be_empty()
    {
        string tree = place.MakeTree();
        Assert.Equal(5, place.Agent.Backup(
            new BackupOptions { Paths = [tree], Excludes = ["*.tmp", "", "*.bak"] }).Files);
        Assert.Equal(MarsStatus.InvalidArgument, Fails(() => place.Agent.OpenPoint("")).Status);
        place.Agent.Keys.Add(Place.Passphrase, "another passphrase", "");
        Assert.Equal(["", ""], place.Agent.Keys.List().Select(k => k.Label));
    }

    [Fact]
    public void Unknown_codes_are_told_as_they_are()
    {
        MarsException e = Newer();
        Assert.Equal((typeof(MarsException), -99), (e.GetType(), (int)e.Status));

        static unsafe MarsException Newer()
        {
            mars_error err = new();
            return MarsException.From(-99, &err);
        }
    }

    [Fact]
    public void Skips_and_warnings_go_to_the_logger_too()
    {
        string tree = place.MakeTree();
        using var socket = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix,
            System.Net.Sockets.SocketType.Stream, 0);
        socket.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint(Path.Combine(tree, "socket")));
        var logger = new Lines();
        var events = new List<MarsEvent>();
        BackupResult result = place.Agent.Backup(new BackupOptions {
            Paths = [tree], ReportFiles = true, Logger = logger, OnEvent = events.Add,
        });
        MarsEvent skipped = Assert.Single(events, e => e.Kind == MarsEventKind.Skipped);
        Assert.Equal((SkipReason.Socket, (MarsPath)Path.Combine(tree, "socket"), 1L),
            (skipped.Reason, skipped.Path, result.FilesSkipped));
        Assert.Contains(logger.Told, l => l.Level == LogLevel.Warning
            && l.Text.Contains("socket", StringComparison.Ordinal));
        Assert.Equal(events.Count(e => e.Kind == MarsEventKind.File),
            logger.Told.Count(l => l.Level == LogLevel.Debug));
    }

    [Fact]
    public void A_lost_machine_is_recovered_read_only()
    {
        string tree = place.MakeTree();
        BackupResult made = place.Agent.Backup(new BackupOptions { Paths = [tree] });
        using Agent agent = Agent.Recover(place.Credentials, Place.Passphrase.ToCharArray());
        Assert.True(agent.GetInfo().ReadOnly);
        Assert.Equal(made.Point, Assert.Single(agent.ListPoints()).Id);
        Assert.Equal(MarsStatus.State,
            Fails(() => agent.Backup(new BackupOptions { Paths = [tree] })).Status);
        agent.Restore(new RestoreOptions { Target = place.At("back") });
        MainJob.Same(tree, place.At("back") + tree);
    }

    [Fact]
    public void Verify_names_damage_and_still_tells_its_figures()
    {
        string tree = place.MakeTree();
        place.Agent.Backup(new BackupOptions { Paths = [tree] });
        place.Damage("/packs/data/");
        var events = new List<MarsEvent>();
        var e = Assert.Throws<MarsCorruptException>(() => place.Agent.Verify(
            new VerifyOptions { ReadData = true, OnEvent = events.Add }));
        Assert.Equal(1, e.Verify!.ObjectsDamaged);
        Assert.Contains(events, x => x.Kind == MarsEventKind.Damaged && x.ObjectName != null);
        Assert.Contains(events, x => x.Kind == MarsEventKind.FileLost && !x.Path.IsNone);
        var lost = Assert.Throws<MarsCorruptException>(() => place.Agent.Restore(
            new RestoreOptions { Target = place.At("back") }));
        Assert.True(lost.Restore!.FilesFailed > 0);
    }

    [Fact]
    public void Verify_tells_differences_to_the_disk()
    {
        string tree = place.MakeTree();
        place.Agent.Backup(new BackupOptions { Paths = [tree] });
        File.AppendAllText(Path.Combine(tree, "hello.txt"), "more");
        var events = new List<MarsEvent>();
        VerifyResult result = place.Agent.Verify(
            new VerifyOptions { AgainstDisk = true, OnEvent = events.Add });
        Assert.Equal(events.Count, result.Differences);
        Assert.Contains(events, e => e.Kind == MarsEventKind.Different
            && e.Path == Path.Combine(tree, "hello.txt"));
    }

    [Fact]
    public void Keys_are_added_changed_and_removed()
    {
        KeySlots keys = place.Agent.Keys;
        string id = keys.Add(Place.Passphrase, "another passphrase", "spare");
        KeySlot slot = Assert.Single(keys.List(), k => k.Id == id);
        Assert.Equal(("spare", KeyKind.Passphrase), (slot.Label, slot.Kind));
        keys.Change("another passphrase", "a third passphrase");
        Assert.Equal(MarsStatus.Key,
            Fails(() => keys.Add("another passphrase", "one more passphrase")).Status);
        slot = Assert.Single(keys.List(), k => k.Label == "spare");
        keys.Remove(Place.Passphrase, slot.Id);
        KeySlot last = Assert.Single(keys.List());
        Assert.Equal(MarsStatus.State, Fails(() => keys.Remove(Place.Passphrase, last.Id)).Status);
    }

    [Fact]
    public void The_cache_is_looked_at_set_cleared_rebuilt_and_moved()
    {
        Cache cache = place.Agent.Cache;
        place.Agent.Backup(new BackupOptions { Paths = [place.MakeTree()] });
        cache.Set(new CacheSettings { Quota = 100 << 20, WarnPermille = 60, RefusePermille = 2 });
        CacheInfo info = cache.GetStatus();
        Assert.Equal((CacheState.Ready, "", 100L << 20, 60, 2),
            (info.State, info.Problem, info.Quota, info.WarnPermille, info.RefusePermille));
        Assert.True(info.BytesRuns > 0 && info.BytesFree > 0);
        cache.Clear();
        Assert.Equal(0, cache.GetStatus().BytesRuns);
        cache.Rebuild();
        Assert.True(cache.GetStatus().BytesRuns > 0);
        cache.Move(place.At("elsewhere"));
        Assert.Equal(place.At("elsewhere"), cache.GetStatus().Path);
    }

    [Fact]
    public void Newer_credentials_take_the_place_of_old_ones()
    {
        place.Agent.Dispose();
        Vault.IssueCredentials(place.Url, place.At("newer"),
            new CredentialsOptions { AccessDays = 30 });
        Agent.RenewCredentials(place.At("machine"), place.At("newer"));
        Assert.Throws<OperationCanceledException>(() => Agent.RenewCredentials(
            place.At("machine"), place.At("newer"), null, null, new CancellationToken(true)));
        Assert.Equal(MarsStatus.State,
            Fails(() => Agent.RenewCredentials(place.At("nowhere"), place.At("newer"))).Status);
        using Agent agent = Agent.Open(place.At("machine"),
            new AgentOptions { Workers = 1, BufferBytes = 32 << 20 });
        Assert.Equal("machine", agent.GetInfo().MachineName);
        Assert.NotEqual(MarsStatus.Ok,
            Fails(() => Agent.RenewCredentials(place.At("machine"), place.At("none"))).Status);
    }

    [Fact]
    public void The_machine_is_measured()
    {
        var phases = 0;
        IReadOnlyList<BenchmarkFigure> figures = Benchmark.Run(1, 1, new AtOnce(_ => phases++));
        Assert.True(phases > 0);
        foreach (BenchmarkWork work in Enum.GetValues<BenchmarkWork>())
            Assert.Contains(figures, f => f.Work == work && f.OneCore > 0 && f.AllCores > 0);
        Assert.All(figures, f => Assert.Equal(
            f.Work is BenchmarkWork.Pack or BenchmarkWork.Unpack, f.Codec != null));
    }

    private static MarsException Fails(Func<object?> call)
    {
        return Assert.ThrowsAny<MarsException>(call);
    }

    private static MarsException Fails(Action call)
    {
        return Assert.ThrowsAny<MarsException>(call);
    }

    private sealed class Lines : ILogger
    {
        public List<(LogLevel Level, string Text)> Told { get; } = [];

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
            Told.Add((logLevel, formatter(state, exception)));
        }
    }
}
