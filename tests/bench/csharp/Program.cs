// What backup.c does, from C#: print the processor time of opening, backing up and closing.
// usage: Overhead CONFIG_DIR DIRECTORY EMPTY_DIRECTORY
//
// A dry run over the empty directory comes first, so that the start of the runtime and the
// compilation of what is called are not counted.
using System.Diagnostics;
using System.Globalization;
using LibMars;

Backup(args[2], dryRun: true);
TimeSpan before = Process.GetCurrentProcess().TotalProcessorTime;
long bytes = Backup(args[1], dryRun: false);
TimeSpan spent = Process.GetCurrentProcess().TotalProcessorTime - before;
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{spent.TotalSeconds} {bytes}"));

long Backup(string path, bool dryRun)
{
    using Agent agent = Agent.Open(args[0]);
    return agent.Backup(
        new BackupOptions { Paths = [path], DryRun = dryRun, OnEvent = _ => { } }, new Silent()).BytesRead;
}

internal sealed class Silent : IProgress<Progress>
{
    public void Report(Progress value) { }
}
