using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace LibMars;

/// <summary>
/// A key that is kept elsewhere: in an HSM, a key management service, a TPM. The library makes a
/// secret of 32 bytes for each slot of such a key and has it wrapped; what comes of it lies in the
/// vault. Both run on the thread that made the call.
/// </summary>
public interface IKeyWrapper
{
    /// <summary>Wraps a secret, so that nobody without the key learns it.</summary>
    /// <param name="secret">32 bytes.</param>
    /// <returns>From 1 to 4,096 bytes, from which <see cref="Unwrap"/> gives it back.</returns>
    byte[] Wrap(ReadOnlySpan<byte> secret);

    /// <summary>Gives a secret back. It throws for any other reason than the blob's being another
    /// key's: that ends the call and comes out of it.</summary>
    /// <param name="blob">As it lies in the vault; it may have been tampered with.</param>
    /// <param name="secret">Room for its 32 bytes.</param>
    /// <returns>False: the blob is another key's, and the next slot is tried.</returns>
    bool Unwrap(ReadOnlySpan<byte> blob, Span<byte> secret);
}

/// <summary>A wrapper in one call.</summary>
internal sealed unsafe class WrapperCall : IDisposable
{
    private const int SecretSize = 32;
    private const int BlobMax = 4096;
    private readonly IKeyWrapper? wrapper;
    private readonly Call call;

    internal WrapperCall(IKeyWrapper? wrapper)
    {
        this.wrapper = wrapper;
        call = new Call(visit: question => {
            ((Question*)question)->Answer(this, (Question*)question);
            return true;
        });
    }

    /// <summary>For a struct of C; null where there is none.</summary>
    internal mars_key_wrapper* Pointer(Arguments args)
    {
        if (wrapper == null)
            return null;
        mars_key_wrapper* w = args.New<mars_key_wrapper>();
        w->struct_size = (uint)sizeof(mars_key_wrapper);
        w->user = call.User;
        w->wrap = &OnWrap;
        w->unwrap = &OnUnwrap;
        return w;
    }

    /// <summary>Throws what the wrapper threw.</summary>
    internal void Rethrow(mars_error* err)
    {
        call.Check((int)MarsStatus.Ok, err);
    }

    public void Dispose()
    {
        call.Dispose();
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnWrap(nint user, byte* secret, byte* blob, ulong* length, mars_error* err)
    {
        var q = new Question {
            Answer = &AnswerWrap, Secret = secret, Blob = blob, Length = length,
        };
        return Ask(user, &q);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnUnwrap(nint user, byte* blob, ulong length, byte* secret, mars_error* err)
    {
        var q = new Question {
            Answer = &AnswerUnwrap, Secret = secret, Blob = blob, Length = &length,
        };
        return Ask(user, &q);
    }

    private static int Ask(nint user, Question* q)
    {
        return Call.Shown(user, q) ? (int)q->Status : (int)MarsStatus.Cancelled;
    }

    private static void AnswerWrap(WrapperCall call, Question* q)
    {
        byte[] blob = call.wrapper!.Wrap(new ReadOnlySpan<byte>(q->Secret, SecretSize));
        if (blob.Length is < 1 or > BlobMax)
            throw new InvalidOperationException($"Wrap gave {blob.Length} bytes");
        blob.CopyTo(new Span<byte>(q->Blob, BlobMax));
        *q->Length = (ulong)blob.Length;
    }

    private static void AnswerUnwrap(WrapperCall call, Question* q)
    {
        var blob = new ReadOnlySpan<byte>(q->Blob, checked((int)*q->Length));
        if (!call.wrapper!.Unwrap(blob, new Span<byte>(q->Secret, SecretSize)))
            q->Status = MarsStatus.Key;
    }

    /// <summary>What C asks, and where the answer goes.</summary>
    private struct Question
    {
        internal delegate*<WrapperCall, Question*, void> Answer;
        internal byte* Secret;
        internal byte* Blob;
        internal ulong* Length;
        internal MarsStatus Status;
    }
}
