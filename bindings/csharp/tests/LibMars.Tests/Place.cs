using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Xunit;

// Tests count what the process holds.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace LibMars.Tests;

/// <summary>A directory for a test, with a vault beside the machines that use it.</summary>
public class Place : IDisposable
{
    public const string Passphrase = "correct horse battery staple";
    private Agent? agent;

    public Place() : this(null, null) { }

    protected Place(string? url, StoreOptions? store)
    {
        Root = Directory.CreateTempSubdirectory("mars-csharp-").FullName;
        Url = url ?? "file://" + At("vault");
        Store = store;
    }

    /// <summary>
    /// A place with a machine that is registered already: a copy of one, whose state then names
    /// the new place. Registering takes half a second of the processor for the passphrase.
    /// </summary>
    public static Place Ready()
    {
        var place = new Place();
        foreach (string name in (string[])["vault", "machine"])
            Run("cp", "-a", Model.Value.At(name), place.Root);
        string state = place.At("machine", "agent.yaml");
        File.WriteAllText(state,
            File.ReadAllText(state).Replace(Model.Value.Root, place.Root, StringComparison.Ordinal));
        place.agent = Agent.Open(place.At("machine"));
        return place;
    }

    private static readonly Lazy<Place> Model = new(() => {
        var place = new Place();
        place.Agent.Dispose();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => place.Dispose();
        return place;
    });

    public string Root { get; }

    public string Url { get; }

    public StoreOptions? Store { get; }

    public string Credentials => At("new.vaultCredentials");

    /// <summary>A registered machine, made when it is first asked for.</summary>
    public Agent Agent => agent ??= Register("machine");

    public string At(params string[] names)
    {
        return Path.Combine([Root, .. names]);
    }

    public Agent Register(string name)
    {
        if (!File.Exists(Credentials)) {
            Vault.Create(Url, new VaultOptions { Store = Store });
            Vault.IssueCredentials(Url, Credentials, new CredentialsOptions { Store = Store });
        }
        return Agent.Register(At(name), Credentials, Passphrase, new RegisterOptions {
            Name = name,
            Store = Store == null ? null : new StoreOptions { AllowHttp = Store.AllowHttp },
        });
    }

    /// <summary>A few files, also large and empty ones, and a link.</summary>
    public string MakeTree(string name = "tree")
    {
        string top = At(name);
        Directory.CreateDirectory(Path.Combine(top, "sub", "empty"));
        File.WriteAllText(Path.Combine(top, "hello.txt"), "hello, world\n");
        File.WriteAllText(Path.Combine(top, "sub", "grüße.txt"), "Grüße");
        File.WriteAllBytes(Path.Combine(top, "sub", "none"), []);
        File.WriteAllBytes(Path.Combine(top, "large"), Noise(3_000_000, 1));
        File.CreateSymbolicLink(Path.Combine(top, "link"), "hello.txt");
        return top;
    }

    public static byte[] Noise(int length, int seed)
    {
        var bytes = new byte[length];
#pragma warning disable CA5394 // content of a test
        new Random(seed).NextBytes(bytes);
#pragma warning restore CA5394
        return bytes;
    }

    /// <summary>A file whose name need not be UTF-8.</summary>
    public static void WriteFile(byte[] path, string text)
    {
        int fd = creat([.. path, 0], 0b110_100_100);
        Assert.True(fd >= 0);
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Assert.Equal(bytes.Length, write(fd, bytes, bytes.Length));
        Assert.Equal(0, close(fd));
    }

    /// <summary>How many recovery points lie in the vault.</summary>
    public int Points()
    {
        return Objects("/points/").Count();
    }

    /// <summary>Flips a byte in the middle of each object of the vault whose name has this in
    /// it.</summary>
    public void Damage(string part)
    {
        string[] found = [.. Objects(part)];
        Assert.NotEmpty(found);
        foreach (string path in found) {
            byte[] bytes = File.ReadAllBytes(path);
            bytes[bytes.Length / 2] ^= 1;
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            File.WriteAllBytes(path, bytes);
        }
    }

    private IEnumerable<string> Objects(string part)
    {
        return Directory.EnumerateFiles(At("vault"), "*", SearchOption.AllDirectories)
            .Where(path => path.Contains(part, StringComparison.Ordinal));
    }

    public void Dispose()
    {
        agent?.Dispose();
        // .NET could not name all that is in there.
        Run("rm", "-rf", "--", Root);
        GC.SuppressFinalize(this);
    }

    private static void Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(program, arguments);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }

#pragma warning disable SYSLIB1054, CA2101, CA5392 // three calls of a test
    [DllImport("libc")]
    private static extern int creat(byte[] path, uint mode);

    [DllImport("libc")]
    private static extern nint write(int fd, byte[] data, nint length);

    [DllImport("libc")]
    private static extern int close(int fd);
#pragma warning restore SYSLIB1054, CA2101, CA5392
}

/// <summary>A vault in Azure Blob Storage, as the runner of the tests gives it.</summary>
public sealed class AzurePlace : Place
{
    private static int number;

    public AzurePlace() : base(
        $"{Environment.GetEnvironmentVariable("MARS_TEST_AZURE_URL")}/csharp{++number}",
        new StoreOptions {
            Endpoint = Environment.GetEnvironmentVariable("MARS_TEST_AZURE_ENDPOINT"),
            AccountKey = Environment.GetEnvironmentVariable("MARS_TEST_AZURE_KEY"),
        })
    { }
}

/// <summary>A test that needs the runner's server of Azure Blob Storage.</summary>
public sealed class AzureFactAttribute : FactAttribute
{
    public AzureFactAttribute()
    {
        if (Environment.GetEnvironmentVariable("MARS_TEST_AZURE_URL") == null)
            Skip = "MARS_TEST_AZURE_URL is not set";
    }
}

/// <summary>Progress that is told at once, on the thread that makes the call.</summary>
public sealed class AtOnce(Action<Progress> told) : IProgress<Progress>
{
    public void Report(Progress value)
    {
        told(value);
    }
}
