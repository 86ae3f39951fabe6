using Xunit;

namespace LibMars.Tests;

public sealed class SessionTests : IDisposable
{
    private readonly Place place = Place.Ready();

    public void Dispose()
    {
        place.Dispose();
    }

    [Fact]
    public void Streams_come_back_as_they_were_written()
    {
        WriteAndRead(place);
    }

    [AzureFact]
    public void Streams_come_back_from_azure()
    {
        using var azure = new AzurePlace();
        WriteAndRead(azure);
    }

    [Fact]
    public async Task Many_tasks_write_streams_at_once()
    {
        const int Streams = 40;
        using Session session = place.Agent.BeginSession(new SessionOptions { Item = "dumps" });
        await Task.WhenAll(Enumerable.Range(0, Streams).Select(i => Task.Run(async () => {
            await using BackupStream stream = session.OpenStream($"dump-{i}");
            for (int piece = 0; piece < 10; piece++)
                await stream.WriteAsync(Place.Noise(10_000 + i, i * 100 + piece));
            stream.Complete();
        })));
        BackupResult result = session.Commit();
        Assert.Equal((Streams, Enumerable.Range(0, Streams).Sum(i => 10L * (10_000 + i))),
            (result.Files, result.Bytes));
        place.Agent.Restore(new RestoreOptions { Target = place.At("back"), Item = "dumps" });
        string[] back = Directory.GetFiles(place.At("back"), "dump-*", SearchOption.AllDirectories);
        foreach (string path in back) {
            int i = int.Parse(Path.GetFileName(path)[5..], null);
            byte[] expected = [.. Enumerable.Range(0, 10)
                .SelectMany(piece => Place.Noise(10_000 + i, i * 100 + piece))];
            Assert.Equal(expected, File.ReadAllBytes(path));
        }
        Assert.Equal(Streams, back.Length);
    }

    [Fact]
    public void A_stream_that_is_not_completed_is_left_out()
    {
        using Session session = place.Agent.BeginSession();
        Write(session, "whole", [1, 2, 3]);
        using (BackupStream half = session.OpenStream("half"))
            half.Write([1, 2]);
        Write(session, "other", []);
        Assert.Equal(2, session.Commit().Files);
    }

    [Fact]
    public void A_session_that_is_disposed_of_leaves_no_point()
    {
        BackupStream left;
        using (Session session = place.Agent.BeginSession()) {
            Write(session, "one", [1]);
            left = session.OpenStream("two");
            left.WriteByte(2);
        }
        Assert.Throws<ObjectDisposedException>(() => left.Write([3]));
        Assert.Throws<ObjectDisposedException>(left.Complete);
        left.Dispose();
        Assert.Empty(place.Agent.ListPoints());
    }

    [Fact]
    public void A_commit_with_open_streams_changes_nothing()
    {
        using Session session = place.Agent.BeginSession();
        using BackupStream stream = session.OpenStream("one");
        Assert.Equal(MarsStatus.State, Assert.Throws<MarsException>(() => session.Commit()).Status);
        stream.Write([1, 2, 3]);
        stream.Complete();
        Assert.Equal(3, session.Commit().Bytes);
        Assert.Throws<ObjectDisposedException>(() => session.Commit());
        Assert.Throws<ObjectDisposedException>(() => session.OpenStream("two"));
        Assert.Throws<ObjectDisposedException>(() => stream.WriteByte(1));
        Assert.Throws<ObjectDisposedException>(stream.Complete);
    }

    [Fact]
    public void Names_are_checked()
    {
        using Session session = place.Agent.BeginSession();
        using BackupStream stream = session.OpenStream("one");
        Assert.Equal(MarsStatus.Exists, Status(() => session.OpenStream("one")));
        Assert.Equal(MarsStatus.InvalidArgument, Status(() => session.OpenStream("a/b")));
        Assert.Equal(MarsStatus.InvalidArgument, Status(() => session.OpenStream("")));
        Assert.Throws<ArgumentNullException>(() => session.OpenStream(null));

        static MarsStatus Status(Func<object> call)
        {
            return Assert.Throws<MarsException>(call).Status;
        }
    }

