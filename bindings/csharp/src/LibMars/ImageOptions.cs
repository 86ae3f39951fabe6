namespace LibMars;

/// <summary>Fills the buffer with the image's bytes at the offset, all of it.</summary>
public delegate void ReadImage(ulong offset, Span<byte> buffer);

/// <summary>Finds the next bytes that hold data, at or behind the offset: from Start up to End, and
/// not End itself. Null: there are none.</summary>
public delegate (ulong Start, ulong End)? NextData(ulong offset);

/// <summary>Finds the next bytes that may have changed since the recovery point of this id was
/// made, at or behind the offset: as <see cref="NextData"/>.</summary>
public delegate (ulong Start, ulong End)? NextChange(string since, ulong offset);

/// <summary>
/// A disk, or what holds one: a block device, a file, or functions. The functions are called on the
/// thread that adds the image. What one throws ends the image and is thrown to the caller.
/// </summary>
public sealed class ImageOptions
{
    /// <summary>Its file name in the point: one component, unique in the session.</summary>
    public required MarsPath Name { get; init; }

    /// <summary>A regular file or block device; without it <see cref="Size"/> bytes come from
    /// <see cref="Read"/>.</summary>
    public MarsPath Path { get; init; }

    /// <summary>Bytes, where there is no path.</summary>
    public ulong Size { get; init; }

    /// <summary>Where there is no path.</summary>
    public ReadImage? Read { get; init; }

    /// <summary>What lies between is not read: zeros. Null: of a path the system tells, else all is
    /// data.</summary>
    public NextData? Data { get; init; }

    /// <summary>
    /// Only blocks with changed bytes are read; the others are taken from the image of the same
    /// name in the item's newest point, whose id it gets. Null: all is read.
    /// </summary>
    public NextChange? Changed { get; init; }

    /// <summary>Asked once, before <see cref="Changed"/>: whether it is known what changed since
    /// the recovery point of this id. False: all is read. Null: it always is.</summary>
    public Func<string, bool>? KnowsChangesSince { get; init; }

    internal unsafe mars_image_options Native(Arguments args, ImageCall call)
    {
        return new mars_image_options {
            struct_size = (uint)sizeof(mars_image_options),
            name = args.Path(Name.Required(nameof(Name))),
            path = args.Path(Path),
            size = Size,
            read = Read == null ? null : ImageCall.Read,
            data = Data == null ? null : ImageCall.Data,
            changed = Changed == null ? null : ImageCall.Changed,
            user = call.User,
        };
    }
}
