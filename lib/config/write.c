#include "config/doc.h"

#include <string.h>
#include <yaml.h>

#include "base/err.h"
#include "config/entries.h"

struct writing {
    yaml_emitter_t yaml;
    struct mrs_buf *out;
    size_t start; /* length of out before */
    mars_error *err;
    mars_status st; /* MARS_OK, or why nothing more is written */
};

static int
take(void *user, unsigned char *bytes, size_t n)
{
    struct writing *w = user;

    if (w->st != MARS_OK)
        return 0;
    if (n > MRS_DOC_TEXT_MAX - (w->out->len - w->start))
        w->st = mrs_fail(w->err, MARS_ERR_INVALID_ARG, "text longer than %d bytes",
                         MRS_DOC_TEXT_MAX);
    else
        w->st = mrs_buf_append(w->out, bytes, n, w->err);
    return w->st == MARS_OK;
}

/* Hand over an event, which libyaml frees in every case. `made`: what its initialiser said. */
static void
emit(struct writing *w, yaml_event_t *event, int made)
{
    if (w->st != MARS_OK) {
        if (made)
            yaml_event_delete(event);
        return;
    }
    if ((!made || !yaml_emitter_emit(&w->yaml, event)) && w->st == MARS_OK)
        w->st = made && w->yaml.error != YAML_MEMORY_ERROR
                    ? mrs_fail(w->err, MARS_ERR_INTERNAL, "writing YAML: %s",
                               w->yaml.problem != NULL ? w->yaml.problem : "unknown")
                    : mrs_nomem(w->err);
}

/* Keys that no YAML reader takes for anything but a string stay without quotes. */
static bool
is_plain_key(const char *s)
{
    static const char *const words[] = { "y",  "yes", "n",  "no",   "true", "false",
                                         "on", "off", "null" };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(s, words[i]) == 0)
            return false;
    return s[0] >= 'a' && s[0] <= 'z'
           && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_.-") == strlen(s);
}

static void
emit_scalar(struct writing *w, const char *s, bool plain)
{
    yaml_event_t event;
    int made = yaml_scalar_event_initialize(
        &event, NULL, NULL, (const yaml_char_t *)s, (int)strlen(s), 1, 1,
        plain ? YAML_PLAIN_SCALAR_STYLE : YAML_DOUBLE_QUOTED_SCALAR_STYLE);

    emit(w, &event, made);
}

static void
emit_document(struct writing *w, const struct mrs_doc *doc)
{
    yaml_event_t event;

    emit(w, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING));
    emit(w, &event, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1));
    emit(w, &event,
         yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE));
    for (size_t i = 0; i < doc->entries.len; i++) {
        const struct mrs_doc_entry *e = mrs_vec_at(&doc->entries, i);

        emit_scalar(w, e->key, is_plain_key(e->key));
        emit_scalar(w, e->value, e->number);
    }
    emit(w, &event, yaml_mapping_end_event_initialize(&event));
    emit(w, &event, yaml_document_end_event_initialize(&event, 1));
    emit(w, &event, yaml_stream_end_event_initialize(&event));
}

mars_status
mrs_doc_write(const struct mrs_doc *doc, struct mrs_buf *out, mars_error *err)
{
    struct writing w;

    memset(&w, 0, sizeof w);
    w.out = out;
    w.start = out->len;
    w.err = err;
    if (!yaml_emitter_initialize(&w.yaml))
        return mrs_nomem(err);
    yaml_emitter_set_output(&w.yaml, take, &w);
    yaml_emitter_set_unicode(&w.yaml, 1);
    yaml_emitter_set_width(&w.yaml, -1);
    emit_document(&w, doc);
    yaml_emitter_delete(&w.yaml);
    if (w.st != MARS_OK)
        out->len = w.start;
    return w.st;
}