    [Fact]
    public void A_token_ends_it()
    {
        using var source = new CancellationTokenSource();
        using Session session = place.Agent.BeginSession(null, null, source.Token);
        using BackupStream stream = session.OpenStream("one");
        stream.Write([1]);
        source.Cancel();
        var e = Assert.Throws<OperationCanceledException>(() => WriteForEver(stream));
        Assert.Equal(source.Token, e.CancellationToken);
        stream.Dispose();
        Assert.Throws<OperationCanceledException>(() => session.Commit());
        Assert.Null(session.Result);
        Assert.Empty(place.Agent.ListPoints());
    }

    [Fact]
    public void What_progress_throws_comes_out()
    {
        var thrower = new CallbackTests.Thrower();
        Exception e = Assert.Throws<FormatException>(() => {
            using Session session = place.Agent.BeginSession(null, thrower.Progress);
            using BackupStream stream = session.OpenStream("one");
            WriteForEver(stream);
        });
        Assert.Same(thrower.Thrown, e);
        Assert.Equal(1, thrower.Times);
        Assert.Empty(place.Agent.ListPoints());
    }

    [Fact]
    public void A_commit_that_throws_when_its_point_is_there_still_tells_its_result()
    {
        var thrower = new CallbackTests.Thrower();
        using Session session = place.Agent.BeginSession(null, new AtOnce(_ => {
            if (place.Points() > 0)
                thrower.Throw();
        }));
        Write(session, "one", [1, 2, 3]);
        Assert.Null(session.Result);
        Assert.Throws<FormatException>(() => session.Commit());
        Assert.Equal((3L, Assert.Single(place.Agent.ListPoints()).Id),
            (session.Result!.Bytes, session.Result.Point));
        Assert.Throws<ObjectDisposedException>(() => session.Commit());
    }

    [Fact]
    public void What_an_event_throws_comes_out()
    {
        place.Agent.Dispose();
        Vault.IssueCredentials(place.Url, place.At("short"),
            new CredentialsOptions { AccessDays = 10 });
        Agent.RenewCredentials(place.At("machine"), place.At("short"));
        using Agent agent = Agent.Open(place.At("machine"));
        var thrower = new CallbackTests.Thrower();
        // The right to use the vault ends soon: a warning.
        Exception e = Assert.Throws<FormatException>(
            () => agent.BeginSession(new SessionOptions { OnEvent = thrower.Event }));
        Assert.Same(thrower.Thrown, e);
        using Session session = agent.BeginSession();
        Write(session, "one", [1]);
        Assert.Equal(1, session.Commit().Files);
    }

    [Fact]
    public void A_writer_does_not_wait_for_its_own_callback()
    {
        BackupStream? stream = null;
        using Session session = place.Agent.BeginSession(null, new AtOnce(_ => stream?.Write([1])));
        stream = session.OpenStream("one");
        Assert.Throws<InvalidOperationException>(() => WriteForEver(stream));
        stream.Dispose();
    }

    private static void WriteForEver(Stream stream)
    {
        while (true)
            stream.Write(new byte[1 << 20]);
    }

    private static void WriteAndRead(Place place)
    {
        byte[] large = Place.Noise(5_000_000, 7);
        using Session session = place.Agent.BeginSession(new SessionOptions {
            Item = "dumps", Compression = Compression.Zstd, CompressionLevel = 1,
        });
        using (BackupStream stream = session.OpenStream("large")) {
            new MemoryStream(large).CopyTo(stream);
            Assert.Equal(large.Length, stream.Position);
            stream.Complete();
        }
        Write(session, "small", [1, 2, 3]);
        Write(session, "empty", []);
        BackupResult result = session.Commit();
        Assert.Same(result, session.Result);
        Assert.Equal((3L, 5_000_003L), (result.Files, result.Bytes));
        Assert.Equal(result.Point, Assert.Single(place.Agent.ListPoints("dumps")).Id);
        place.Agent.Restore(new RestoreOptions { Target = place.At("dumps"), Item = "dumps" });
        string back = Assert.Single(
            Directory.GetFiles(place.At("dumps"), "large", SearchOption.AllDirectories));
        string directory = Path.GetDirectoryName(back)!;
        Assert.Equal(large, File.ReadAllBytes(back));
        Assert.Equal([1, 2, 3], File.ReadAllBytes(Path.Combine(directory, "small")));
        Assert.Empty(File.ReadAllBytes(Path.Combine(directory, "empty")));
    }

    internal static void Write(Session session, string name, byte[] bytes)
    {
        using BackupStream stream = session.OpenStream(name);
        stream.Write(bytes);
        stream.Complete();
    }
}
