namespace LibMars;

/// <summary>Days of the week on which hours of work count.</summary>
[Flags]
public enum WorkDays
{
    /// <summary>There are no hours of work.</summary>
    None = 0,
    /// <summary>Monday.</summary>
    Monday = 1,
    /// <summary>Tuesday.</summary>
    Tuesday = 2,
    /// <summary>Wednesday.</summary>
    Wednesday = 4,
    /// <summary>Thursday.</summary>
    Thursday = 8,
    /// <summary>Friday.</summary>
    Friday = 16,
    /// <summary>Saturday.</summary>
    Saturday = 32,
    /// <summary>Sunday.</summary>
    Sunday = 64,
}

/// <summary>
/// How a vault over the network is reached, and with what right. The library reads no environment
/// variables. Where several groups of rights are given, keys and signatures go first.
/// </summary>
public sealed class StoreOptions
{
    internal const uint AllowHttpFlag = 1;

    /// <summary>Speak without TLS, also to other hosts than this machine.</summary>
    public bool AllowHttp { get; init; }

    /// <summary>"https://HOST[:PORT][/PATH]", in place of the public cloud's.</summary>
    public string? Endpoint { get; init; }

    /// <summary>Of S3; null: us-east-1.</summary>
    public string? Region { get; init; }

    /// <summary>Of S3: "path" or "host"; null: as AWS wants it, others by path.</summary>
    public string? Addressing { get; init; }

    /// <summary>Access tier or storage class of packs; null: the default's.</summary>
    public string? Tier { get; init; }

    /// <summary>Of an Azure account, in base64.</summary>
    public string? AccountKey { get; init; }

    /// <summary>Of Azure: a shared access signature, without "?".</summary>
    public string? Sas { get; init; }

    /// <summary>Of S3.</summary>
    public string? KeyId { get; init; }

    /// <summary>Of S3.</summary>
    public string? SecretKey { get; init; }

    /// <summary>Of S3; null: none.</summary>
    public string? SessionToken { get; init; }

    /// <summary>Of an application that Entra knows.</summary>
    public string? Tenant { get; init; }

    /// <summary>The application's; or, of several managed identities, the one that is
    /// meant.</summary>
    public string? ClientId { get; init; }

    /// <summary>The application's.</summary>
    public string? ClientSecret { get; init; }

    /// <summary>"https://HOST" of another Entra; null: the public cloud's.</summary>
    public string? Authority { get; init; }

    /// <summary>Whose right it is, of a service beside this machine: "managed" (Azure), "container"
    /// or "instance" (the roles of AWS).</summary>
    public string? Identity { get; init; }

    /// <summary>URL of that service; null: the cloud's own.</summary>
    public string? IdentityEndpoint { get; init; }

    /// <summary>App Service's X-IDENTITY-HEADER, or a container's Authorization.</summary>
    public string? IdentityHeader { get; init; }

    /// <summary>A file of certificates in PEM; null: those that the system trusts.</summary>
    public string? CaFile { get; init; }

    /// <summary>"sha256//BASE64" of the server's public key; several with ";".</summary>
    public string? Pin { get; init; }

    /// <summary>"http://HOST:PORT" or "https://HOST:PORT"; null: none.</summary>
    public string? Proxy { get; init; }

    /// <summary>For the proxy.</summary>
    public string? ProxyUser { get; init; }

    /// <summary>For the proxy.</summary>
    public string? ProxyPassword { get; init; }

    /// <summary>Hosts and domains that are reached directly, separated by commas.</summary>
    public string? NoProxy { get; init; }

    /// <summary>With less than 4 KiB either way it is tried again. In seconds; 0: 60.</summary>
    public int TimeoutSeconds { get; init; }

    /// <summary>Requests a second; 0: no limit.</summary>
    public int RequestsLimit { get; init; }

    /// <summary>Kilobits a second in hours of work, at least 64; 0: no limit.</summary>
    public int WorkKilobits { get; init; }

    /// <summary>Kilobits a second in the other hours.</summary>
    public int OtherKilobits { get; init; }

    /// <summary>The days that have hours of work.</summary>
    public WorkDays WorkDays { get; init; }

    /// <summary>When work begins, by this machine's time zone.</summary>
    public TimeOnly WorkFrom { get; init; }

    /// <summary>When it ends; where that is not after its begin, on the next day.</summary>
    public TimeOnly WorkTo { get; init; }

    internal static unsafe mars_store_options* Native(StoreOptions? options, Arguments args)
    {
        return options == null ? null : options.Native(args);
    }

    // Long because each field is a line.
    private unsafe mars_store_options* Native(Arguments args)
    {
        mars_store_options* o = args.New<mars_store_options>();
        o->struct_size = (uint)sizeof(mars_store_options);
        o->flags = AllowHttp ? AllowHttpFlag : 0;
        o->endpoint = args.TextOrNull(Endpoint);
        o->region = args.TextOrNull(Region);
        o->addressing = args.TextOrNull(Addressing);
        o->tier = args.TextOrNull(Tier);
        o->account_key = args.TextOrNull(AccountKey);
        o->sas = args.TextOrNull(Sas);
        o->key_id = args.TextOrNull(KeyId);
        o->secret_key = args.TextOrNull(SecretKey);
        o->session_token = args.TextOrNull(SessionToken);
        o->tenant = args.TextOrNull(Tenant);
        o->client_id = args.TextOrNull(ClientId);
        o->client_secret = args.TextOrNull(ClientSecret);
        o->authority = args.TextOrNull(Authority);
        o->identity = args.TextOrNull(Identity);
        o->identity_endpoint = args.TextOrNull(IdentityEndpoint);
        o->identity_header = args.TextOrNull(IdentityHeader);
        o->ca_file = args.TextOrNull(CaFile);
        o->pin = args.TextOrNull(Pin);
        o->proxy = args.TextOrNull(Proxy);
        o->proxy_user = args.TextOrNull(ProxyUser);
        o->proxy_password = args.TextOrNull(ProxyPassword);
        o->no_proxy = args.TextOrNull(NoProxy);
        o->timeout_s = checked((uint)TimeoutSeconds);
        o->requests_limit = checked((uint)RequestsLimit);
        o->work_kbps = checked((uint)WorkKilobits);
        o->other_kbps = checked((uint)OtherKilobits);
        o->work_days = (uint)WorkDays;
        o->work_from = Minutes(WorkFrom);
        o->work_to = Minutes(WorkTo);
        return o;
    }

    private static uint Minutes(TimeOnly time)
    {
        return (uint)(time.Ticks / TimeSpan.TicksPerMinute);
    }
}
