using Microsoft.Extensions.Logging;

namespace LibMars;

/// <summary>
/// This machine's registration, and the engine that all its calls share. Any number of threads may
/// use it at once. It ends when it is disposed of and the last call or session on it is over.
/// </summary>
public sealed unsafe partial class Agent : IDisposable
{
    internal const uint AllMachines = 1;

    private readonly AgentHandle handle;
    private volatile bool disposed;

    private Agent(AgentHandle handle)
    {
        this.handle = handle;
        Keys = new KeySlots(this);
        Cache = new Cache(this);
    }

    /// <summary>The slots that open the domain.</summary>
    public KeySlots Keys { get; }

    /// <summary>This machine's cache.</summary>
    public Cache Cache { get; }

    internal AgentHandle Handle
    {
        get {
            ObjectDisposedException.ThrowIf(disposed, this);
            return handle;
        }
    }

    /// <summary>
    /// Registers this machine with a vault. A machine of this name that is already there is taken
    /// over, with all its points, if the passphrase opens its domain; if not, nothing changes.
    /// Takes about 64 MiB and a fraction of a second.
    /// </summary>
    /// <param name="configDir">Where this machine's state will lie; made if needed.</param>
    /// <param name="credentials">The vault credentials file.</param>
    /// <param name="passphrase">At least 16 characters. Copies that are made of it are wiped; give
    /// a char[] to be able to wipe yours. Nobody can help who has lost it.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <param name="cancellationToken">Ends the opening, which waits for the vault's server,
    /// soon.</param>
    /// <exception cref="MarsException"><see cref="MarsStatus.Key"/>: the passphrase does not open
    /// the domain of this name. <see cref="MarsStatus.Auth"/>: the credentials have expired, were
    /// edited, or are another vault's. <see cref="MarsStatus.State"/>: the directory belongs to
    /// another vault or machine.</exception>
    public static Agent Register(MarsPath configDir, MarsPath credentials,
        ReadOnlySpan<char> passphrase, RegisterOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        options ??= new RegisterOptions();
        using var args = new Arguments();
        using var call = new OpeningCall(options.Wrapper, options.Logger, cancellationToken);
        mars_register_options o = new() {
            struct_size = (uint)sizeof(mars_register_options),
            config_dir = args.Path(configDir.Required(nameof(configDir))),
            credentials = args.Path(credentials.Required(nameof(credentials))),
            passphrase = args.SecretOrNull(passphrase, out ulong length),
            passphrase_len = length,
            wrapper = call.Wrapper(args),
            log = call.Log.Line,
            log_user = call.Log.User,
            log_level = call.Log.Level,
            cancel = call.Cancel,
            cache_dir = args.Path(options.CacheDir),
            name = args.TextOrNull(options.Name),
            domain = args.TextOrNull(options.Domain),
            cache_quota = checked((ulong)options.CacheQuota),
            store = StoreOptions.Native(options.Store, args),
        };
        mars_error err;
        int status = Native.mars_register(&o, out AgentHandle agent, &err);
        return new Agent(call.Opened(status, agent, &err));
    }

    /// <summary>
    /// Gives a registered machine the right that newer credentials carry, without registering again
    /// and without a passphrase.
    /// </summary>
    /// <param name="configDir">Where this machine's state lies.</param>
    /// <param name="credentials">The vault credentials file, of the same vault.</param>
    /// <param name="store">This machine's way to the vault; null: that of before.</param>
    /// <param name="logger">Gets the library's log of this call.</param>
    /// <param name="cancellationToken">Ends the call, which waits for the vault's server, soon: the
    /// right is then that of before.</param>
    /// <exception cref="MarsException"><see cref="MarsStatus.State"/>: not registered, or with
    /// another vault. <see cref="MarsStatus.Auth"/>: the credentials have expired, were edited, or
    /// the vault refuses them.</exception>
    public static void RenewCredentials(MarsPath configDir, MarsPath credentials,
        StoreOptions? store = null, ILogger? logger = null,
        CancellationToken cancellationToken = default)
    {
        using var args = new Arguments();
        using var call = new Call(token: cancellationToken);
        using var log = new LogUse(logger);
        mars_renew_options o = new() {
            struct_size = (uint)sizeof(mars_renew_options),
            config_dir = args.Path(configDir.Required(nameof(configDir))),
            credentials = args.Path(credentials.Required(nameof(credentials))),
            store = StoreOptions.Native(store, args),
            log = log.Line,
            log_user = log.User,
            log_level = log.Level,
            cancel = call.CancelPointer,
        };
        mars_error err;
        call.Check(Native.mars_register_renew(&o, &err), &err);
    }

