namespace LibMars;

/// <summary>A file of a recovery point: read-only, can seek.</summary>
internal sealed unsafe class PointStream : Stream
{
    private readonly FileHandle handle;
    private readonly long length;
    private long position;
    private OneAtATime one;

    internal PointStream(FileHandle handle)
    {
        this.handle = handle;
        length = (long)Native.mars_file_size(handle);
    }

    public override bool CanRead => !handle.IsClosed;

    public override bool CanSeek => !handle.IsClosed;

    public override bool CanWrite => false;

    public override long Length
    {
        get {
            ObjectDisposedException.ThrowIf(handle.IsClosed, this);
            return length;
        }
    }

    public override long Position
    {
        get {
            ObjectDisposedException.ThrowIf(handle.IsClosed, this);
            return position;
        }
        set {
            ObjectDisposedException.ThrowIf(handle.IsClosed, this);
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            position = value;
        }
    }

    public override int Read(Span<byte> buffer)
    {
        ObjectDisposedException.ThrowIf(handle.IsClosed, this);
        one.Enter();
        try {
            ulong got;
            mars_error err;
            fixed (byte* data = buffer)
                Errors.Check(Native.mars_file_read_at(handle, (ulong)position, data,
                    (ulong)buffer.Length, &got, &err), &err);
            position += (long)got;
            return (int)got;
        } finally {
            one.Leave();
        }
    }

    public override int Read(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        return Read(buffer.AsSpan(offset, count));
    }

    public override ValueTask<int> ReadAsync(
        Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        return new ValueTask<int>(Task.Run(() => Read(buffer.Span), cancellationToken));
    }

    public override Task<int> ReadAsync(
        byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    public override long Seek(long offset, SeekOrigin origin)
    {
        long start = origin switch {
            SeekOrigin.Begin => 0,
            SeekOrigin.Current => Position,
            SeekOrigin.End => Length,
            _ => throw new ArgumentOutOfRangeException(nameof(origin)),
        };
        if (start + offset < 0)
            throw new IOException("a place before the file's begin");
        return Position = start + offset;
    }

    public override void Flush() { }

    public override void SetLength(long value)
    {
        throw new NotSupportedException();
    }

    public override void Write(byte[] buffer, int offset, int count)
    {
        throw new NotSupportedException();
    }

    protected override void Dispose(bool disposing)
    {
        handle.Dispose();
        base.Dispose(disposing);
    }
}
