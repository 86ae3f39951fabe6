using Xunit;

namespace LibMars.Tests;

/// <summary>Back up twice, verify, restore, compare: on every kind of vault.</summary>
internal static class MainJob
{
    internal static void Run(Place place)
    {
        string tree = place.MakeTree();
        File.WriteAllText(Path.Combine(tree, "left.tmp"), "out");
        var phases = new List<Progress>();
        var options = new BackupOptions { Paths = [tree], Excludes = ["*.tmp"], Item = "things" };
        BackupResult first = place.Agent.Backup(options, new AtOnce(phases.Add));
        Assert.Equal((5L, 3L, 0L, 0L),
            (first.Files, first.Directories, first.FilesUnchanged, first.FilesSkipped));
        Assert.True(first.BytesNew >= 3_000_000 && first.BytesAdded > 0);
        Assert.True(first.Elapsed > TimeSpan.Zero);
        Assert.Contains(phases, p => p.Phase == ProgressPhase.Commit);
        Assert.Equal(3_000_020L, phases[^1].BytesDone);

        BackupResult second = place.Agent.BackupAsync(options).Result;
        Assert.Equal((5L, 0L), (second.FilesUnchanged, second.BytesNew));
        IReadOnlyList<PointInfo> points = place.Agent.ListPoints("things");
        Assert.Equal([first.Point, second.Point], points.Select(p => p.Id));
        Assert.Equal(tree, Assert.Single(points[1].Roots));
        Assert.Equal((false, true), (points[0].IsHead, points[1].IsHead));
        Assert.Empty(place.Agent.ListPoints("nothing"));

        VerifyResult verified = place.Agent.VerifyAsync(
            new VerifyOptions { ReadData = true }).Result;
        Assert.Equal((2L, 0L), (verified.Points, verified.ObjectsDamaged));
        Assert.Equal(verified.PackBytes, verified.PackBytesRead);

        RestoreResult restored = place.Agent.RestoreAsync(
            new RestoreOptions { Target = place.At("back") }).Result;
        Assert.Equal((5L, 0L), (restored.FilesRestored, restored.FilesFailed));
        File.Delete(Path.Combine(tree, "left.tmp"));
        Same(tree, place.At("back") + tree);

        restored = place.Agent.Restore(new RestoreOptions {
            Target = place.At("part"), Paths = [Path.Combine(tree, "sub")],
        });
        Assert.Equal(2, restored.FilesRestored);
        Same(Path.Combine(tree, "sub"), place.At("part") + Path.Combine(tree, "sub"));
    }

    /// <summary>Two trees have the same names with the same content.</summary>
    internal static void Same(string one, string other)
    {
        string[] names = Names(one);
        Assert.Equal(names, Names(other));
        foreach (string name in names) {
            string a = Path.Combine(one, name), b = Path.Combine(other, name);
            Assert.Equal(new FileInfo(a).LinkTarget, new FileInfo(b).LinkTarget);
            if (!Directory.Exists(a))
                Assert.Equal(File.ReadAllBytes(a), File.ReadAllBytes(b));
        }
    }

    private static string[] Names(string top)
    {
        return [.. Directory.EnumerateFileSystemEntries(top, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(top, path)).Order()];
    }
}
