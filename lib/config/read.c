/* Parsing, on libyaml's events rather than its documents: aliases are seen before anything is
 * expanded, and limits are checked before anything is kept. */
#include "config/doc.h"

#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "base/alloc.h"
#include "base/err.h"
#include "config/entries.h"

struct reading {
    yaml_parser_t yaml;
    yaml_event_t event; /* the newest */
    struct mrs_doc *doc;
    char key[MRS_DOC_KEY_MAX + 1]; /* the dotted key so far */
    mars_error *err;
};

static mars_status
refuse(const struct reading *r, const yaml_mark_t *at, const char *why)
{
    return mrs_fail(r->err, MARS_ERR_CORRUPT, "line %zu, column %zu: %s", at->line + 1,
                    at->column + 1, why);
}

/* libyaml gives bytes that are not UTF-8 an offset only; its text is pure ASCII up to there or
 * wrong by some columns, which does not matter to someone who looks for the bad byte. */
static yaml_mark_t
mark_of_offset(const char *text, size_t len, size_t offset)
{
    yaml_mark_t at = { 0, 0, 0 };

    for (size_t i = 0; i < offset && i < len; i++) {
        at.column++;
        if (text[i] == '\n') {
            at.line++;
            at.column = 0;
        }
    }
    return at;
}

static mars_status
parser_failed(const struct reading *r)
{
    const yaml_parser_t *y = &r->yaml;
    const char *why = y->problem != NULL ? y->problem : "not YAML";
    yaml_mark_t at = y->problem_mark;

    if (y->error == YAML_MEMORY_ERROR)
        return mrs_nomem(r->err);
    if (y->error == YAML_READER_ERROR) {
        const unsigned char *start = y->input.string.start;

        at = mark_of_offset((const char *)start, (size_t)(y->input.string.end - start),
                            y->problem_offset);
    }
    return refuse(r, &at, why);
}

/* What a document of plain strings has no use for, and what makes small texts large. */
static const char *
extras(const yaml_event_t *e)
{
    const yaml_char_t *anchor = NULL, *tag = NULL;

    switch (e->type) {
    case YAML_ALIAS_EVENT:
        return "aliases are not allowed";
    case YAML_SCALAR_EVENT:
        anchor = e->data.scalar.anchor;
        tag = e->data.scalar.tag;
        break;
    case YAML_SEQUENCE_START_EVENT:
        anchor = e->data.sequence_start.anchor;
        tag = e->data.sequence_start.tag;
        break;
    case YAML_MAPPING_START_EVENT:
        anchor = e->data.mapping_start.anchor;
        tag = e->data.mapping_start.tag;
        break;
    case YAML_DOCUMENT_START_EVENT:
        if (e->data.document_start.tag_directives.start
            != e->data.document_start.tag_directives.end)
            return "tags are not allowed";
        break;
    default:
        break;
    }
    if (anchor != NULL)
        return "anchors are not allowed";
    return tag != NULL ? "tags are not allowed" : NULL;
}

static mars_status
next(struct reading *r)
{
    const char *why;

    yaml_event_delete(&r->event);
    if (!yaml_parser_parse(&r->yaml, &r->event))
        return parser_failed(r);
    why = extras(&r->event);
    return why != NULL ? refuse(r, &r->event.start_mark, why) : MARS_OK;
}

/* Go on, and stop unless the next event is of this type. */
static mars_status
expect(struct reading *r, yaml_event_type_t type, const char *why)
{
    mars_status st = next(r);

    if (st == MARS_OK && r->event.type != type)
        return refuse(r, &r->event.start_mark, why);
    return st;
}

static mars_status
push_key(struct reading *r, const char *part, size_t len)
{
    size_t used = strlen(r->key);
    size_t dot = used > 0;

    if (len == 0 || memchr(part, '\0', len) != NULL)
        return refuse(r, &r->event.start_mark, "a key is empty or has a NUL character in it");
    if (len + dot > MRS_DOC_KEY_MAX - used)
        return refuse(r, &r->event.start_mark, "key too long");
    if (dot)
        r->key[used] = '.';
    memcpy(r->key + used + dot, part, len);
    r->key[used + dot + len] = '\0';
    return MARS_OK;
}

