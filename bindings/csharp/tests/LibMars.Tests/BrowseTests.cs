using System.Text;
using Xunit;

namespace LibMars.Tests;

public sealed class BrowseTests : IDisposable
{
    private readonly Place place = Place.Ready();
    private readonly string tree;

    public BrowseTests()
    {
        tree = place.MakeTree();
        place.Agent.Backup(new BackupOptions { Paths = [tree] });
    }

    public void Dispose()
    {
        place.Dispose();
    }

    [Fact]
    public void A_point_is_looked_into()
    {
        Look(place, tree);
    }

    [AzureFact]
    public void A_point_in_azure_is_looked_into()
    {
        using var azure = new AzurePlace();
        string there = azure.MakeTree();
        azure.Agent.Backup(new BackupOptions { Paths = [there] });
        Look(azure, there);
    }

    [Fact]
    public void Points_are_opened_by_id_prefix_or_latest()
    {
        PointInfo info = Assert.Single(place.Agent.ListPoints());
        Assert.Equal(info.Id, Assert.Single(place.Agent.ListPoints(allMachines: true)).Id);
        Assert.Equal(place.Agent.GetInfo().MachineId, info.MachineId);
        foreach (string name in (string[])[info.Id, info.Id[..8], "latest"]) {
            using RecoveryPoint point = place.Agent.OpenPoint(name, "files");
            Assert.Equal(info.Id, point.GetInfo().Id);
        }
        Assert.Equal(MarsStatus.NotFound,
            Assert.Throws<MarsException>(() => place.Agent.OpenPoint("latest", "other")).Status);
        using RecoveryPoint latest = place.Agent.OpenPoint();
        Assert.Equal(MarsStatus.NotFound,
            Assert.Throws<MarsException>(() => latest.Stat("/none")).Status);
        Assert.Equal(MarsStatus.NotFound,
            Assert.Throws<MarsException>(() => latest.OpenRead("/none")).Status);
    }

    [Fact]
    public void A_walk_ends_when_the_visitor_has_enough()
    {
        using RecoveryPoint point = place.Agent.OpenPoint();
        int seen = 0;
        point.Walk(tree, _ => ++seen < 3);
        Assert.Equal(3, seen);
        Assert.NotEmpty(point.List(tree));
    }

    [Fact]
    public void What_a_visitor_or_a_destination_throws_comes_out()
    {
        using RecoveryPoint point = place.Agent.OpenPoint();
        var thrower = new CallbackTests.Thrower();
        Assert.Same(thrower.Thrown, Assert.Throws<FormatException>(() => point.Walk(default, _ => {
            thrower.Throw();
            return true;
        })));
        using var full = new MemoryStream(new byte[10], true);
        Assert.Throws<NotSupportedException>(() => point.CopyTo(Path.Combine(tree, "large"), full));
        Assert.Throws<InvalidOperationException>(
            () => point.Walk(default, _ => point.List().Count > 0));
        Assert.NotEmpty(point.List(tree));
    }

    [Fact]
    public void A_copy_is_cancelled()
    {
        using RecoveryPoint point = place.Agent.OpenPoint();
        using var source = new CancellationTokenSource();
        using var stream = new Tripwire(source.Cancel);
        var e = Assert.Throws<OperationCanceledException>(
            () => point.CopyTo(Path.Combine(tree, "large"), stream, source.Token));
        Assert.Equal(source.Token, e.CancellationToken);
    }

    [Fact]
    public void Two_points_differ_where_the_files_do()
    {
        using RecoveryPoint before = place.Agent.OpenPoint();
        File.WriteAllText(Path.Combine(tree, "hello.txt"), "other");
        File.WriteAllText(Path.Combine(tree, "new"), "new");
        File.Delete(Path.Combine(tree, "sub", "none"));
        File.SetUnixFileMode(Path.Combine(tree, "large"), UnixFileMode.UserRead);
        File.Delete(Path.Combine(tree, "link"));
        Directory.CreateDirectory(Path.Combine(tree, "link"));
        place.Agent.Backup(new BackupOptions { Paths = [tree] });
        using RecoveryPoint after = place.Agent.OpenPoint();
        IEnumerable<string> found = before.Diff(after)
            .Select(d => (d.Change, (d.After ?? d.Before!).Path))
            .Where(d => d.Path != tree && d.Path != Path.Combine(tree, "sub"))
            .Select(d => $"{d.Change} {Path.GetRelativePath(tree, d.Path.ToString())}");
        string[] expected = [
            "Added new", "Content hello.txt", "Metadata large", "Removed sub/none", "Type link"];
        Assert.Equal(expected, found.Order(StringComparer.Ordinal));
        Assert.Empty(after.Diff(after));
        Difference removed = before.Diff(after, Path.Combine(tree, "sub"))
            .Single(d => d.Change == Change.Removed);
        Assert.Null(removed.After);
    }

