namespace LibMars;

/// <summary>A part of a backup that needs the processor.</summary>
public enum BenchmarkWork
{
    /// <summary>Looking for cut points.</summary>
    Chunk = 1,
    /// <summary>Naming chunks: HMAC-SHA256.</summary>
    Hash = 2,
    /// <summary>Compressing chunks.</summary>
    Pack = 3,
    /// <summary>The way back.</summary>
    Unpack = 4,
    /// <summary>Encrypting and authenticating chunks: AES-256-GCM.</summary>
    Seal = 5,
    /// <summary>The way back.</summary>
    Open = 6,
}

/// <summary>One speed of this machine, in bytes a second.</summary>
/// <param name="Work">What was done; newer libraries may know more.</param>
/// <param name="Codec">Its name for <see cref="BenchmarkWork.Pack"/> and
/// <see cref="BenchmarkWork.Unpack"/>, else null.</param>
/// <param name="OneCore">On one core.</param>
/// <param name="AllCores">On all, together.</param>
public sealed record BenchmarkFigure(BenchmarkWork Work, string? Codec, long OneCore, long AllCores)
{
    internal static unsafe BenchmarkFigure From(mars_benchmark_figure* f)
    {
        return new BenchmarkFigure((BenchmarkWork)f->work, Utf8.TextOrNull(f->codec),
            (long)f->one_core, (long)f->all_cores);
    }
}

/// <summary>Measures this machine. Needs no agent, reads and writes no file.</summary>
public static unsafe class Benchmark
{
    /// <summary>Measures how fast this machine does the parts of a backup that need the
    /// processor.</summary>
    /// <param name="workers">Threads of all cores; 0: one a core; at most 256.</param>
    /// <param name="figureMilliseconds">How long each figure is measured, twice; 0: 250.</param>
    /// <param name="progress">Its files are measurements, two a figure; null: silent.</param>
    /// <param name="cancellationToken">Ends the call soon.</param>
    public static IReadOnlyList<BenchmarkFigure> Run(int workers = 0, int figureMilliseconds = 0,
        IProgress<Progress>? progress = null, CancellationToken cancellationToken = default)
    {
        var figures = new List<BenchmarkFigure>();
        using var call = new Call(null, progress, figure => {
            figures.Add(BenchmarkFigure.From((mars_benchmark_figure*)figure));
            return true;
        }, cancellationToken);
        mars_benchmark_options o = new() {
            struct_size = (uint)sizeof(mars_benchmark_options),
            workers = checked((uint)workers),
            figure_ms = checked((uint)figureMilliseconds),
            figure = Call.VisitAll,
            figure_user = call.User,
            progress = call.Progress,
            progress_user = call.User,
            cancel = call.CancelPointer,
        };
        mars_error err;
        call.Check(Native.mars_benchmark(&o, null, &err), &err);
        return figures;
    }
}