/* Keep the scalar of the newest event under the key; `at` is where a person would look for it. */
static mars_status
keep(struct reading *r, const yaml_mark_t *at)
{
    const char *value = (const char *)r->event.data.scalar.value;
    size_t len = r->event.data.scalar.length;
    struct mrs_doc_entry *e;

    if (len > MRS_DOC_VALUE_MAX)
        return refuse(r, &r->event.start_mark, "value too long");
    if (memchr(value, '\0', len) != NULL)
        return refuse(r, &r->event.start_mark, "a value has a NUL character in it");
    if (r->doc->entries.len == MRS_DOC_KEYS_MAX)
        return refuse(r, at, "too many keys");
    if (mrs_doc_find(r->doc, r->key) != NULL)
        return refuse(r, at, "duplicate key");
    e = mrs_doc_add(r->doc, r->key, value, len);
    if (e == NULL)
        return mrs_nomem(r->err);
    e->line = at->line + 1;
    e->column = at->column + 1;
    return MARS_OK;
}

static mars_status
read_sequence(struct reading *r)
{
    size_t used = strlen(r->key);
    mars_status st = next(r);

    for (size_t i = 0; st == MARS_OK && r->event.type != YAML_SEQUENCE_END_EVENT; i++) {
        yaml_mark_t at = r->event.start_mark;
        char number[24];
        int n = snprintf(number, sizeof number, "%zu", i);

        if (r->event.type != YAML_SCALAR_EVENT)
            return refuse(r, &at, "a list may hold single values only");
        st = push_key(r, number, (size_t)n);
        if (st == MARS_OK)
            st = keep(r, &at);
        r->key[used] = '\0';
        if (st == MARS_OK)
            st = next(r);
    }
    return st;
}

static mars_status read_mapping(struct reading *r, int depth);

static mars_status
read_value(struct reading *r, const yaml_mark_t *at, int depth)
{
    mars_status st = next(r);

    if (st != MARS_OK)
        return st;
    if (r->event.type == YAML_SCALAR_EVENT)
        return keep(r, at);
    if (r->event.type == YAML_SEQUENCE_START_EVENT)
        return read_sequence(r);
    if (depth == MRS_DOC_DEPTH_MAX)
        return refuse(r, &r->event.start_mark, "nested too deep");
    return read_mapping(r, depth + 1);
}

/* Behind the event that starts it; ends on the one that ends it. */
static mars_status
read_mapping(struct reading *r, int depth)
{
    size_t used = strlen(r->key);
    mars_status st = next(r);

    while (st == MARS_OK && r->event.type != YAML_MAPPING_END_EVENT) {
        yaml_mark_t at = r->event.start_mark;

        if (r->event.type != YAML_SCALAR_EVENT)
            return refuse(r, &at, "a key must be a single value");
        st = push_key(r, (const char *)r->event.data.scalar.value, r->event.data.scalar.length);
        if (st == MARS_OK)
            st = read_value(r, &at, depth);
        r->key[used] = '\0';
        if (st == MARS_OK)
            st = next(r);
    }
    return st;
}

static mars_status
read_stream(struct reading *r)
{
    static const char not_a_mapping[] = "rows of \"key: value\" expected";
    mars_status st = expect(r, YAML_STREAM_START_EVENT, not_a_mapping);

    if (st == MARS_OK)
        st = expect(r, YAML_DOCUMENT_START_EVENT, not_a_mapping);
    if (st == MARS_OK)
        st = expect(r, YAML_MAPPING_START_EVENT, not_a_mapping);
    if (st == MARS_OK)
        st = read_mapping(r, 1);
    if (st == MARS_OK)
        st = expect(r, YAML_DOCUMENT_END_EVENT, not_a_mapping);
    if (st == MARS_OK)
        st = expect(r, YAML_STREAM_END_EVENT, "more than one document");
    return st;
}

mars_status
mrs_doc_parse(struct mrs_doc **out, const void *text, size_t len, mars_error *err)
{
    struct reading r;
    mars_status st;

    *out = NULL;
    if (len > MRS_DOC_TEXT_MAX)
        return mrs_fail(err, MARS_ERR_CORRUPT, "text longer than %d bytes", MRS_DOC_TEXT_MAX);
    memset(&r, 0, sizeof r);
    r.err = err;
    if (!yaml_parser_initialize(&r.yaml))
        return mrs_nomem(err);
    yaml_parser_set_input_string(&r.yaml, len > 0 ? text : (const void *)"", len);
    st = mrs_doc_new(&r.doc, err);
    if (st == MARS_OK)
        st = read_stream(&r);
    yaml_event_delete(&r.event);
    yaml_parser_delete(&r.yaml);
    if (st != MARS_OK)
        mrs_doc_free(r.doc);
    else
        *out = r.doc;
    return st;
}
