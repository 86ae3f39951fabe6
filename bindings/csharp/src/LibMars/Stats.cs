namespace LibMars;

/// <summary>What a domain holds: all machines that share it. <see cref="Bytes"/> by
/// <see cref="ChunkBytes"/> is what deduplication saves, these by <see cref="PackBytes"/> what
/// compression does.</summary>
/// <param name="Points">Recovery points that can be read.</param>
/// <param name="Items">That have at least one of them.</param>
/// <param name="Entries">Names in the points, each point counted in full.</param>
/// <param name="Bytes">Of their files, holes included, each point counted in full.</param>
/// <param name="Chunks">Different ones.</param>
/// <param name="ChunkBytes">Of these, before compression, each once.</param>
/// <param name="Packs">That the index names.</param>
/// <param name="PackBytes">As they are stored.</param>
/// <param name="Objects">Of the domain in the store, whatever they are.</param>
/// <param name="ObjectBytes">The room that the domain takes.</param>
/// <param name="IndexObjects">Of these, those of the index.</param>
/// <param name="IndexBytes">Of these.</param>
public sealed record Stats(
    long Points, long Items, long Entries, long Bytes, long Chunks, long ChunkBytes, long Packs,
    long PackBytes, long Objects, long ObjectBytes, long IndexObjects, long IndexBytes)
{
    internal static unsafe Stats From(mars_stats* s)
    {
        return new Stats((long)s->points, (long)s->items, (long)s->entries, (long)s->bytes,
            (long)s->chunks, (long)s->chunk_bytes, (long)s->packs, (long)s->pack_bytes,
            (long)s->objects, (long)s->object_bytes, (long)s->index_objects,
            (long)s->index_bytes);
    }
}
