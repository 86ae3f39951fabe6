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

/// <summary>What opens a slot: a passphrase, for which a string or a char[] can stand, or a key
/// that is kept elsewhere.</summary>
public readonly ref struct MarsKey
{
    /// <summary>A passphrase.</summary>
    /// <param name="passphrase">At least 16 characters where it is new.</param>
    public MarsKey(ReadOnlySpan<char> passphrase)
    {
        Passphrase = passphrase;
    }

    /// <summary>A key that is kept elsewhere.</summary>
    /// <param name="wrapper">Wraps and unwraps.</param>
    public MarsKey(IKeyWrapper wrapper)
    {
        ArgumentNullException.ThrowIfNull(wrapper);
        Wrapper = wrapper;
    }

    internal ReadOnlySpan<char> Passphrase { get; }

    internal IKeyWrapper? Wrapper { get; }

    /// <summary>A passphrase.</summary>
    /// <param name="passphrase">It.</param>
    public static implicit operator MarsKey(string passphrase) => new(passphrase.AsSpan());

    /// <summary>A passphrase.</summary>
    /// <param name="passphrase">It.</param>
    public static implicit operator MarsKey(char[] passphrase) => new(passphrase.AsSpan());

    /// <summary>A passphrase.</summary>
    /// <param name="passphrase">It.</param>
    public static implicit operator MarsKey(ReadOnlySpan<char> passphrase) => new(passphrase);
}

/// <summary>The slots that open an agent's domain. Changes need a key that opens it now.</summary>
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

    /// <summary>Adds a slot; no data is touched.</summary>
    /// <param name="present">A key that opens the domain now.</param>
    /// <param name="added">The new slot's.</param>
    /// <param name="label">Shown in the list; null: none.</param>
    /// <returns>The slot's id.</returns>
    /// <exception cref="MarsException"><see cref="MarsStatus.Key"/>: the key opens no
    /// slot.</exception>
    public string Add(MarsKey present, MarsKey added, string? label = null)
    {
        using var keys = new KeyCall();
        byte* id = stackalloc byte[IdSize];
        mars_error err;
        keys.Check(Native.mars_key_add(agent.Handle, keys.Key(present), keys.Key(added),
            keys.Arguments.TextOrNull(label), id, &err), &err);
        return Utf8.Text(id);
    }

    /// <summary>
    /// Replaces the slot that a key opens. Someone who kept the old slot and its key can still open
    /// the domain.
    /// </summary>
    /// <param name="present">A key that opens the domain now.</param>
    /// <param name="fresh">The one in its place.</param>
    public void Change(MarsKey present, MarsKey fresh)
    {
        using var keys = new KeyCall();
        mars_error err;
        keys.Check(Native.mars_key_change(
            agent.Handle, keys.Key(present), keys.Key(fresh), &err), &err);
    }

    /// <summary>Removes a slot.</summary>
    /// <param name="present">A key that opens the domain now.</param>
    /// <param name="id">The slot's id.</param>
    /// <exception cref="MarsException"><see cref="MarsStatus.State"/>: it is the last
    /// one.</exception>
    public void Remove(MarsKey present, string id)
    {
        ArgumentNullException.ThrowIfNull(id);
        using var keys = new KeyCall();
        mars_error err;
        keys.Check(Native.mars_key_remove(agent.Handle, keys.Key(present), keys.Arguments.Text(id),
            &err), &err);
    }

    /// <summary>The keys of one call.</summary>
    private sealed class KeyCall : IDisposable
    {
        private readonly List<WrapperCall> wrappers = [];

        internal Arguments Arguments { get; } = new();

        internal mars_key* Key(MarsKey key)
        {
            var wrapper = new WrapperCall(key.Wrapper);
            wrappers.Add(wrapper);
            mars_key* k = Arguments.New<mars_key>();
            k->struct_size = (uint)sizeof(mars_key);
            k->passphrase = Arguments.SecretOrNull(key.Passphrase, out k->passphrase_len);
            k->wrapper = wrapper.Pointer(Arguments);
            return k;
        }

        internal void Check(int status, mars_error* err)
        {
            foreach (WrapperCall wrapper in wrappers)
                wrapper.Rethrow(err);
            Errors.Check(status, err);
        }

        public void Dispose()
        {
            foreach (WrapperCall wrapper in wrappers)
                wrapper.Dispose();
            Arguments.Dispose();
        }
    }
}
