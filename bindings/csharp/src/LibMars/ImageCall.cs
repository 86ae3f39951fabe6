using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace LibMars;

/// <summary>
/// An image's functions while it is added. What they throw is kept apart from the session's call:
/// it ends the image, and the session goes on.
/// </summary>
internal sealed unsafe class ImageCall : IDisposable
{
    private readonly ImageOptions image;
    private readonly Call call;
    private bool? known;

    internal ImageCall(ImageOptions image)
    {
        this.image = image;
        call = new Call(visit: question => {
            ((Question*)question)->Answer(this, (Question*)question);
            return true;
        });
    }

    internal nint User => call.User;

    internal static delegate* unmanaged[Cdecl]<ulong, void*, ulong, nint, int> Read => &OnRead;

    internal static delegate* unmanaged[Cdecl]<ulong, ulong*, ulong*, nint, int> Data => &OnData;

    internal static delegate* unmanaged[Cdecl]<byte*, ulong, ulong*, ulong*, nint, int> Changed =>
        &OnChanged;

    /// <summary>Throws what a function threw, else what the status says of the session.</summary>
    internal void Check(int status, mars_error* err, Call session)
    {
        call.Check((int)MarsStatus.Ok, err);
        session.Check(status, err);
    }

    public void Dispose()
    {
        call.Dispose();
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnRead(ulong offset, void* data, ulong length, nint user)
    {
        var q = new Question {
            Answer = &AnswerRead, Offset = offset, Data = data, Length = length,
        };
        return Ask(user, &q);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnData(ulong offset, ulong* start, ulong* end, nint user)
    {
        var q = new Question { Answer = &AnswerData, Offset = offset, Start = start, End = end };
        return Ask(user, &q);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnChanged(byte* since, ulong offset, ulong* start, ulong* end, nint user)
    {
        var q = new Question {
            Answer = &AnswerChanged, Since = since, Offset = offset, Start = start, End = end,
        };
        return Ask(user, &q);
    }

    private static int Ask(nint user, Question* q)
    {
        return Call.Shown(user, q) ? (int)q->Status : (int)MarsStatus.Cancelled;
    }

    private static void AnswerRead(ImageCall call, Question* q)
    {
        call.image.Read!(q->Offset, new Span<byte>(q->Data, checked((int)q->Length)));
    }

    private static void AnswerData(ImageCall call, Question* q)
    {
        q->Put(call.image.Data!(q->Offset));
    }

    private static void AnswerChanged(ImageCall call, Question* q)
    {
        string since = Utf8.Text(q->Since);
        call.known ??= call.image.KnowsChangesSince?.Invoke(since) ?? true;
        if (call.known.Value)
            q->Put(call.image.Changed!(since, q->Offset));
        else
            q->Status = MarsStatus.NotFound;
    }

    /// <summary>What C asks, and where the answer goes.</summary>
    private struct Question
    {
        internal delegate*<ImageCall, Question*, void> Answer;
        internal byte* Since;
        internal ulong Offset;
        internal void* Data;
        internal ulong Length;
        internal ulong* Start;
        internal ulong* End;
        internal MarsStatus Status;

        /// <summary>None: both come in as the image's size and stay so.</summary>
        internal readonly void Put((ulong Start, ulong End)? extent)
        {
            if (extent == null)
                return;
            *Start = extent.Value.Start;
            *End = extent.Value.End;
        }
    }
}
