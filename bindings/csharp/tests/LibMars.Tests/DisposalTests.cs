using System.Runtime.CompilerServices;
using Xunit;

namespace LibMars.Tests;

/// <summary>Handles may be disposed of, or forgotten, in any order.</summary>
public sealed class DisposalTests : IDisposable
{
    private readonly Place place = Place.Ready();
    private readonly int before;

    public DisposalTests()
    {
        place.Agent.Backup(new BackupOptions { Paths = [place.MakeTree()] });
        place.Agent.Dispose();
        Collect();
        before = MarsHandle.Alive;
    }

    public void Dispose()
    {
        Collect();
        Assert.Equal(before, MarsHandle.Alive);
        place.Dispose();
    }

    [Fact]
    public void In_every_order()
    {
        int[] order = [0, 1, 2, 3, 4];
        foreach (int[] way in Permutations(order)) {
            IDisposable[] all = OpenAll();
            foreach (int i in way)
                all[i].Dispose();
            foreach (IDisposable one in all)
                one.Dispose();
        }
    }

    [Fact]
    public void By_the_collector()
    {
        Forget();
        Collect();
        Assert.Equal(before, MarsHandle.Alive);
        using Agent agent = Agent.Open(place.At("machine"));
        using Session session = agent.BeginSession(); // its lock is free again
        Assert.Single(agent.ListPoints());
    }

    [Fact]
    public void A_session_outlives_its_agent()
    {
        Agent agent = Agent.Open(place.At("machine"));
        using Session session = agent.BeginSession(new SessionOptions { Item = "late" });
        agent.Dispose();
        Assert.Throws<ObjectDisposedException>(() => agent.BeginSession());
        SessionTests.Write(session, "one", [1, 2, 3]);
        Assert.Equal(3, session.Commit().Bytes);
    }

    [Fact]
    public void A_file_outlives_its_point_and_agent()
    {
        Agent agent = Agent.Open(place.At("machine"));
        RecoveryPoint point = agent.OpenPoint("latest", "files");
        Stream file = point.OpenRead(place.At("tree", "hello.txt"));
        agent.Dispose();
        Assert.NotEmpty(point.List());
        point.Dispose();
        Assert.Throws<ObjectDisposedException>(() => point.List());
        using var reader = new StreamReader(file);
        Assert.Equal("hello, world\n", reader.ReadToEnd());
    }

    [Fact]
    public async Task An_agent_is_disposed_of_while_calls_run()
    {
        Agent agent = Agent.Open(place.At("machine"));
        using var started = new ManualResetEventSlim();
        using var disposed = new ManualResetEventSlim();
        Task<BackupResult> running = agent.BackupAsync(
            new BackupOptions { Paths = [place.At("tree")] }, new AtOnce(_ => {
                started.Set();
                disposed.Wait();
            }));
        started.Wait();
        agent.Dispose();
        disposed.Set();
        Assert.Equal(5, (await running).Files);
    }

    private IDisposable[] OpenAll()
    {
        Agent agent = Agent.Open(place.At("machine"));
        RecoveryPoint point = agent.OpenPoint("latest", "files");
        Stream file = point.OpenRead(place.At("tree", "large"));
        Assert.Equal(10, file.Read(new byte[10]));
        Session session = agent.BeginSession(new SessionOptions { Item = "streams" });
        BackupStream stream = session.OpenStream("one");
        stream.Write([1]);
        return [agent, point, file, session, stream];
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Forget()
    {
        Assert.NotEmpty(OpenAll());
    }

    private static void Collect()
    {
        for (int i = 0; i < 3; i++) {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }

    private static IEnumerable<int[]> Permutations(int[] items)
    {
        if (items.Length == 0)
            return [[]];
        return items.SelectMany(first => Permutations([.. items.Where(i => i != first)])
            .Select(rest => (int[])[first, .. rest]));
    }
}
