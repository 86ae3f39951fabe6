using System.Runtime.CompilerServices;
using Xunit;

namespace LibMars.Tests;

public sealed class CancelTests : IDisposable
{
    private const int Rounds = 10, Times = 100;
    private const int Most = 256 * Times; // bytes that a round may leave; the runtime needs some
    private readonly Place place = Place.Ready();

    public void Dispose()
    {
        place.Dispose();
    }

    [Fact]
    public async Task A_token_that_was_cancelled_before_starts_nothing()
    {
        using var source = new CancellationTokenSource();
        source.Cancel();
        var e = Assert.Throws<OperationCanceledException>(() => place.Agent.Backup(
            new BackupOptions { Paths = [place.MakeTree()] }, null, source.Token));
        Assert.Equal(source.Token, e.CancellationToken);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => place.Agent.BackupAsync(new BackupOptions(), null, source.Token));
    }

    [Fact]
    public async Task A_task_of_a_cancelled_call_is_cancelled()
    {
        string tree = place.MakeTree();
        using var source = new CancellationTokenSource();
        Task<BackupResult> task = place.Agent.BackupAsync(new BackupOptions { Paths = [tree] },
            new AtOnce(_ => source.Cancel()), source.Token);
        var e = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => task);
        Assert.Equal((true, source.Token), (task.IsCanceled, e.CancellationToken));
        Assert.Empty(place.Agent.ListPoints());
    }

    [Fact]
    public void Restore_verify_rebuild_and_benchmark_stop_too()
    {
        place.Agent.Backup(new BackupOptions { Paths = [place.MakeTree()] });
        Stops((p, token) => place.Agent.Restore(
            new RestoreOptions { Target = place.At("back") }, p, token));
        Stops((p, token) => place.Agent.Verify(new VerifyOptions { ReadData = true }, p, token));
        Stops((p, token) => Benchmark.Run(1, 1, p, token));
    }

    [Fact]
    public void A_thousand_cancelled_backups_leave_nothing()
    {
        string tree = place.At("tree");
        Directory.CreateDirectory(tree);
        File.WriteAllText(Path.Combine(tree, "one"), "content");
        CancelMany(tree, 50);
        Held before = Held.Now(), after = before;
        var callbacks = new List<WeakReference>();
        var native = new List<long>();
        var managed = new List<long>();
        for (int i = 0; i < Rounds; i++) {
            Held last = after;
            callbacks.AddRange(CancelMany(tree, Times));
            after = Held.Now();
            native.Add(after.Native - last.Native);
            managed.Add(after.Managed - last.Managed);
        }
        Assert.Equal(before.Handles, after.Handles);
        Assert.Equal(before.Files, after.Files);
        Assert.InRange(after.Threads, 0, before.Threads + 4);
        // Now and then the runtime takes or frees megabytes of its own: most rounds count.
        Assert.InRange(Median(native), long.MinValue, Most);
        Assert.InRange(Median(managed), long.MinValue, Most);
        Assert.DoesNotContain(callbacks, c => c.IsAlive);
        place.Agent.Backup(new BackupOptions { Paths = [tree] });
    }

    private static long Median(List<long> values)
    {
        values.Sort();
        return values[values.Count / 2];
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private List<WeakReference> CancelMany(string tree, int times)
    {
        var callbacks = new List<WeakReference>();
        int cancelled = 0;
        while (cancelled < times) {
            using var source = new CancellationTokenSource();
            bool elsewhere = callbacks.Count % 3 == 0;
            var progress = new AtOnce(_ => {
                if (elsewhere)
                    Task.Run(source.Cancel).Wait();
                else
                    source.Cancel();
            });
            callbacks.Add(new WeakReference(progress));
            try {
                place.Agent.Backup(new BackupOptions { Paths = [tree] }, progress, source.Token);
            } catch (OperationCanceledException e) {
                Assert.Equal(source.Token, e.CancellationToken);
                cancelled++;
            }
        }
        // On a busy machine a few are through before the first progress is told.
        Assert.InRange(callbacks.Count, times, times + times / 10);
        return callbacks;
    }

    private static void Stops(Action<IProgress<Progress>, CancellationToken> call)
    {
        using var source = new CancellationTokenSource();
        var e = Assert.Throws<OperationCanceledException>(
            () => call(new AtOnce(_ => source.Cancel()), source.Token));
        Assert.Equal(source.Token, e.CancellationToken);
    }

    /// <summary>What this process holds, after the collector has been through.</summary>
    private sealed record Held(int Handles, int Files, int Threads, long Native, long Managed)
    {
        internal static Held Now()
        {
            for (int i = 0; i < 3; i++) {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
            return new Held(
                MarsHandle.Alive, Directory.GetFileSystemEntries("/proc/self/fd").Length,
                Directory.GetDirectories("/proc/self/task").Length, Mallinfo2.Live(),
                GC.GetTotalMemory(true));
        }
    }
}
