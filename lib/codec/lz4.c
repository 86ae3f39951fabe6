#include <limits.h>

#include <lz4.h>
#include <lz4hc.h>

#include "base/alloc.h"
#include "base/err.h"
#include "codec/codec_int.h"

static void *
working_memory(void **at, int size)
{
    if (*at == NULL)
        *at = mrs_alloc((size_t)size);
    return *at;
}

mars_status
mrs_lz4_pack(struct mrs_codec_state *s, uint32_t level, const void *data, size_t n, void *out,
             size_t room, size_t *packed, mars_error *err)
{
    bool high = level != MRS_LZ4_FAST;
    void *memory = high ? working_memory(&s->lz4_high, LZ4_sizeofStateHC())
                        : working_memory(&s->lz4, LZ4_sizeofState());
    int got = 0;

    *packed = 0;
    if (memory == NULL)
        return mrs_nomem(err);
    if (n > LZ4_MAX_INPUT_SIZE || room > INT_MAX)
        return MARS_OK;
    got = high ? LZ4_compress_HC_extStateHC(memory, data, out, (int)n, (int)room, (int)level)
               : LZ4_compress_fast_extState(memory, data, out, (int)n, (int)room, 1);
    *packed = got > 0 ? (size_t)got : 0;
    return MARS_OK;
}

bool
mrs_lz4_unpack(const void *packed, size_t n, void *out, size_t raw_len)
{
    return n <= INT_MAX && raw_len <= INT_MAX &&
           LZ4_decompress_safe(packed, out, (int)n, (int)raw_len) == (int)raw_len;
}
