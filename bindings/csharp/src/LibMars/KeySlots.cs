namespace LibMars;

/// <summary>What a slot is opened with.</summary>
public enum KeyKind
{
    /// <summary>A passphrase.</summary>
    Passphrase = 1,
    /// <summary>A raw key.</summary>
    Raw = 2,
    /// <summary>A key of the caller.</summary>
    Wrapper = 3,
}

/// <summary>One slot that opens a domain.</summary>
/// <param name="Kind">What it is opened with.</param>
/// <param name="Id">In hex.</param>
/// <param name="Label">As it was given; may be empty.</param>
/// <param name="Created">When it was made.</param>
/// <param name="Passes">Of Argon2id.</param>
/// <param name="MemoryKib">Of Argon2id.</param>
/// <param name="Lanes">Of Argon2id.</param>
public sealed record KeySlot(
    KeyKind Kind, string Id, string Label, DateTimeOffset Created, int Passes, int MemoryKib,
    int Lanes)
{
    internal static unsafe KeySlot From(mars_key_info* k)
    {
        return new KeySlot((KeyKind)k->kind, Utf8.Text(k->id), Utf8.Text(k->label),
            Times.Unix(k->created), (int)k->passes, (int)k->memory_kib, (int)k->lanes);
    }
}

/// <summary>The slots that open an agent's domain. Changes need a passphrase that opens it
/// now.</summary>
public sealed unsafe class KeySlots
{
    private const int IdSize = 17;
    private readonly Agent agent;

    internal KeySlots(Agent agent)
    {
        this.agent = agent;
    }

    /// <summary>Lists them.</summary>
    public IReadOnlyList<KeySlot> List()
    {
        var slots = new List<KeySlot>();
        using var call = new Call(visit: slot => {
            slots.Add(KeySlot.From((mars_key_info*)slot));
            return true;
        });
        mars_error err;
        call.Check(Native.mars_key_list(agent.Handle, Call.VisitAll, call.User, &err), &err);
        return slots;
    }

    /// <summary>Adds a slot with another passphrase; no data is touched.</summary>
    /// <param name="passphrase">One that opens the domain now.</param>
    /// <param name="newPassphrase">At least 16 characters.</param>
    /// <param name="label">Shown in the list; null: none.</param>
    /// <returns>The slot's id.</returns>
    /// <exception cref="MarsException"><see cref="MarsStatus.Key"/>: the passphrase opens no
    /// slot.</exception>
    public string Add(ReadOnlySpan<char> passphrase, ReadOnlySpan<char> newPassphrase,
        string? label = null)
    {
        using var args = new Arguments();
        mars_key* present = Key(args, passphrase);
        mars_key* added = Key(args, newPassphrase);
        byte* id = stackalloc byte[IdSize];
        mars_error err;
        Errors.Check(Native.mars_key_add(agent.Handle, present, added,
            args.TextOrNull(label), id, &err), &err);
        return Utf8.Text(id);
    }

    /// <summary>
    /// Replaces the slot that a passphrase opens. Someone who kept the old slot and the old
    /// passphrase can still open the domain.
    /// </summary>
    /// <param name="passphrase">One that opens the domain now.</param>
    /// <param name="newPassphrase">At least 16 characters.</param>
    public void Change(ReadOnlySpan<char> passphrase, ReadOnlySpan<char> newPassphrase)
    {
        using var args = new Arguments();
        mars_key* present = Key(args, passphrase);
        mars_key* added = Key(args, newPassphrase);
        mars_error err;
        Errors.Check(Native.mars_key_change(agent.Handle, present, added, &err), &err);
    }

    /// <summary>Removes a slot.</summary>
    /// <param name="passphrase">One that opens the domain now.</param>
    /// <param name="id">The slot's id.</param>
    /// <exception cref="MarsException"><see cref="MarsStatus.State"/>: it is the last
    /// one.</exception>
    public void Remove(ReadOnlySpan<char> passphrase, string id)
    {
        ArgumentNullException.ThrowIfNull(id);
        using var args = new Arguments();
        mars_key* present = Key(args, passphrase);
        mars_error err;
        Errors.Check(Native.mars_key_remove(agent.Handle, present, args.Text(id), &err), &err);
    }

    private static mars_key* Key(Arguments args, ReadOnlySpan<char> passphrase)
    {
        mars_key* key = args.New<mars_key>();
        key->struct_size = (uint)sizeof(mars_key);
        key->passphrase = args.Secret(passphrase, out key->passphrase_len);
        return key;
    }
}
