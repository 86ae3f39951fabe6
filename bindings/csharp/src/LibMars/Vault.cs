namespace LibMars;

/// <summary>How a vault is made.</summary>
public sealed class VaultOptions
{
    /// <summary>How long a deleted point stays; 0: 14.</summary>
    public int SoftDeleteDays { get; init; }

    /// <summary>Null: "none". Vaults in a directory have one copy and take no other.</summary>
    public string? Redundancy { get; init; }

    /// <summary>How it is reached; null: the URL says all.</summary>
    public StoreOptions? Store { get; init; }
}

/// <summary>How vault credentials are issued.</summary>
public sealed class CredentialsOptions
{
    /// <summary>How long machines may register with them; 0: 10.</summary>
    public int ValidDays { get; init; }

    /// <summary>How long they may use the store; 0: 365.</summary>
    public int AccessDays { get; init; }

    /// <summary>How the vault is reached; null: the URL says all.</summary>
    public StoreOptions? Store { get; init; }
}

/// <summary>A vault's record. It needs no key, so it is as trustworthy as the store.</summary>
/// <param name="Id">In hex.</param>
/// <param name="Redundancy">As it was chosen.</param>
/// <param name="SoftDeleteDays">How long a deleted point stays.</param>
/// <param name="Created">When it was made.</param>
/// <param name="PutIfAbsent">Whether the store was seen to refuse to overwrite.</param>
/// <param name="Machines">Those that are registered.</param>
public sealed record VaultInfo(
    string Id, string Redundancy, int SoftDeleteDays, DateTimeOffset Created, bool PutIfAbsent,
    IReadOnlyList<Machine> Machines);

/// <summary>A registered machine.</summary>
/// <param name="Id">In hex.</param>
/// <param name="Name">Its display name.</param>
/// <param name="Domain">The id of its domain.</param>
/// <param name="Os">Its operating system.</param>
/// <param name="Created">When it was registered.</param>
public sealed record Machine(
    string Id, string Name, string Domain, string Os, DateTimeOffset Created)
{
    internal static unsafe Machine From(mars_machine_info* m)
    {
        return new Machine(Utf8.Text(m->id), Utf8.Text(m->name), Utf8.Text(m->domain),
            Utf8.Text(m->os), Times.Unix(m->created));
    }
}

/// <summary>What an administrator does with a vault.</summary>
public static unsafe class Vault
{
    /// <summary>Makes an empty vault.</summary>
    /// <param name="url">"file:///path", "azblob://ACCOUNT/CONTAINER[/PREFIX]",
    /// "s3://BUCKET[/PREFIX]". A directory is made if it is not there, a container or bucket has to
    /// be.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <exception cref="MarsException"><see cref="MarsStatus.Exists"/>: there is a vault
    /// already.</exception>
    public static void Create(string url, VaultOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(url);
        options ??= new VaultOptions();
        using var args = new Arguments();
        mars_vault_options o = new() {
            struct_size = (uint)sizeof(mars_vault_options),
            soft_delete_days = checked((uint)options.SoftDeleteDays),
            redundancy = args.TextOrNull(options.Redundancy),
            store = StoreOptions.Native(options.Store, args),
        };
        mars_error err;
        Errors.Check(Native.mars_vault_create(args.Text(url), &o, &err), &err);
    }

    /// <summary>Reads a vault's record and those of its machines.</summary>
    /// <param name="url">As in <see cref="Create"/>.</param>
    /// <param name="store">How it is reached; null: the URL says all.</param>
    /// <exception cref="MarsException"><see cref="MarsStatus.NotFound"/>: nothing there, or not a
    /// vault.</exception>
    public static VaultInfo Show(string url, StoreOptions? store = null)
    {
        ArgumentNullException.ThrowIfNull(url);
        var machines = new List<Machine>();
        using var args = new Arguments();
        using var call = new Call(visit: machine => {
            machines.Add(Machine.From((mars_machine_info*)machine));
            return true;
        });
        mars_vault_info info = new() { struct_size = (uint)sizeof(mars_vault_info) };
        mars_error err;
        call.Check(Native.mars_vault_show(args.Text(url), StoreOptions.Native(store, args), &info,
            Call.VisitAll, call.User, &err), &err);
        return new VaultInfo(Utf8.Text(info.id), Utf8.Text(info.redundancy),
            (int)info.soft_delete_days, Times.Unix(info.created), info.put_if_absent != 0,
            machines);
    }

    /// <summary>
    /// Issues a credentials file, with which machines register. It carries the right to use the
    /// store: treat it as a secret.
    /// </summary>
    /// <param name="url">As in <see cref="Create"/>.</param>
    /// <param name="path">The new file, of mode 0600.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <exception cref="MarsException"><see cref="MarsStatus.Exists"/>: the file is there
    /// already.</exception>
    public static void IssueCredentials(string url, MarsPath path,
        CredentialsOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(url);
        options ??= new CredentialsOptions();
        using var args = new Arguments();
        mars_credentials_options o = new() {
            struct_size = (uint)sizeof(mars_credentials_options),
            valid_days = checked((uint)options.ValidDays),
            access_days = checked((uint)options.AccessDays),
            store = StoreOptions.Native(options.Store, args),
        };
        mars_error err;
        Errors.Check(Native.mars_vault_issue_credentials(args.Text(url),
            args.Path(path.Required(nameof(path))), &o, &err), &err);
    }
}