    [Fact]
    public void Names_that_are_not_utf8_go_in_and_come_out_as_they_are()
    {
        byte[] name = [.. Encoding.UTF8.GetBytes(tree + "/caf"), 0xe9, 0xff];
        Place.WriteFile(name, "bytes");
        var path = new MarsPath(name);
        Assert.Equal((false, true), (path.IsUtf8, new MarsPath("é").IsUtf8));
        place.Agent.Backup(new BackupOptions { Paths = [path], Item = "bytes" });
        using RecoveryPoint point = place.Agent.OpenPoint("latest", "bytes");
        Assert.Equal(path, Assert.Single(point.GetInfo().Roots));
        Entry entry = Assert.Single(point.List(path));
        Assert.Equal((path, tree + "/caf\ufffd\ufffd"), (entry.Path, entry.Path.ToString()));
        using var reader = new StreamReader(point.OpenRead(entry.Path));
        Assert.Equal("bytes", reader.ReadToEnd());
        Assert.Equal(1, place.Agent.Restore(new RestoreOptions {
            Target = place.At("back"), Item = "bytes", Paths = [path] }).FilesRestored);
        Assert.Throws<EncoderFallbackException>(() => new MarsPath("\ud800"));
    }

    [Fact]
    public void A_file_is_read_at_any_place_and_by_several_threads()
    {
        string large = Path.Combine(tree, "large");
        byte[] expected = File.ReadAllBytes(large);
        using RecoveryPoint point = place.Agent.OpenPoint();
        using Stream stream = point.OpenRead(large);
        Assert.Equal((true, true, false, 3_000_000L),
            (stream.CanRead, stream.CanSeek, stream.CanWrite, stream.Length));
        var piece = new byte[1000];
        foreach (long at in (long[])[0, 1_234_567, 2_999_500, 999_999]) {
            stream.Position = at;
            int got = stream.ReadAtLeast(piece, piece.Length, throwOnEndOfStream: false);
            Assert.Equal(expected.AsSpan((int)at, Math.Min(1000, 3_000_000 - (int)at)),
                piece.AsSpan(0, got));
        }
        Assert.Equal(2_999_990, stream.Seek(-10, SeekOrigin.End));
        Assert.Equal(3_000_000, stream.Seek(10, SeekOrigin.Current));
        Assert.Equal(0, stream.Read(piece));
        Assert.Equal(5_000_000, stream.Seek(5_000_000, SeekOrigin.Begin));
        Assert.Equal(0, stream.Read(piece));
        Assert.Throws<IOException>(() => stream.Seek(-1, SeekOrigin.Begin));
        Assert.Throws<NotSupportedException>(() => stream.WriteByte(1));
        Parallel.For(0, 8, _ => {
            Stream own;
            lock (point)
                own = point.OpenRead(large);
            using (own) {
                var copy = new MemoryStream();
                own.CopyTo(copy);
                Assert.True(copy.ToArray().AsSpan().SequenceEqual(expected));
            }
        });
    }

    private static void Look(Place place, string tree)
    {
        using RecoveryPoint point = place.Agent.OpenPoint();
        Assert.Equal(tree, Assert.Single(point.GetInfo().Roots));
        Assert.Equal(tree, Assert.Single(point.List()).Path);
        Assert.Equal(["hello.txt", "large", "link", "sub"],
            point.List(tree).Select(e => Path.GetFileName(e.Path.ToString())).Order());
        var all = new List<Entry>();
        point.Walk(tree, entry => {
            all.Add(entry);
            return true;
        });
        Assert.Equal(7, all.Count(e => e.Path != tree));

        Entry file = point.Stat(Path.Combine(tree, "hello.txt"));
        var disk = new FileInfo(Path.Combine(tree, "hello.txt"));
        DateTimeOffset written = disk.LastWriteTimeUtc;
        Assert.Equal((EntryType.File, 13L, disk.UnixFileMode, written),
            (file.Type, file.Size, file.Mode, file.Modified));
        Assert.True(file.LinkTarget.IsNone && !file.Incomplete && !file.Changed);
        Entry link = point.Stat(Path.Combine(tree, "link"));
        Assert.Equal((EntryType.SymbolicLink, (MarsPath)"hello.txt"), (link.Type, link.LinkTarget));

        Assert.Equal([Path.Combine(tree, "hello.txt"), Path.Combine(tree, "sub", "grüße.txt")],
            point.Find("*.txt").Select(e => e.Path.ToString()).Order(StringComparer.Ordinal));
        Assert.Empty(point.Find("*.none"));

        var copy = new MemoryStream();
        point.CopyTo(Path.Combine(tree, "large"), copy);
        Assert.Equal(File.ReadAllBytes(Path.Combine(tree, "large")), copy.ToArray());
        using var reader = new StreamReader(point.OpenRead(Path.Combine(tree, "sub", "grüße.txt")));
        Assert.Equal("Grüße", reader.ReadToEndAsync().Result);
    }

    private sealed class Tripwire(Action touched) : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer)
        {
            touched();
        }
    }
}
