using System.Runtime.CompilerServices;
using Xunit;

namespace LibMars.Tests;

/// <summary>What a session's own progress function does with it. Each test has a process of its
/// own: what C does not foresee hangs, or damages the heap.</summary>
public sealed class ReentryTests
{
    private static readonly ImageOptions Image = new() {
        Name = "image", Size = 1, Read = (_, buffer) => buffer.Clear(),
    };

    private static readonly (string Name, Action<Session, BackupStream> Make)[] Calls = [
        ("write", (_, own) => own.Write([1])),
        ("complete", (_, own) => own.Complete()),
        ("image", (session, _) => session.AddImage(Image)),
        ("commit", (session, _) => session.Commit()),
    ];

    [Fact]
    public void A_session_takes_no_call_from_its_own_callback()
    {
        Child.Run(Refused);
    }

    [Fact]
    public void A_callback_disposes_of_its_session()
    {
        Child.Run(DisposedOf);
    }

    [Fact]
    public void Another_thread_disposes_of_it_and_the_callback_waits()
    {
        Child.Run(DisposedOfElsewhere);
    }

    [Fact]
    public void A_callback_disposes_of_streams()
    {
        Child.Run(StreamsDisposedOf);
    }

    [Fact]
    public void A_session_is_not_collected_under_its_stream()
    {
        Child.Run(Collected);
    }

    private static void Refused()
    {
        using Place place = Place.Ready();
        foreach ((string name, Action<Session, BackupStream> call) in Calls) {
            Assert.Null(Within(place, name, call, (session, own, other) => {
                Action[] ways = [
                    () => session.Commit(), () => session.OpenStream("third"),
                    () => session.AddImage(Image), () => own.Write([2]), () => own.Complete(),
                    () => other.Write([2]), () => other.Complete(),
                ];
                Assert.All(ways, w => Assert.ThrowsAny<InvalidOperationException>(w));
            }));
        }
        Assert.Single(place.Agent.ListPoints());
    }

    private static void DisposedOf()
    {
        DisposedOfBy(session => session.Dispose());
    }

    private static void DisposedOfElsewhere()
    {
        DisposedOfBy(session => Task.Run(session.Dispose).Wait());
    }

    private static void DisposedOfBy(Action<Session> dispose)
    {
        using Place place = Place.Ready();
        int before = MarsHandle.Alive;
        foreach ((string name, Action<Session, BackupStream> call) in Calls) {
            var e = Within(place, name, call, (session, own, other) => {
                dispose(session);
                dispose(session);
                Assert.ThrowsAny<InvalidOperationException>(() => session.Commit());
                Assert.ThrowsAny<InvalidOperationException>(() => other.Write([2]));
            });
            Assert.Equal(MarsStatus.Cancelled, Assert.IsType<MarsException>(e).Status);
            Assert.Equal(before, MarsHandle.Alive);
        }
        Assert.Empty(place.Agent.ListPoints());
    }

    private static void StreamsDisposedOf()
    {
        using Place place = Place.Ready();
        int before = MarsHandle.Alive;
        foreach ((string name, Action<Session, BackupStream> call) in Calls) {
            Assert.Null(Within(place, name, call, (session, own, other) => {
                other.Dispose();
                own.Dispose();
            }));
            Assert.Equal(before, MarsHandle.Alive);
        }
        Assert.Single(place.Agent.ListPoints());
    }

    private static void Collected()
    {
        using Place place = Place.Ready();
        int before = MarsHandle.Alive;
        Forget(place);
        Collect();
        Assert.Equal(before, MarsHandle.Alive);
        Assert.Empty(place.Agent.ListPoints());
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Forget(Place place)
    {
        int told = 0;
        BackupStream stream = Begin(place, new AtOnce(_ => {
            told++;
            Collect();
        }));
        for (int before = told; told == before; Thread.Sleep(10))
            stream.Write([1]);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static BackupStream Begin(Place place, IProgress<Progress> progress)
    {
        return place.Agent.BeginSession(null, progress).OpenStream("one");
    }

    /// <summary>Makes a call in a new session, whose progress runs a body within it.</summary>
    /// <returns>What the call throws.</returns>
    private static Exception? Within(Place place, string name, Action<Session, BackupStream> call,
        Action<Session, BackupStream, BackupStream> body)
    {
        Action? told = null;
        using Session session = place.Agent.BeginSession(null, new AtOnce(_ => {
            Action? due = told;
            told = null;
            due?.Invoke();
        }));
        using BackupStream own = session.OpenStream("own"), other = session.OpenStream("other");
        if (name == "commit") {
            own.Complete();
            other.Complete();
        }
        told = () => body(session, own, other);
        Thread.Sleep(110); // progress is told 10 times a second
        Exception? thrown = Record.Exception(() => call(session, own));
        Assert.Null(told);
        return thrown;
    }

    private static void Collect()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
    }
}
