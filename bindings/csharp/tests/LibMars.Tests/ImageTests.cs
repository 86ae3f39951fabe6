using Xunit;

namespace LibMars.Tests;

public sealed class ImageTests : IDisposable
{
    private const int Block = 256 << 10;
    private readonly Place place = Place.Ready();
    private readonly byte[] disk = Place.Noise(40 * Block + 1000, 3);
    private readonly List<ulong> read = [];

    public void Dispose()
    {
        place.Dispose();
    }

    [Fact]
    public void Only_what_changed_is_read()
    {
        string first = Add(Image()).Point!;
        Assert.Equal(41, read.Count);
        read.Clear();
        disk[7 * Block + 5] ^= 1;
        disk[^1] ^= 1;
        string? asked = null, told = null;
        int times = 0;
        BackupResult second = Add(Image(
            (since, offset) => {
                told = since;
                return offset < 8 * Block ? (7 * Block + 5, 7 * Block + 6)
                    : offset < 40 * Block + 1000 ? (40 * Block + 999, 40 * Block + 1000) : null;
            },
            since => {
                asked = since;
                times++;
                return true;
            }));
        Assert.Equal([7 * Block, 40 * Block], read);
        Assert.Equal((first, first, 1), (asked, told, times));
        Assert.Equal(disk.Length, second.Bytes);
        AssertSame("disk", disk);
        read.Clear();
        Add(Image((_, _) => null));
        Assert.Equal([40 * Block], read);
        AssertSame("disk", disk);
    }

    [Fact]
    public void All_is_read_where_changes_are_not_known()
    {
        Add(Image());
        read.Clear();
        disk[7 * Block] ^= 1;
        int times = 0;
        Add(Image((_, _) => throw new InvalidOperationException("nobody asks"),
            _ => times++ > 0));
        Assert.Equal((41, 1), (read.Count, times));
        AssertSame("disk", disk);
    }

    [Fact]
    public void Holes_are_not_read()
    {
        disk.AsSpan(..(3 * Block)).Clear();
        disk.AsSpan(4 * Block).Clear();
        Add(new ImageOptions {
            Name = "disk", Size = (ulong)disk.Length, Read = Read,
            Data = offset => offset < 4 * Block ? (3 * Block, 4 * Block) : null,
        });
        Assert.Equal([3 * Block], read);
        AssertSame("disk", disk);
    }

    [Fact]
    public void A_file_is_read_by_its_path()
    {
        string path = place.At("image");
        File.WriteAllBytes(path, disk);
        Add(new ImageOptions { Name = "file", Path = path });
        AssertSame("file", disk);
        disk[9 * Block] ^= 1;
        File.WriteAllBytes(path, disk);
        BackupResult second = Add(new ImageOptions {
            Name = "file", Path = path,
            Changed = (_, offset) => offset <= 9 * Block ? (9 * Block, 9 * Block + 1) : null,
        });
        Assert.Equal(Block + 1000, second.BytesRead);
        AssertSame("file", disk);
    }

    [Fact]
    public void What_a_function_throws_leaves_the_session_usable()
    {
        Add(Image());
        using Session session = place.Agent.BeginSession(new SessionOptions { Item = "disks" });
        Rethrown(session, t => new ImageOptions {
            Name = "disk", Size = Block, Read = (_, _) => t.Throw() });
        Rethrown(session, t => new ImageOptions {
            Name = "disk", Size = Block, Read = Read, Data = _ => Throw(t) });
        Rethrown(session, t => Image((_, _) => Throw(t)));
        Rethrown(session, t => Image((_, _) => null, _ => Throw(t) == null));
        session.AddImage(Image());
        SessionTests.Write(session, "stream", [1, 2, 3]);
        Assert.Equal(2, session.Commit().Files);
        AssertSame("disk", disk);
    }

    [Fact]
    public void Failures_are_told_apart()
    {
        using var source = new CancellationTokenSource();
        using Session session = place.Agent.BeginSession(null, null, source.Token);
        Assert.Equal(MarsStatus.NotFound,
            Status(new ImageOptions { Name = "disk", Path = place.At("nothing") }));
        Assert.Equal(MarsStatus.InvalidArgument, Status(new ImageOptions { Name = "disk" }));
        Assert.Equal(MarsStatus.Corrupt, Status(new ImageOptions {
            Name = "disk", Size = Block, Read = Read, Data = _ => (0, Block + 1) }));
        Assert.Throws<ArgumentNullException>(
            () => session.AddImage(new ImageOptions { Name = null, Path = "/" }));
        session.AddImage(Image());
        Assert.Equal(MarsStatus.Exists, Status(Image()));
        source.Cancel();
        Assert.Throws<OperationCanceledException>(() => session.AddImage(
            new ImageOptions { Name = "other", Size = 1UL << 50, Read = (_, _) => { } }));

        MarsStatus Status(ImageOptions image)
        {
            return Assert.ThrowsAny<MarsException>(() => session.AddImage(image)).Status;
        }
    }

    [Fact]
    public void A_session_is_not_committed_under_an_image()
    {
        using Session session = place.Agent.BeginSession(new SessionOptions { Item = "disks" });
        MarsStatus status = MarsStatus.Ok;
        session.AddImage(new ImageOptions {
            Name = "disk", Size = 100, Read = (offset, buffer) => {
                Read(offset, buffer);
                status = Assert.Throws<MarsException>(() => session.Commit()).Status;
            },
        });
        Assert.Equal(MarsStatus.State, status);
        Assert.Equal(100, session.Commit().Bytes);
        Assert.Throws<ObjectDisposedException>(() => session.AddImage(Image()));
    }

    private void Read(ulong offset, Span<byte> buffer)
    {
        read.Add(offset);
        disk.AsSpan((int)offset, buffer.Length).CopyTo(buffer);
    }

    private ImageOptions Image(NextChange? changed = null, Func<string, bool>? knows = null)
    {
        return new ImageOptions {
            Name = "disk", Size = (ulong)disk.Length, Read = Read, Changed = changed,
            KnowsChangesSince = knows,
        };
    }

    private BackupResult Add(ImageOptions image)
    {
        using Session session = place.Agent.BeginSession(new SessionOptions { Item = "disks" });
        session.AddImage(image);
        return session.Commit();
    }

    /// <summary>The newest point has these bytes.</summary>
    private void AssertSame(string name, byte[] expected)
    {
        using RecoveryPoint point = place.Agent.OpenPoint("latest", "disks");
        using Stream file = point.OpenRead(name);
        byte[] back = new byte[file.Length];
        file.ReadExactly(back);
        Assert.True(expected.AsSpan().SequenceEqual(back));
    }

    private static (ulong, ulong)? Throw(CallbackTests.Thrower thrower)
    {
        thrower.Throw();
        return null;
    }

    private static void Rethrown(Session session, Func<CallbackTests.Thrower, ImageOptions> make)
    {
        var thrower = new CallbackTests.Thrower();
        Exception e = Assert.Throws<FormatException>(() => session.AddImage(make(thrower)));
        Assert.Same(thrower.Thrown, e);
        Assert.Equal(1, thrower.Times);
    }
}
