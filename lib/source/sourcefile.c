#include "base/err.h"
#include "source/source.h"

mars_status
mrs_source_read(const struct mrs_source_file *f, uint64_t offset, void *out, size_t n, size_t *got,
                mars_error *err)
{
    const mars_source *s = f->source;
    mars_error own, *why = err != NULL ? err : &own;
    uint64_t read = 0;
    mars_status st;

    mrs_error_clear(why);
    st = mrs_answered(s->read(s->user, f->file, offset, out, n, &read, why), "the source's read",
                      why);
    if (st == MARS_OK && read > n)
        st = mrs_fail(why, MARS_ERR_INVALID_ARG, "the source's read: more than was asked for");
    *got = st == MARS_OK ? (size_t)read : 0;
    return st;
}

mars_status
mrs_source_extent(const struct mrs_source_file *f, uint64_t offset, uint64_t *start, uint64_t *end,
                  mars_error *err)
{
    const mars_source *s = f->source;
    mars_error own, *why = err != NULL ? err : &own;
    mars_status st;

    *start = *end = f->size;
    if (s->extent == NULL) {
        *start = offset < f->size ? offset : f->size;
        return MARS_OK;
    }
    mrs_error_clear(why);
    st = mrs_answered(s->extent(s->user, f->file, offset, start, end, why), "the source's extent",
                      why);
    if (st == MARS_OK && (*start < offset || *end < *start || *end > f->size ||
                          (*start == *end && *end != f->size)))
        st = mrs_fail(why, MARS_ERR_INVALID_ARG, "the source's extent: [%llu, %llu) of %llu",
                      (unsigned long long)*start, (unsigned long long)*end,
                      (unsigned long long)f->size);
    return st;
}

mars_status
mrs_source_changed(const struct mrs_source_file *f, bool *changed, mars_error *err)
{
    const mars_source *s = f->source;
    mars_error own, *why = err != NULL ? err : &own;
    uint32_t was = 0;
    mars_status st = MARS_OK;

    mrs_error_clear(why);
    if (s->changed != NULL)
        st = mrs_answered(s->changed(s->user, f->file, &was, why), "the source's changed", why);
    *changed = was != 0;
    return st;
}

void
mrs_source_close(struct mrs_source_file *f)
{
    if (f->source != NULL)
        f->source->close(f->source->user, f->file);
    f->source = NULL;
}
