#include "repo/packfile.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"

/* Bytes go to the store and into the digest that will be the pack's name. */
static mars_status
append(struct mrs_packfile *p, const void *data, size_t n, mars_error *err)
{
    mars_status st = mrs_upload_append(p->upload, data, n, err);

    if (st == MARS_OK)
        st = mrs_sha256_update(p->digest, data, n, err);
    if (st == MARS_OK)
        p->size += n;
    return st;
}

mars_status
mrs_packfile_begin(struct mrs_packfile *p, struct mrs_domain *d, uint8_t kind,
                   const uint8_t session[16], mars_error *err)
{
    struct mrs_header h = { .kind = kind, .mode = MRS_MODE_SYMMETRIC };
    uint8_t object_key[MRS_KEY_SIZE];
    struct mrs_key key;
    mars_status st;

    memset(p, 0, sizeof *p);
    p->kind = kind;
    p->blobs = (struct mrs_vec)MRS_VEC_INIT(struct mrs_blob);
    memcpy(h.writer_id, session, sizeof h.writer_id);
    st = mrs_keyring_newest(d->keys, MRS_KEY_DATA, &key, err);
    if (st == MARS_OK)
        st = mrs_object_new_key(&h, &key, object_key, err);
    if (st == MARS_OK)
        st = mrs_aead_new(&p->aead, object_key, err);
    if (st == MARS_OK)
        st = mrs_sha256_new(&p->digest, err);
    if (st == MARS_OK)
        st = mrs_store_begin(d->store, session, &p->upload, err);
    if (st == MARS_OK) {
        mrs_header_encode(&h, p->header);
        st = append(p, p->header, sizeof p->header, err);
    }
    mrs_wipe(&key, sizeof key);
    mrs_wipe(object_key, sizeof object_key);
    return st;
}

mars_status
mrs_packfile_append(struct mrs_packfile *p, const struct mrs_blob *b, const uint8_t *sealed,
                    mars_error *err)
{
    struct mrs_blob *entry = mrs_vec_add(&p->blobs);

    if (entry == NULL)
        return mrs_nomem(err);
    *entry = *b;
    entry->offset = p->size;
    return append(p, sealed, b->sealed_len, err);
}

static mars_status
write_zeros(struct mrs_packfile *p, uint64_t n, mars_error *err)
{
    static const uint8_t zeros[4096];
    mars_status st = MARS_OK;

    while (st == MARS_OK && n > 0) {
        size_t step = n < sizeof zeros ? (size_t)n : sizeof zeros;

        st = append(p, zeros, step, err);
        n -= step;
    }
    return st;
}

uint64_t
mrs_packfile_tail(uint64_t blobs)
{
    return blobs * MRS_PACK_ENTRY_SIZE + MRS_TAG_SIZE + MRS_PACK_FOOTER_SIZE;
}

/* Padding, sealed directory, footer. */
static mars_status
write_tail(struct mrs_packfile *p, mars_error *err)
{
    size_t dir_len = p->blobs.len * MRS_PACK_ENTRY_SIZE + MRS_TAG_SIZE;
    struct mrs_buf dir = MRS_BUF_INIT(dir_len);
    struct mrs_pack_footer footer = { .dir_len = (uint32_t)dir_len,
                                      .count = (uint32_t)p->blobs.len,
                                      .blobs_len = p->size - MRS_HEADER_SIZE };
    uint8_t aad[MRS_HEADER_SIZE + MRS_PACK_FOOTER_SIZE];
    uint64_t bare = p->size + mrs_packfile_tail(p->blobs.len), padded = mrs_padme(bare);
    mars_status st;

    footer.padding = padded - bare; /* 4 GiB is a PADMÉ size itself */
    memcpy(aad, p->header, MRS_HEADER_SIZE);
    mrs_pack_footer_encode(&footer, aad + MRS_HEADER_SIZE);
    st = mrs_pack_dir_encode(p->blobs.items, p->blobs.len, &dir, err);
    if (st == MARS_OK)
        st = mrs_buf_resize(&dir, dir_len, err);
    if (st == MARS_OK)
        st = mrs_aead_seal(p->aead, MRS_PACK_DIR_COUNTER, aad, sizeof aad, dir.data,
                           dir_len - MRS_TAG_SIZE, dir.data, err);
    if (st == MARS_OK)
        st = write_zeros(p, footer.padding, err);
    if (st == MARS_OK)
        st = append(p, dir.data, dir.len, err);
    if (st == MARS_OK)
        st = append(p, aad + MRS_HEADER_SIZE, MRS_PACK_FOOTER_SIZE, err);
    mrs_buf_free(&dir);
    return st;
}

/* The upload was not, or may not have been, what made the object. The digest is its name: who has
 * the name has the bytes. */
static bool
is_there(struct mrs_store *store, const char *name, uint64_t size)
{
    struct mrs_object_info info;

    return mrs_store_stat(store, name, &info, NULL) == MARS_OK && info.size == size;
}

static mars_status
commit(struct mrs_packfile *p, struct mrs_domain *d, const uint8_t digest[32], mars_error *err)
{
    char relative[MRS_OBJECT_NAME_MAX], name[MRS_OBJECT_NAME_MAX];
    struct mrs_upload *upload = p->upload;
    mars_status st;

    mrs_name_pack(relative, p->kind, digest);
    mrs_name_in_domain(name, d->keys->domain, relative);
    p->upload = NULL;
    st = mrs_upload_commit(upload, name, err);
    if ((st == MARS_ERR_EXISTS || st == MARS_ERR_NETWORK) && is_there(d->store, name, p->size)) {
        mrs_error_clear(err);
        st = MARS_OK;
    }
    return st;
}

mars_status
mrs_packfile_publish(struct mrs_packfile *p, struct mrs_domain *d, struct mrs_finished_pack *done,
                     mars_error *err)
{
    mars_status st = write_tail(p, err);

    memset(done, 0, sizeof *done);
    if (st == MARS_OK)
        st = mrs_sha256_finish(p->digest, done->name, err);
    if (st == MARS_OK)
        st = commit(p, d, done->name, err);
    if (st != MARS_OK)
        return st;
    done->kind = p->kind;
    done->size = p->size;
    done->blobs = p->blobs.items;
    done->count = p->blobs.len;
    p->blobs = (struct mrs_vec)MRS_VEC_INIT(struct mrs_blob);
    return MARS_OK;
}

void
mrs_packfile_drop(struct mrs_packfile *p)
{
    mrs_upload_abandon(p->upload);
    mrs_sha256_free(p->digest);
    mrs_aead_free(p->aead);
    mrs_vec_free(&p->blobs);
}
