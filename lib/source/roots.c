#include "source/roots.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"

enum { PATH_LIMIT = 64 << 20 }; /* sanity, far over what systems take */

void
mrs_tree_spot_close(struct mrs_tree_spot *spot)
{
    mrs_tree_dir_close(spot->own);
    mrs_tree_dir_close(spot->parent);
    memset(spot, 0, sizeof *spot);
}

/* Open the directory that holds the last component; links above it are the user's own. */
static mars_status
open_parent(struct mrs_tree_dir **out, const char *path, size_t len, mars_error *err)
{
    char *parent = mrs_alloc(len + 3);
    mars_status st;

    *out = NULL;
    if (parent == NULL)
        return mrs_nomem(err);
    memcpy(parent, path, len);
    memcpy(parent + len, "/.", 2); /* the name itself may be a link: go through it */
    st = mrs_tree_open_root(out, parent, err);
    mrs_free(parent);
    return st;
}

/* own first: in a parent that may be passed but not listed there is no other way. */
mars_status
mrs_tree_spot_find(struct mrs_tree_spot *spot, const char *path, mars_error *err)
{
    const char *slash = strrchr(path, '/');
    mars_status st;

    memset(spot, 0, sizeof *spot);
    st = mrs_tree_open_root(&spot->own, path, err);
    if (st == MARS_OK) {
        st = mrs_tree_stat(spot->own, NULL, &spot->stat, err);
    } else if (st != MARS_ERR_NOT_FOUND && st != MARS_ERR_NOMEM && slash[1] != '\0') {
        st = open_parent(&spot->parent, path, (size_t)(slash - path), err);
        spot->name = slash + 1;
        if (st == MARS_OK)
            st = mrs_tree_stat(spot->parent, spot->name, &spot->stat, err);
    }
    if (st != MARS_OK)
        mrs_tree_spot_close(spot);
    return st;
}

static int
by_bytes(const void *x, const void *y)
{
    const struct mrs_tree_root *a = x;
    const struct mrs_tree_root *b = y;

    return strcmp(a->path, b->path);
}

static const struct mrs_tree_root *
find(const struct mrs_tree_roots *r, size_t n, char *path)
{
    struct mrs_tree_root key;

    memset(&key, 0, sizeof key);
    key.path = path;
    return n > 0 ? bsearch(&key, r->list, n, sizeof key, by_bytes) : NULL;
}

/* Would the walk of the root that path's first `len` bytes name come to path? Not through a link,
 * and not onto another file system where it is to stay on one. path is whole again afterwards. */
static mars_status
is_reached(char *path, size_t len, bool one_file_system, bool *reached, mars_error *err)
{
    size_t whole = strlen(path);
    size_t at = len > 1 ? len : 0; /* of the separator behind what is looked at */
    struct mrs_tree_spot spot;
    uint64_t fs_id = 0;

    *reached = true;
    for (bool first = true; *reached; first = false) {
        char kept = path[at];
        mars_status st;

        path[at] = '\0';
        st = mrs_tree_spot_find(&spot, at > 0 ? path : "/", err);
        path[at] = kept;
        if (st != MARS_OK)
            return st;
        fs_id = first ? spot.stat.fs_id : fs_id;
        *reached = (at == whole || spot.stat.kind == MRS_TREE_DIR) &&
                   (!one_file_system || spot.stat.fs_id == fs_id);
        mrs_tree_spot_close(&spot);
        if (at == whole)
            break;
        at += 1 + strcspn(path + at + 1, "/");
    }
    return MARS_OK;
}

/* Is path inside one of the first n roots, which are sorted? */
static mars_status
is_inside(const struct mrs_tree_roots *r, size_t n, char *path, bool one_file_system, bool *inside,
          mars_error *err)
{
    char root[] = "/";
    mars_status st = MARS_OK;

    *inside = false;
    if (path[1] != '\0' && find(r, n, root) != NULL)
        st = is_reached(path, 1, one_file_system, inside, err);
    for (size_t at = 1; st == MARS_OK && !*inside && path[at] != '\0'; at++) {
        bool outer;

        if (path[at] != '/')
            continue;
        path[at] = '\0';
        outer = find(r, n, path) != NULL;
        path[at] = '/';
        if (outer)
            st = is_reached(path, at, one_file_system, inside, err);
    }
    return st;
}

