using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace LibMars;

/// <summary>
/// What a call with callbacks needs while it runs. No exception may pass through C: the first one
/// that a callback throws is kept, stops the call, and is thrown when C has returned.
/// </summary>
internal sealed unsafe class Call : IDisposable
{
    private readonly CallOptions? options;
    private readonly IProgress<Progress>? progress;
    private readonly Func<nint, bool>? visit;
    private readonly CancellationToken token;
    private readonly CancellationTokenRegistration registration;
    private readonly CancelHandle cancel;
    private GCHandle self;
    private volatile ExceptionDispatchInfo? thrown;
    private bool enough;
    private int teller; // the thread that a callback runs on; 0: none runs

    /// <param name="options">Where events go.</param>
    /// <param name="progress">Where progress goes.</param>
    /// <param name="visit">Gets what C calls back with; false: that was enough.</param>
    /// <param name="token">Stops the call.</param>
    internal Call(CallOptions? options = null, IProgress<Progress>? progress = null,
        Func<nint, bool>? visit = null, CancellationToken token = default)
    {
        token.ThrowIfCancellationRequested();
        this.options = options;
        this.progress = progress;
        this.visit = visit;
        this.token = token;
        mars_error err;
        cancel = Errors.Opened(Native.mars_cancel_new(out CancelHandle made, &err), made, &err);
        self = GCHandle.Alloc(this);
        try {
            registration = token.UnsafeRegister(
                static c => Native.mars_cancel_set((CancelHandle)c!), cancel);
        } catch {
            Dispose();
            throw;
        }
    }

    internal CancelHandle Cancel => cancel;

    /// <summary>For a struct: valid until this is disposed of.</summary>
    internal nint CancelPointer => cancel.DangerousGetHandle();

    /// <summary>Whether a callback of this runs on this thread.</summary>
    internal bool IsTelling => teller == Environment.CurrentManagedThreadId;

    /// <summary>What C hands back to the callbacks.</summary>
    internal nint User => GCHandle.ToIntPtr(self);

    internal delegate* unmanaged[Cdecl]<mars_progress*, nint, int> Progress
    {
        get {
            return progress == null ? null : &OnProgress;
        }
    }

    internal delegate* unmanaged[Cdecl]<mars_event*, nint, void> Event
    {
        get {
            return options?.OnEvent == null && options?.Logger == null ? null : &OnEvent;
        }
    }

    /// <summary>A callback that answers with whether it wants more.</summary>
    internal static delegate* unmanaged[Cdecl]<void*, nint, int> Visit => &OnVisit;

    /// <summary>A callback that cannot end the call.</summary>
    internal static delegate* unmanaged[Cdecl]<void*, nint, void> VisitAll => &OnVisitAll;

    /// <summary>One that gets each <see cref="Piece"/> of a file.</summary>
    internal static delegate* unmanaged[Cdecl]<void*, ulong, nint, int> Data => &OnData;

    /// <summary>Gives the visitor what C calls back with; false: no more of it.</summary>
    internal static bool Shown(nint user, void* subject)
    {
        return Run(user, subject, &Show);
    }

    /// <summary>Throws what a callback threw, else what the status says.</summary>
    internal void Check(int status, mars_error* err)
    {
        thrown?.Throw();
        if (status == (int)MarsStatus.Cancelled && enough)
            return;
        if (status == (int)MarsStatus.Cancelled && token.IsCancellationRequested)
            throw new OperationCanceledException(token);
        Errors.Check(status, err);
    }

    /// <summary>As <see cref="Check"/>; a handle that is not given out is disposed of.</summary>
    internal T Opened<T>(int status, T handle, mars_error* err) where T : MarsHandle
    {
        try {
            Check(status, err);
        } catch {
            handle.Dispose();
            throw;
        }
        return handle;
    }

    public void Dispose()
    {
        registration.Dispose();
        cancel.Dispose();
        if (self.IsAllocated)
            self.Free();
    }

    /// <summary>Ends it soon, as its token does.</summary>
    internal void Stop()
    {
        Native.mars_cancel_set(cancel);
    }

    // Events cannot answer, so the call is cancelled too.
    private void Stop(Exception e)
    {
        thrown = ExceptionDispatchInfo.Capture(e);
        Stop();
    }

    /// <summary>Runs a callback; false: no more of them.</summary>
    private static bool Run(nint user, void* subject, delegate*<Call, void*, void> callback)
    {
        var call = (Call)GCHandle.FromIntPtr(user).Target!;
        if (call.thrown != null || call.enough)
            return false;
        call.teller = Environment.CurrentManagedThreadId;
        try {
            callback(call, subject);
        } catch (Exception e) {
            call.Stop(e);
        }
        call.teller = 0;
        return call.thrown == null && !call.enough;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnProgress(mars_progress* progress, nint user)
    {
        return Run(user, progress, &Report) ? 0 : 1;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnEvent(mars_event* e, nint user)
    {
        Run(user, e, &Tell);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnVisit(void* subject, nint user)
    {
        return Shown(user, subject) ? 0 : 1;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnVisitAll(void* subject, nint user)
    {
        Shown(user, subject);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnData(void* data, ulong length, nint user)
    {
        var piece = new Piece { Data = data, Length = length };
        return Shown(user, &piece) ? 0 : 1;
    }

    private static void Report(Call call, void* progress)
    {
        call.progress!.Report(LibMars.Progress.From((mars_progress*)progress));
    }

    private static void Tell(Call call, void* subject)
    {
        var e = MarsEvent.From((mars_event*)subject);
        call.options!.OnEvent?.Invoke(e);
        if (call.options.Logger != null)
            Log.Write(call.options.Logger, e);
    }

    private static void Show(Call call, void* subject)
    {
        call.enough = !call.visit!((nint)subject);
    }

    /// <summary>Bytes of a file, as a visitor gets them.</summary>
    internal struct Piece
    {
        internal void* Data;
        internal ulong Length;
    }
}
