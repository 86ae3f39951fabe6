// Back up a directory into a vault beside this machine's state, show how far it is, restore it.
// usage: BackupAndRestore WORK_DIRECTORY DIRECTORY
//
// The first run makes the vault and registers the machine, later ones add a point. Ctrl-C stops.
using LibMars;

if (args.Length != 2) {
    Console.Error.WriteLine("usage: BackupAndRestore WORK_DIRECTORY DIRECTORY");
    return 2;
}
string work = Path.GetFullPath(args[0]), source = Path.GetFullPath(args[1]);

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, e) => {
    e.Cancel = true;
    stop.Cancel();
};

try {
    using Agent agent = OpenOrRegister(work);
    return await Run(agent);
} catch (OperationCanceledException) {
    Console.Error.WriteLine("interrupted; the next run goes on from here");
    return 130;
} catch (MarsException e) {
    Console.Error.WriteLine($"{e.Status}: {e.Message}");
    return 1;
}

static Agent OpenOrRegister(string work)
{
    string url = "file://" + Path.Combine(work, "vault");
    string config = Path.Combine(work, "config");
    try {
        return Agent.Open(config);
    } catch (MarsException e) when (e.Status == MarsStatus.State) {
        // This machine is not registered yet. Ask for the passphrase, and never store it: whoever
        // has lost it has lost the backups.
        string credentials = Path.Combine(work, "new.vaultCredentials");
        Console.Write("a passphrase of at least 16 characters: ");
        string passphrase = Console.ReadLine() ?? "";
        Directory.CreateDirectory(work);
        Vault.Create(url);
        Vault.IssueCredentials(url, credentials);
        Agent agent = Agent.Register(config, credentials, passphrase);
        File.Delete(credentials);
        return agent;
    }
}

async Task<int> Run(Agent agent)
{
    BackupResult backup = await agent.BackupAsync(
        new BackupOptions { Paths = [source], OnEvent = Tell }, new Line(), stop.Token);
    Console.WriteLine($"\npoint {backup.Point}: {backup.Files} files, {backup.Bytes:N0} bytes, "
        + $"{backup.BytesNew:N0} of them new, {backup.FilesSkipped} skipped");

    string target = Path.Combine(work, "restored");
    RestoreResult restore = await agent.RestoreAsync(
        new RestoreOptions { Target = target, OnEvent = Tell }, new Line(), stop.Token);
    Console.WriteLine($"\n{restore.FilesRestored} files restored to {target}{source}, "
        + $"{restore.FilesPresent} were there already");
    return backup.FilesSkipped == 0 ? 0 : 3;
}

static void Tell(MarsEvent e)
{
    Console.WriteLine($"\n{e.Kind}: {e.Path} {e.Message}");
}

/// <summary>Progress as one line that is written again and again.</summary>
internal sealed class Line : IProgress<Progress>
{
    public void Report(Progress value)
    {
        string of = value.BytesTotal is long total ? $" of {total >> 20}" : "";
        Console.Write($"\r{value.Phase}: {value.FilesDone} files, "
            + $"{value.BytesDone >> 20}{of} MiB in {value.Elapsed.TotalSeconds:N1} s   ");
    }
}