static void
free_root(struct mrs_tree_root *root)
{
    mrs_free(root->path);
    mrs_free(root->parent);
    memset(root, 0, sizeof *root);
}

void
mrs_tree_roots_free(struct mrs_tree_roots *r)
{
    for (size_t i = 0; i < r->n; i++)
        free_root(&r->list[i]);
    mrs_free(r->list);
    r->list = NULL;
    r->n = 0;
}

/* Sorted roots: drop what is there twice or inside another. */
static mars_status
drop_nested(struct mrs_tree_roots *r, bool one_file_system, mars_error *err)
{
    size_t all = r->n;
    size_t kept = 0;
    mars_status st = MARS_OK;

    for (size_t i = 0; i < all; i++) {
        struct mrs_tree_root *root = &r->list[i];
        bool drop = kept > 0 && by_bytes(&r->list[kept - 1], root) == 0;

        if (st == MARS_OK && !drop)
            st = is_inside(r, kept, root->path, one_file_system, &drop, err);
        if (drop) {
            free_root(root);
        } else if (kept++ != i) {
            r->list[kept - 1] = *root;
            memset(root, 0, sizeof *root);
        }
    }
    r->n = kept;
    if (st == MARS_OK && kept > MRS_POINT_MAX_ROOTS)
        st = mrs_fail(err, MARS_ERR_INVALID_ARG, "%zu paths, the most is %d", kept,
                      MRS_POINT_MAX_ROOTS);
    return st;
}

/* The components above the last one. */
static mars_status
cut_parent(struct mrs_tree_root *root, mars_error *err)
{
    size_t n = 0;

    for (size_t i = 1; i < root->len; i++)
        n += root->path[i] == '/';
    root->parent = mrs_alloc_array(n, sizeof *root->parent);
    if (root->parent == NULL)
        return mrs_nomem(err);
    for (size_t at = 1; root->n_parent < n;) {
        size_t len = strcspn(root->path + at, "/");

        root->parent[root->n_parent].p = (const uint8_t *)root->path + at;
        root->parent[root->n_parent++].n = len;
        at += len + 1;
    }
    if (root->len > 1)
        root->name_at = (size_t)(strrchr(root->path, '/') - root->path) + 1;
    return MARS_OK;
}

/* Absolute, and proven to exist. */
static mars_status
take_path(struct mrs_tree_root *root, struct mrs_slice given, mars_error *err)
{
    struct mrs_buf path = MRS_BUF_INIT(PATH_LIMIT);
    struct mrs_tree_spot spot;
    mars_status st = mrs_path_absolute((const char *)given.p, given.n, &path, err);

    if (st == MARS_OK) {
        root->path = mrs_strndup((const char *)path.data, path.len);
        root->len = path.len;
        st = root->path != NULL ? MARS_OK : mrs_nomem(err);
    }
    if (st == MARS_OK)
        st = cut_parent(root, err);
    if (st == MARS_OK)
        st = mrs_tree_spot_find(&spot, root->path, err);
    if (st == MARS_OK)
        mrs_tree_spot_close(&spot);
    mrs_buf_free(&path);
    return st;
}

mars_status
mrs_tree_roots_make(struct mrs_tree_roots *r, const struct mrs_slice *paths, size_t n,
                    bool one_file_system, mars_error *err)
{
    mars_status st = MARS_OK;

    r->n = 0;
    r->list = mrs_alloc_array(n, sizeof *r->list);
    if (r->list == NULL)
        return mrs_nomem(err);
    for (size_t i = 0; st == MARS_OK && i < n; i++)
        st = take_path(&r->list[r->n++], paths[i], err);
    if (st == MARS_OK && n > 0)
        qsort(r->list, r->n, sizeof *r->list, by_bytes);
    if (st == MARS_OK)
        st = drop_nested(r, one_file_system, err);
    if (st != MARS_OK)
        mrs_tree_roots_free(r);
    return st;
}
