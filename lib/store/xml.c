#include "store/xml.h"

#include <expat.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"

enum { PATH_MAX_BYTES = 512, TEXT_MAX_BYTES = 16 << 10 };

struct reader {
    XML_Parser parser;
    mrs_xml_fn fn;
    void *user;
    mars_error *err;
    mars_status st;
    char path[PATH_MAX_BYTES];
    size_t len;             /* of path */
    struct mrs_buf text;    /* of the element that is open, as long as no other began in it */
};

static void
stop(struct reader *r, mars_status st)
{
    r->st = st;
    (void)XML_StopParser(r->parser, XML_FALSE);
}

static void XMLCALL
on_start(void *user, const XML_Char *name, const XML_Char **attributes)
{
    struct reader *r = user;
    size_t n = strlen(name);

    (void)attributes;
    mrs_buf_reset(&r->text);
    if (n + 2 > sizeof r->path - r->len) {
        stop(r, mrs_fail(r->err, MARS_ERR_CORRUPT, "XML: too deep"));
        return;
    }
    if (r->len > 0)
        r->path[r->len++] = '/';
    memcpy(r->path + r->len, name, n + 1);
    r->len += n;
}

static void XMLCALL
on_text(void *user, const XML_Char *text, int n)
{
    struct reader *r = user;
    mars_status st = mrs_buf_append(&r->text, text, (size_t)n, r->err);

    if (st != MARS_OK)
        stop(r, st);
}

static void XMLCALL
on_end(void *user, const XML_Char *name)
{
    struct reader *r = user;
    mars_status st = mrs_buf_append(&r->text, "", 1, r->err);

    if (st == MARS_OK)
        st = r->fn(r->user, r->path, (const char *)r->text.data, r->err);
    mrs_buf_reset(&r->text);
    if (st != MARS_OK) {
        stop(r, st);
        return;
    }
    r->len -= strlen(name);
    if (r->len > 0)
        r->len--;
    r->path[r->len] = '\0';
}

mars_status
mrs_xml_each(const void *data, size_t n, mrs_xml_fn fn, void *user, mars_error *err)
{
    struct reader r = { .fn = fn, .user = user, .err = err, .text = MRS_BUF_INIT(TEXT_MAX_BYTES) };

    if (n > INT_MAX)
        return mrs_fail(err, MARS_ERR_CORRUPT, "XML: too large");
    r.parser = XML_ParserCreate(NULL);
    if (r.parser == NULL)
        return mrs_nomem(err);
    XML_SetUserData(r.parser, &r);
    XML_SetElementHandler(r.parser, on_start, on_end);
    XML_SetCharacterDataHandler(r.parser, on_text);
    if (XML_Parse(r.parser, data, (int)n, 1) != XML_STATUS_OK && r.st == MARS_OK)
        r.st = mrs_fail(err, MARS_ERR_CORRUPT, "XML: %s",
                        XML_ErrorString(XML_GetErrorCode(r.parser)));
    XML_ParserFree(r.parser);
    mrs_buf_free(&r.text);
    return r.st;
}
