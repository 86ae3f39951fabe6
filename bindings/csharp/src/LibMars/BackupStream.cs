namespace LibMars;

/// <summary>
/// One stream of a session: write-only, one thread at a time. Write all, then
/// <see cref="Complete"/>, then dispose of it. A stream that was disposed of without being
/// completed will not be in the point: so a half-written one never is, when an exception leaves its
/// <c>using</c>. After its session was disposed of it only throws
/// <see cref="ObjectDisposedException"/>.
/// </summary>
public sealed unsafe class BackupStream : Stream
{
    private readonly StreamHandle handle;
    private readonly Session session;
    private readonly Call call;
    private long position;
    private OneAtATime one;

    internal BackupStream(StreamHandle handle, Session session, Call call)
    {
        this.handle = handle;
        this.session = session;
        this.call = call;
    }

    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => !handle.IsClosed;

    /// <summary>How many bytes were written.</summary>
    public override long Length => position;

    /// <summary>How many bytes were written. Cannot be set.</summary>
    public override long Position
    {
        get => position;
        set => throw new NotSupportedException();
    }

    /// <summary>Tells that all is written: the stream will be in the point.</summary>
    public void Complete()
    {
        ObjectDisposedException.ThrowIf(handle.IsClosed, this);
        one.Enter();
        try {
            using Held entered = session.Enter();
            // Not released before it is known to be finished, even if another thread disposes.
            using var held = new Held(handle);
            mars_error err;
            int status = Native.mars_stream_finish(handle, &err);
            handle.Finished();
            handle.Dispose();
            call.Check(status, &err);
        } finally {
            one.Leave();
        }
    }

    /// <summary>Adds bytes; waits while the engine is busy.</summary>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        ObjectDisposedException.ThrowIf(handle.IsClosed, this);
        one.Enter();
        try {
            using Held entered = session.Enter();
            mars_error err;
            fixed (byte* data = buffer)
                call.Check(Native.mars_stream_write(
                    handle, data, (ulong)buffer.Length, &err), &err);
            position += buffer.Length;
        } finally {
            one.Leave();
        }
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        Write(buffer.AsSpan(offset, count));
    }

    /// <inheritdoc/>
    public override ValueTask WriteAsync(
        ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        return new ValueTask(Task.Run(() => Write(buffer.Span), cancellationToken));
    }

    /// <inheritdoc/>
    public override Task WriteAsync(
        byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    /// <summary>Does nothing: there is no buffer here.</summary>
    public override void Flush() { }

    /// <summary>Not supported.</summary>
    public override int Read(byte[] buffer, int offset, int count)
    {
        throw new NotSupportedException();
    }

    /// <summary>Not supported.</summary>
    public override long Seek(long offset, SeekOrigin origin)
    {
        throw new NotSupportedException();
    }

    /// <summary>Not supported.</summary>
    public override void SetLength(long value)
    {
        throw new NotSupportedException();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        handle.Dispose();
        base.Dispose(disposing);
    }
}