    /// <summary>Opens a registered machine's state.</summary>
    /// <param name="configDir">Where it lies.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <param name="cancellationToken">Ends the opening, which waits for the vault's server,
    /// soon.</param>
    /// <exception cref="MarsException"><see cref="MarsStatus.State"/>: not registered.
    /// <see cref="MarsStatus.NotFound"/>: the vault is not there.</exception>
    public static Agent Open(MarsPath configDir, AgentOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        options ??= new AgentOptions();
        using var args = new Arguments();
        using var call = new OpeningCall(null, options.Logger, cancellationToken);
        mars_agent_options o = new() {
            struct_size = (uint)sizeof(mars_agent_options),
            workers = checked((uint)options.Workers),
            buffer_bytes = checked((ulong)options.BufferBytes),
            log = call.Log.Line,
            log_user = call.Log.User,
            log_level = call.Log.Level,
            cancel = call.Cancel,
        };
        mars_error err;
        int status = Native.mars_agent_open(args.Path(configDir.Required(nameof(configDir))), 0, &o,
            out AgentHandle agent, &err);
        return new Agent(call.Opened(status, agent, &err));
    }

    /// <summary>
    /// Opens another machine's points, read-only: nothing is stored here and nothing changes in the
    /// vault.
    /// </summary>
    /// <param name="credentials">The vault credentials file.</param>
    /// <param name="passphrase">As in <see cref="Register"/>.</param>
    /// <param name="options">Null: the vault's only machine.</param>
    /// <param name="cancellationToken">Ends the opening, which waits for the vault's server,
    /// soon.</param>
    /// <exception cref="MarsException"><see cref="MarsStatus.NotFound"/>: no such machine; without
    /// a name: none, or several. <see cref="MarsStatus.Key"/>: the passphrase does not open its
    /// domain.</exception>
    public static Agent Recover(MarsPath credentials, ReadOnlySpan<char> passphrase,
        RecoverOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new RecoverOptions();
        AgentOptions engine = options.Engine ?? new AgentOptions();
        using var args = new Arguments();
        using var call = new OpeningCall(options.Wrapper, engine.Logger, cancellationToken);
        mars_recover_options o = new() {
            struct_size = (uint)sizeof(mars_recover_options),
            workers = checked((uint)engine.Workers),
            buffer_bytes = checked((ulong)engine.BufferBytes),
            credentials = args.Path(credentials.Required(nameof(credentials))),
            passphrase = args.SecretOrNull(passphrase, out ulong length),
            passphrase_len = length,
            wrapper = call.Wrapper(args),
            log = call.Log.Line,
            log_user = call.Log.User,
            log_level = call.Log.Level,
            cancel = call.Cancel,
            machine = args.TextOrNull(options.Machine),
            store = StoreOptions.Native(options.Store, args),
        };
        mars_error err;
        int status = Native.mars_recover_open(&o, out AgentHandle agent, &err);
        return new Agent(call.Opened(status, agent, &err));
    }

    /// <summary>Tells who this is.</summary>
    public AgentInfo GetInfo()
    {
        mars_agent_info info = new() { struct_size = (uint)sizeof(mars_agent_info) };
        mars_error err;
        // What info points to lives as long as the agent.
        using var held = new Held(Handle);
        Errors.Check(Native.mars_agent_get_info(handle, &info, &err), &err);
        return AgentInfo.From(&info);
    }

    /// <summary>
    /// Lists this machine's recovery points, oldest first.
    /// </summary>
    /// <param name="item">Null: of all items.</param>
    /// <param name="onEvent">Told of points that cannot be read or are gone; may be null.</param>
    /// <param name="allMachines">Those of all machines that share the domain.</param>
    public IReadOnlyList<PointInfo> ListPoints(string? item = null,
        Action<MarsEvent>? onEvent = null, bool allMachines = false)
    {
        var points = new List<PointInfo>();
        using var args = new Arguments();
        using var call = new Call(new EventOptions { OnEvent = onEvent }, visit: point => {
            points.Add(PointInfo.From((mars_point_info*)point));
            return true;
        });
        mars_error err;
        call.Check(Native.mars_point_list(Handle, args.TextOrNull(item),
            allMachines ? AllMachines : 0, Call.Visit, call.User,
            call.Event, call.User, &err), &err);
        return points;
    }

    /// <summary>
    /// Adds up what the domain holds, from its points, its index and the store's listing. No pack
    /// is read.
    /// </summary>
    /// <param name="onEvent">Told of points and index objects that cannot be read, which are not
    /// counted; may be null.</param>
    /// <param name="cancellationToken">Ends the call soon.</param>
    public Stats GetStats(Action<MarsEvent>? onEvent = null,
        CancellationToken cancellationToken = default)
    {
        mars_stats stats = new() { struct_size = (uint)sizeof(mars_stats) };
        using var call = new Call(new EventOptions { OnEvent = onEvent }, token: cancellationToken);
        mars_error err;
        call.Check(Native.mars_stats_get(Handle, call.Cancel, &stats, call.Event, call.User, &err),
            &err);
        return Stats.From(&stats);
    }

    /// <summary>Ends it. Calls that run and sessions that are open go on; points stay
    /// open.</summary>
    public void Dispose()
    {
        disposed = true;
        handle.Dispose();
    }

    internal sealed class EventOptions : CallOptions;
}
