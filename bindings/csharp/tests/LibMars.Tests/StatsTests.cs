using Xunit;

namespace LibMars.Tests;

public sealed class StatsTests : IDisposable
{
    private readonly Place place = Place.Ready();

    public void Dispose()
    {
        place.Dispose();
    }

    [Fact]
    public void They_count_what_the_domain_holds()
    {
        string tree = place.MakeTree();
        BackupResult first = place.Agent.Backup(new BackupOptions { Paths = [tree] });
        place.Agent.Backup(new BackupOptions { Paths = [tree], Item = "other" });
        Stats stats = place.Agent.GetStats();
        Assert.Equal((2L, 2L, 2 * first.Bytes), (stats.Points, stats.Items, stats.Bytes));
        Assert.InRange(stats.ChunkBytes, first.Bytes - 1000, first.Bytes + 100_000);
        Assert.True(stats.Objects > stats.Packs && stats.ObjectBytes > stats.PackBytes);
        Assert.True(stats.IndexObjects > 0 && stats.IndexBytes > 0 && stats.Chunks > 2);
    }

    [Fact]
    public void What_an_event_throws_comes_out()
    {
        place.Agent.Backup(new BackupOptions { Paths = [place.MakeTree()] });
        place.Damage("/points/");
        var thrower = new CallbackTests.Thrower();
        Assert.Same(thrower.Thrown,
            Assert.Throws<FormatException>(() => place.Agent.GetStats(thrower.Event)));
    }
}
