using Microsoft.Extensions.Logging;

namespace LibMars;

/// <summary>What the engine of an agent may use.</summary>
public sealed class AgentOptions
{
    /// <summary>Threads that hash, compress and encrypt; 0: one a core, at least 4 for a vault over
    /// the network.</summary>
    public int Workers { get; init; }

    /// <summary>Budget for bytes in flight; 0: 64 MiB, at least 32 MiB.</summary>
    public long BufferBytes { get; init; }

    /// <summary>Gets what an operator may want to know, from any thread, until the agent and its
    /// last point and file are closed: as much as it has enabled when the agent is opened. Null:
    /// nothing is told. What it throws is dropped.</summary>
    public ILogger? Logger { get; init; }
}

/// <summary>How a machine is registered.</summary>
public sealed class RegisterOptions
{
    /// <summary>Null: "cache" in the configuration directory; made if needed.</summary>
    public MarsPath CacheDir { get; init; }

    /// <summary>The machine's display name; null: the host name.</summary>
    public string? Name { get; init; }

    /// <summary>The name of its domain; null: one of its own, named like the machine.</summary>
    public string? Domain { get; init; }

    /// <summary>How large the cache may become, in bytes; 0: no limit, or that of before.</summary>
    public long CacheQuota { get; init; }

    /// <summary>This machine's way to the vault, and its limits; null: that of before.</summary>
    public StoreOptions? Store { get; init; }

    /// <summary>Opens the domain in place of the passphrase, which may then be empty; with both,
    /// either does, and a new domain gets a slot for each.</summary>
    public IKeyWrapper? Wrapper { get; init; }

    /// <summary>As in <see cref="AgentOptions"/>.</summary>
    public ILogger? Logger { get; init; }
}

/// <summary>How another machine's points are opened.</summary>
public sealed class RecoverOptions
{
    /// <summary>Its name or id; null: the vault's only machine.</summary>
    public string? Machine { get; init; }

    /// <summary>This machine's way to the vault; null: straight.</summary>
    public StoreOptions? Store { get; init; }

    /// <summary>Opens the domain in place of the passphrase, which may then be empty; with both,
    /// either does.</summary>
    public IKeyWrapper? Wrapper { get; init; }

    /// <summary>What the engine may use, and who is told; null: the defaults.</summary>
    public AgentOptions? Engine { get; init; }
}

/// <summary>Who an agent is.</summary>
/// <param name="ReadOnly">True from <see cref="Agent.Recover"/>.</param>
/// <param name="MachineId">In hex.</param>
/// <param name="MachineName">Its display name.</param>
/// <param name="DomainId">In hex.</param>
/// <param name="VaultUrl">Where the vault is.</param>
/// <param name="CacheDir">Where the cache is now; empty if there is none.</param>
public sealed record AgentInfo(
    bool ReadOnly, string MachineId, string MachineName, string DomainId, string VaultUrl,
    MarsPath CacheDir)
{
    internal static unsafe AgentInfo From(mars_agent_info* i)
    {
        return new AgentInfo(i->read_only != 0, Utf8.Text(i->machine_id),
            Utf8.Text(i->machine_name), Utf8.Text(i->domain_id), Utf8.Text(i->vault_url),
            new MarsPath(Utf8.Bytes(i->cache_dir)));
    }
}
