// What driver.c does, from C#, and in the same form.
using System.Text.Json.Nodes;
using LibMars;

switch (args[0]) {
case "create":
    Vault.Create(args[1], new VaultOptions { Store = Reached(args[2], args[3]) });
    break;
case "issue":
    Vault.IssueCredentials(args[1], args[4], new CredentialsOptions { Store = Reached(args[2], args[3]) });
    break;
case "register":
    Register(args[1], args[2], args[3], args[4]);
    break;
case "backup":
    BackUp(args[1], args[2]);
    break;
case "look":
    Look(args[1], args[2], args[3], args[4], args[5]);
    break;
default:
    return 2;
}
return 0;

static StoreOptions Reached(string endpoint, string key)
{
    return new StoreOptions {
        Endpoint = endpoint.Length > 0 ? endpoint : null, AccountKey = key.Length > 0 ? key : null,
    };
}

static void Tell(string verb, JsonObject what)
{
    what["verb"] = verb;
    Console.WriteLine(what.ToJsonString());
}

static string Hex(ReadOnlySpan<byte> bytes)
{
    return Convert.ToHexStringLower(bytes);
}

static long Units(DateTimeOffset time)
{
    return (time - DateTimeOffset.UnixEpoch).Ticks;
}

static JsonArray List<T>(IEnumerable<T> things, Func<T, JsonObject> one)
{
    return new JsonArray([.. things.Select(one)]);
}

static JsonObject OfEntry(Entry e)
{
    return new JsonObject {
        ["type"] = (int)e.Type, ["mtime"] = Units(e.Modified), ["path"] = Hex(e.Path.Bytes.Span),
        ["size"] = e.Size, ["mode"] = (int)e.Mode, ["uid"] = e.UserId, ["gid"] = e.GroupId,
        ["user"] = e.User, ["group"] = e.Group, ["target"] = Hex(e.LinkTarget.Bytes.Span),
        ["major"] = e.DeviceMajor, ["minor"] = e.DeviceMinor,
        ["flags"] = (e.Incomplete ? 1 : 0) + (e.Changed ? 2 : 0),
    };
}

static JsonObject OfPoint(PointInfo p)
{
    return new JsonObject {
        ["id"] = p.Id, ["item"] = p.Item, ["machine"] = p.Machine, ["machine_id"] = p.MachineId,
        ["started"] = p.Started.ToUnixTimeSeconds(), ["finished"] = p.Finished.ToUnixTimeSeconds(),
        ["entries"] = p.Entries, ["bytes"] = p.Bytes, ["files_skipped"] = p.FilesSkipped,
        ["bytes_added"] = p.BytesAdded, ["is_head"] = p.IsHead ? 1 : 0,
        ["root"] = Hex(p.Roots[0].Bytes.Span),
    };
}

static JsonObject OfDifference(Difference d)
{
    Entry?[] sides = [d.Before, d.After];
    return new JsonObject {
        ["change"] = (int)d.Change, ["sides"] = List(sides.OfType<Entry>(), OfEntry),
    };
}

static void Register(string credentials, string config, string name, string passphrase)
{
    using Agent agent = Agent.Register(config, credentials, passphrase,
        new RegisterOptions { Name = name, Domain = "shared" });
    AgentInfo info = agent.GetInfo();
    Tell("register", new JsonObject {
        ["machine"] = info.MachineName, ["domain"] = info.DomainId, ["url"] = info.VaultUrl,
        ["read_only"] = info.ReadOnly ? 1 : 0,
    });
}

static void BackUp(string config, string directory)
{
    using Agent agent = Agent.Open(config);
    BackupResult r = agent.Backup(new BackupOptions { Paths = [directory] });
    Tell("backup", new JsonObject {
        ["point"] = r.Point, ["files"] = r.Files, ["directories"] = r.Directories,
        ["files_unchanged"] = r.FilesUnchanged, ["files_skipped"] = r.FilesSkipped,
        ["bytes"] = r.Bytes, ["bytes_read"] = r.BytesRead, ["bytes_new"] = r.BytesNew,
    });
}

static void Look(string credentials, string machine, string passphrase, string directory, string target)
{
    using Agent agent = Agent.Recover(credentials, passphrase, new RecoverOptions { Machine = machine });
    IReadOnlyList<PointInfo> points = agent.ListPoints();
    Tell("list", new JsonObject { ["points"] = List(points, OfPoint) });
    using (RecoveryPoint latest = agent.OpenPoint(), before = agent.OpenPoint(points[0].Id)) {
        Browse(latest, before, directory);
        ReadAt(latest, directory);
    }
    Account(agent);
    RestoreResult r = agent.Restore(new RestoreOptions { Target = target });
    Tell("restore", new JsonObject {
        ["files_restored"] = r.FilesRestored, ["directories"] = r.Directories,
        ["files_present"] = r.FilesPresent, ["files_skipped"] = r.FilesSkipped,
        ["files_failed"] = r.FilesFailed, ["warnings"] = r.Warnings,
        ["bytes_written"] = r.BytesWritten,
    });
}

static void Browse(RecoveryPoint latest, RecoveryPoint before, string directory)
{
    var all = new List<Entry>();
    latest.Walk(directory, e => { all.Add(e); return true; });
    Tell("ls", new JsonObject { ["entries"] = List(all, OfEntry) });
    Tell("stat", new JsonObject { ["entries"] = List([latest.Stat(directory + "/deep/large")], OfEntry) });
    Tell("find", new JsonObject { ["entries"] = List(latest.Find("*.bin", "deep/er/"), OfEntry) });
    Tell("diff", new JsonObject { ["differences"] = List(before.Diff(latest), OfDifference) });
}

static void ReadAt(RecoveryPoint latest, string directory)
{
    using Stream file = latest.OpenRead(directory + "/deep/large");
    var told = new JsonObject { ["size"] = file.Length };
    var piece = new byte[40];
    foreach (int place in new[] { 0, 1234567, 2999990, 3000000 }) {
        file.Position = place;
        told[$"{place}"] = Hex(piece.AsSpan(0, file.ReadAtLeast(piece, piece.Length, false)));
    }
    Tell("read_at", told);
}

static void Account(Agent agent)
{
    Stats s = agent.GetStats();
    Tell("stats", new JsonObject {
        ["points"] = s.Points, ["items"] = s.Items, ["entries"] = s.Entries, ["bytes"] = s.Bytes,
        ["chunks"] = s.Chunks, ["chunk_bytes"] = s.ChunkBytes, ["packs"] = s.Packs,
        ["pack_bytes"] = s.PackBytes, ["objects"] = s.Objects, ["object_bytes"] = s.ObjectBytes,
        ["index_objects"] = s.IndexObjects, ["index_bytes"] = s.IndexBytes,
    });
    VerifyResult r = agent.Verify(new VerifyOptions { ReadData = true });
    Tell("verify", new JsonObject {
        ["points"] = r.Points, ["objects"] = r.Objects, ["bytes_read"] = r.BytesRead,
        ["objects_damaged"] = r.ObjectsDamaged, ["files_lost"] = r.FilesLost,
        ["differences"] = r.Differences, ["packs"] = r.Packs, ["pack_bytes"] = r.PackBytes,
        ["packs_read"] = r.PacksRead, ["pack_bytes_read"] = r.PackBytesRead,
    });
}
