namespace LibMars;

/// <summary>One recovery point.</summary>
/// <param name="Id">In hex.</param>
/// <param name="Item">What was backed up.</param>
/// <param name="Machine">The machine's name.</param>
/// <param name="MachineId">In hex.</param>
/// <param name="Started">When the backup began.</param>
/// <param name="Finished">When it ended.</param>
/// <param name="Entries">How many names are in it.</param>
/// <param name="Bytes">Sizes of its files.</param>
/// <param name="FilesSkipped">Files that are not, or not wholly, in it.</param>
/// <param name="BytesAdded">To the vault.</param>
/// <param name="Roots">Absolute paths as backed up.</param>
/// <param name="IsHead">True if no other point of the item was made after seeing it.</param>
public sealed record PointInfo(
    string Id, string Item, string Machine, string MachineId, DateTimeOffset Started,
    DateTimeOffset Finished, long Entries, long Bytes, long FilesSkipped, long BytesAdded,
    IReadOnlyList<MarsPath> Roots, bool IsHead)
{
    internal static unsafe PointInfo From(mars_point_info* p)
    {
        var roots = new MarsPath[p->n_roots];
        for (int i = 0; i < roots.Length; i++)
            roots[i] = MarsPath.From(p->roots[i], p->root_lens[i]);
        return new PointInfo(Utf8.Text(p->id), Utf8.Text(p->item), Utf8.Text(p->machine),
            Utf8.Text(p->machine_id), Times.Unix(p->started), Times.Unix(p->finished), (long)p->entries, (long)p->bytes,
            (long)p->files_skipped, (long)p->bytes_added, roots, p->is_head != 0);
    }
}
