using System.Diagnostics;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Xunit;

namespace LibMars.Tests;

/// <summary>What the C compiler makes of include/mars, and what this package made of it by
/// hand.</summary>
public sealed partial class LayoutTests : IDisposable
{
    private static readonly string Include = Path.Combine(
        Environment.GetEnvironmentVariable("MARS_PREFIX") ?? "/usr/local", "include");
    private readonly string directory = Directory.CreateTempSubdirectory("mars-layout-").FullName;

    private static IEnumerable<Type> Structs => typeof(Agent).Assembly.GetTypes()
        .Where(type => type.IsValueType && type.Name.StartsWith("mars_", StringComparison.Ordinal));

    [Fact]
    public void Structs_have_the_sizes_and_offsets_of_c()
    {
        var asked = new List<string>();
        var here = new List<int>();
        foreach (Type type in Structs) {
            asked.Add($"sizeof({type.Name})");
            here.Add(Marshal.SizeOf(type));
            foreach (FieldInfo field in type.GetFields()) {
                asked.Add($"offsetof({type.Name}, {field.Name})");
                here.Add((int)Marshal.OffsetOf(type, field.Name));
                asked.Add($"sizeof((({type.Name} *)0)->{field.Name})");
                here.Add(SizeOf(field));
            }
        }
        Assert.Equal(asked.Zip(here, (what, n) => $"{what} {n}"), Ask(asked));
    }

    [Fact]
    public void Each_struct_of_the_headers_is_here()
    {
        IEnumerable<string> there = Directory.EnumerateFiles(Path.Combine(Include, "mars"), "*.h")
            .SelectMany(path => StructName().Matches(File.ReadAllText(path)))
            .Select(match => match.Groups[1].Value);
        Assert.Equal(there.Order(), Structs.Select(type => type.Name).Order());
    }

    [Fact]
    public void Values_are_those_of_c()
    {
        (string Name, long Value)[] values = [.. Constants.All];
        Assert.Equal(values.Select(v => $"{v.Name} {v.Value}"), Ask(values.Select(v => v.Name)));
    }

    public void Dispose()
    {
        Directory.Delete(directory, true);
    }

    private static int SizeOf(FieldInfo field)
    {
        FixedBufferAttribute? array = field.GetCustomAttribute<FixedBufferAttribute>();
        if (array != null)
            return array.Length * Marshal.SizeOf(array.ElementType);
        Type type = field.FieldType;
        return type.IsPointer || type.IsFunctionPointer ? IntPtr.Size : Marshal.SizeOf(type);
    }

    /// <summary>Each expression with its value, as a C program prints them.</summary>
    private string[] Ask(IEnumerable<string> expressions)
    {
        string source = Path.Combine(directory, "ask.c"), program = Path.Combine(directory, "ask");
        File.WriteAllLines(source, [
            "#include <stdio.h>", "#include <mars/mars.h>", "int main(void) {",
            .. expressions.Select(e => $"printf(\"%s %lld\\n\", \"{e}\", (long long)({e}));"),
            "return 0; }"]);
        string compiler = Environment.GetEnvironmentVariable("CC") ?? "cc";
        Run(compiler, "-I" + Include, "-o", program, source);
        return Run(program).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static string Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(
            new ProcessStartInfo(program, arguments) {
                RedirectStandardOutput = true, RedirectStandardError = true,
            })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, process.StandardError.ReadToEnd());
        return output;
    }

    [GeneratedRegex(@"^typedef struct (mars_\w+) \{", RegexOptions.Multiline)]
    private static partial Regex StructName();
}
