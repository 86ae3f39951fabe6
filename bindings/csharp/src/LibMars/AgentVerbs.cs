namespace LibMars;

public sealed unsafe partial class Agent
{
    /// <summary>
    /// Backs up paths as a new recovery point of an item. Nothing is visible in the vault until the
    /// point is committed; a run that fails or is cancelled leaves older points whole, and the next
    /// one goes on from what it sent. Files that cannot be read do not end it: see
    /// <see cref="BackupResult.FilesSkipped"/>.
    /// </summary>
    /// <remarks>What is thrown when the point is in the vault already, as by a callback at the end,
    /// has the <see cref="BackupResult"/> in its <see cref="Exception.Data"/>, under
    /// <see cref="BackupResult.DataKey"/>.</remarks>
    /// <param name="options">What to back up.</param>
    /// <param name="progress">Told on this thread, at most 10 times a second; null: silent. What it
    /// throws ends the call, and is thrown again here.</param>
    /// <param name="cancellationToken">Ends the call soon.</param>
    /// <exception cref="MarsException"><see cref="MarsStatus.NotFound"/>: a path is not there.
    /// <see cref="MarsStatus.Locked"/>: this item is being backed up on this machine.
    /// <see cref="MarsStatus.Quota"/>: vault or cache is full.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public BackupResult Backup(BackupOptions options, IProgress<Progress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        using var args = new Arguments();
        using var call = new Call(options, progress, token: cancellationToken);
        mars_backup_options o = options.Native(args, call);
        mars_backup_result result = new() { struct_size = (uint)sizeof(mars_backup_result) };
        mars_error err;
        int status = Native.mars_backup(Handle, &o, &result, &err);
        var done = BackupResult.From(&result);
        try {
            call.Check(status, &err);
        } catch (Exception e) when (done.Point != null) {
            e.Data[BackupResult.DataKey] = done;
            throw;
        }
        return done;
    }

    /// <summary><see cref="Backup"/> on the thread pool.</summary>
    public Task<BackupResult> BackupAsync(BackupOptions options,
        IProgress<Progress>? progress = null, CancellationToken cancellationToken = default)
    {
        return Task.Run(() => Backup(options, progress, cancellationToken), cancellationToken);
    }

    /// <summary>
    /// Restores a recovery point, or paths of it, below a directory. Nothing outside of it is
    /// touched, whatever the vault holds. A restore that was interrupted can be run again.
    /// </summary>
    /// <param name="options">What to restore, and where to.</param>
    /// <param name="progress">As in <see cref="Backup"/>.</param>
    /// <param name="cancellationToken">Ends the call soon.</param>
    /// <exception cref="MarsCorruptException">Some files are damaged and were not restored; the
    /// rest was.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public RestoreResult Restore(RestoreOptions options, IProgress<Progress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        using var args = new Arguments();
        using var call = new Call(options, progress, token: cancellationToken);
        mars_restore_options o = options.Native(args, call);
        mars_restore_result result = new() { struct_size = (uint)sizeof(mars_restore_result) };
        mars_error err;
        int status = Native.mars_restore(Handle, &o, &result, &err);
        try {
            call.Check(status, &err);
        } catch (MarsCorruptException e) {
            e.Restore = RestoreResult.From(&result);
            throw;
        }
        return RestoreResult.From(&result);
    }

    /// <summary><see cref="Restore"/> on the thread pool.</summary>
    public Task<RestoreResult> RestoreAsync(RestoreOptions options,
        IProgress<Progress>? progress = null, CancellationToken cancellationToken = default)
    {
        return Task.Run(() => Restore(options, progress, cancellationToken), cancellationToken);
    }

    /// <summary>
    /// Finds out whether what is in the vault can be restored. Differences to the disk alone are no
    /// failure.
    /// </summary>
    /// <param name="options">Null: the structure.</param>
    /// <param name="progress">As in <see cref="Backup"/>.</param>
    /// <param name="cancellationToken">Ends the call soon.</param>
    /// <exception cref="MarsCorruptException">Something is damaged or missing.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public VerifyResult Verify(VerifyOptions? options = null, IProgress<Progress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        options ??= new VerifyOptions();
        using var args = new Arguments();
        using var call = new Call(options, progress, token: cancellationToken);
        mars_verify_options o = options.Native(args, call);
        mars_verify_result result = new() { struct_size = (uint)sizeof(mars_verify_result) };
        mars_error err;
        int status = Native.mars_verify(Handle, &o, &result, &err);
        try {
            call.Check(status, &err);
        } catch (MarsCorruptException e) {
            e.Verify = VerifyResult.From(&result);
            throw;
        }
        return VerifyResult.From(&result);
    }

    /// <summary><see cref="Verify"/> on the thread pool.</summary>
    public Task<VerifyResult> VerifyAsync(VerifyOptions? options = null,
        IProgress<Progress>? progress = null, CancellationToken cancellationToken = default)
    {
        return Task.Run(() => Verify(options, progress, cancellationToken), cancellationToken);
    }
}
