/* A pattern is compiled to a row of tokens, and matched with at most two places to go back to: the
 * last "*", which cannot pass a "/", and the last leading "**", which begins anew behind a "/". A
 * later one makes an earlier one needless, so that no pattern takes exponential time: R. van
 * Engelen, "Fast String Matching with Wildcards, Globs, and Gitignore-Style Globs". */
#include "policy/rules.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/vec.h"

enum { LINE_MAX_BYTES = 65536, CLASS_BYTES = 32 };

enum token_kind {
    TOKEN_BYTE,  /* this one */
    TOKEN_ONE,   /* "?": any but "/" */
    TOKEN_CLASS, /* "[...]": never "/" */
    TOKEN_STAR,  /* "*": any number of any but "/" */
    TOKEN_DIRS,  /* "**" with its "/": any number of directories */
    TOKEN_SOME,  /* the same with an escaped "/": at least one */
    TOKEN_ALL    /* a last "**": all that is left */
};

struct token {
    uint8_t kind;
    uint8_t byte;
    uint32_t class; /* number */
};

struct rule {
    struct mrs_vec tokens;
    bool take_back; /* "!" */
    bool dirs_only; /* trailing "/" */
    bool whole;     /* matched with the whole path, not with its last component */
};

struct mrs_rules {
    struct mrs_vec list;
    struct mrs_vec classes; /* uint8_t[CLASS_BYTES]: a bit a byte value */
};

/* A pattern on its way to tokens. */
struct input {
    const uint8_t *p;
    size_t n;
    size_t at;
};

mars_status
mrs_rules_new(struct mrs_rules **out, mars_error *err)
{
    *out = mrs_alloc(sizeof **out);
    if (*out == NULL)
        return mrs_nomem(err);
    (*out)->list = (struct mrs_vec)MRS_VEC_INIT(struct rule);
    (*out)->classes = (struct mrs_vec){ NULL, 0, 0, CLASS_BYTES };
    return MARS_OK;
}

void
mrs_rules_free(struct mrs_rules *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < r->list.len; i++)
        mrs_vec_free(&((struct rule *)mrs_vec_at(&r->list, i))->tokens);
    mrs_vec_free(&r->list);
    mrs_vec_free(&r->classes);
    mrs_free(r);
}

static bool
is_alpha(unsigned c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_digit(unsigned c)
{
    return c >= '0' && c <= '9';
}

/* ASCII only: names have no encoding that we know. "space" is without VT and FF, as in git. */
static bool
in_named(const char *name, size_t len, unsigned c, bool *known)
{
    static const char *const names[] = { "alnum", "alpha", "blank", "cntrl", "digit", "graph",
                                         "lower", "print", "punct", "space", "upper", "xdigit" };
    bool lower = c >= 'a' && c <= 'z', upper = c >= 'A' && c <= 'Z', graph = c > 32 && c < 127;
    bool results[] = { is_alpha(c) || is_digit(c),
                       is_alpha(c),
                       c == ' ' || c == '\t',
                       c < 32 || c == 127,
                       is_digit(c),
                       graph,
                       lower,
                       graph || c == ' ',
                       graph && !is_alpha(c) && !is_digit(c),
                       c == ' ' || c == '\t' || c == '\n' || c == '\r',
                       upper,
                       is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (len == strlen(names[i]) && memcmp(name, names[i], len) == 0) {
            *known = true;
            return results[i];
        }
    *known = false;
    return false;
}

static void
set_bit(uint8_t bits[CLASS_BYTES], unsigned c)
{
    bits[c / 8] |= (uint8_t)(1u << c % 8);
}

/* "[:name:]" at in->at; false if there is none. An unknown name makes *bad. */
static bool
read_named(struct input *in, uint8_t bits[CLASS_BYTES], bool *bad)
{
    size_t start = in->at + 2, end = start;
    bool known = true;

    if (in->n - in->at < 2 || in->p[in->at] != '[' || in->p[in->at + 1] != ':')
        return false;
    while (end < in->n && in->p[end] != ']')
        end++;
    if (end == in->n || end < start + 1 || in->p[end - 1] != ':')
        return false;
    for (unsigned c = 0; c < 256; c++)
        if (in_named((const char *)in->p + start, end - 1 - start, c, &known))
            set_bit(bits, c);
    *bad |= !known;
    in->at = end + 1;
    return true;
}

/* One byte of a class, an escape undone. */
static unsigned
class_byte(struct input *in, bool *bad)
{
    if (in->p[in->at] == '\\')
        in->at++;
    if (in->at >= in->n) {
        *bad = true;
        return 0;
    }
    return in->p[in->at++];
}

/* What stands behind "["; false: no class that ends, which matches nothing. */
static bool
read_class(struct input *in, uint8_t bits[CLASS_BYTES])
{
    bool negate = in->at < in->n && (in->p[in->at] == '!' || in->p[in->at] == '^'), bad = false;

    in->at += negate;
    for (bool first = true; !bad; first = false) {
        unsigned low, high;

        if (in->at >= in->n)
            return false;
        if (in->p[in->at] == ']' && !first)
            break;
        if (read_named(in, bits, &bad))
            continue;
        low = high = class_byte(in, &bad);
        set_bit(bits, low); /* also where a range runs backwards */
        if (in->n - in->at >= 2 && in->p[in->at] == '-' && in->p[in->at + 1] != ']') {
            in->at++;
            high = class_byte(in, &bad);
        }
        for (unsigned c = low; !bad && c <= high; c++)
            set_bit(bits, c);
    }
    in->at++;
    for (size_t i = 0; negate && i < CLASS_BYTES; i++)
        bits[i] = (uint8_t)~bits[i];
    bits['/' / 8] &= (uint8_t)~(1u << '/' % 8);
    return !bad;
}

static mars_status
add_token(struct rule *rule, enum token_kind kind, uint8_t byte, uint32_t class, mars_error *err)
{
    struct token *t = mrs_vec_add(&rule->tokens);

    if (t == NULL)
        return mrs_nomem(err);
    t->kind = (uint8_t)kind;
    t->byte = byte;
    t->class = class;
    return MARS_OK;
}

/* May "**" at in->at stand for directories? Behind a "/", and also behind bytes none of which is
 * special: git compares those apart, and takes what follows them for a pattern that begins here. */
static bool
may_be_dirs(const struct input *in)
{
    if (in->at == 0 || in->p[in->at - 1] == '/')
        return true;
    for (size_t i = 0; i < in->at; i++)
        if (in->p[i] == '*' || in->p[i] == '?' || in->p[i] == '[' || in->p[i] == '\\')
            return false;
    return true;
}

/* A row of "*" at in->at, which is behind them then. */
static mars_status
add_stars(struct rule *rule, struct input *in, mars_error *err)
{
    bool dirs = rule->whole && in->n - in->at >= 2 && in->p[in->at + 1] == '*' && may_be_dirs(in);

    while (in->at < in->n && in->p[in->at] == '*')
        in->at++;
    if (dirs && in->at == in->n)
        return add_token(rule, TOKEN_ALL, 0, 0, err);
    if (dirs && in->p[in->at] == '/') {
        in->at++;
        return add_token(rule, TOKEN_DIRS, 0, 0, err);
    }
    if (dirs && in->n - in->at >= 2 && in->p[in->at] == '\\' && in->p[in->at + 1] == '/') {
        in->at += 2;
        return add_token(rule, TOKEN_SOME, 0, 0, err);
    }
    return add_token(rule, TOKEN_STAR, 0, 0, err);
}

/* *fits false: a pattern that cannot match anything. */
static mars_status
compile(struct mrs_rules *r, struct rule *rule, struct input *in, bool *fits, mars_error *err)
{
    mars_status st = MARS_OK;

    *fits = true;
    while (st == MARS_OK && in->at < in->n) {
        uint8_t c = in->p[in->at];

        if (c == '*') {
            st = add_stars(rule, in, err);
            continue;
        }
        in->at++;
        if (c == '?') {
            st = add_token(rule, TOKEN_ONE, 0, 0, err);
        } else if (c == '[') {
            uint8_t *bits = mrs_vec_add(&r->classes);

            if (bits == NULL)
                return mrs_nomem(err);
            *fits = read_class(in, bits);
            if (!*fits)
                return MARS_OK;
            st = add_token(rule, TOKEN_CLASS, 0, (uint32_t)(r->classes.len - 1), err);
        } else if (c == '\\' && in->at == in->n) {
            *fits = false;
        } else {
            c = c == '\\' ? in->p[in->at++] : c;
            st = add_token(rule, TOKEN_BYTE, c, 0, err);
        }
    }
    return st;
}

/* The length without trailing blanks; one behind a "\" that escapes it stays. */
static size_t
trim(const uint8_t *p, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        if (p[i] == '\\')
            i++;
        else if (p[i] == ' ')
            continue;
        kept = i + 1;
    }
    return kept < n ? kept : n;
}

/* The line without what is not pattern: comment, "!", trailing blanks, trailing and leading "/". */
static struct input
strip(const char *line, size_t len, struct rule *rule)
{
    struct input in = { (const uint8_t *)line, len, 0 };

    if (in.n > 0 && in.p[0] == '#')
        in.n = 0;
    in.n = trim(in.p, in.n);
    if (in.n > 0 && in.p[0] == '!') {
        rule->take_back = true;
        in.p++;
        in.n--;
    }
    if (in.n > 0 && in.p[in.n - 1] == '/') {
        rule->dirs_only = true;
        in.n--;
    }
    rule->whole = in.n > 0 && memchr(in.p, '/', in.n) != NULL;
    if (in.n > 0 && in.p[0] == '/') {
        in.p++;
        in.n--;
    }
    return in;
}

mars_status
mrs_rules_add(struct mrs_rules *r, const char *line, size_t len, mars_error *err)
{
    struct rule rule = { .tokens = MRS_VEC_INIT(struct token) }, *at;
    struct input in;
    bool fits = false;
    mars_status st = MARS_OK;

    if (len > LINE_MAX_BYTES)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "pattern: longer than %d bytes",
                        LINE_MAX_BYTES);
    in = strip(line, len, &rule);
    if (in.n > 0)
        st = compile(r, &rule, &in, &fits, err);
    if (st != MARS_OK || !fits) {
        mrs_vec_free(&rule.tokens);
        return st;
    }
    at = mrs_vec_add(&r->list);
    if (at == NULL) {
        mrs_vec_free(&rule.tokens);
        return mrs_nomem(err);
    }
    *at = rule;
    return MARS_OK;
}

mars_status
mrs_rules_add_text(struct mrs_rules *r, const char *text, size_t len, mars_error *err)
{
    static const uint8_t mark[] = { 0xef, 0xbb, 0xbf }; /* editors begin UTF-8 files with it */
    mars_status st = MARS_OK;

    if (len >= sizeof mark && memcmp(text, mark, sizeof mark) == 0) {
        text += sizeof mark;
        len -= sizeof mark;
    }
    while (st == MARS_OK && len > 0) {
        const char *end = memchr(text, '\n', len);
        size_t n = end != NULL ? (size_t)(end - text) : len;
        size_t taken = end != NULL ? n + 1 : n;

        if (n > 0 && text[n - 1] == '\r') /* the line's end is CR LF */
            n--;
        st = mrs_rules_add(r, text, n, err);
        text += taken;
        len -= taken;
    }
    return st;
}

/* Does a token that stands for one byte fit it? */
static bool
fits_byte(const struct mrs_rules *r, const struct token *t, uint8_t c)
{
    const uint8_t *bits;

    switch (t->kind) {
    case TOKEN_BYTE: return c == t->byte;
    case TOKEN_ONE: return c != '/';
    case TOKEN_CLASS:
        bits = mrs_vec_at(&r->classes, t->class);
        return (bits[c / 8] >> c % 8 & 1) != 0;
    default: return false;
    }
}

/* Where to go on when a token does not fit. */
struct back {
    size_t token; /* behind the "*" or "**"; 0: there was none */
    size_t at;
};

/* Go back to the last "*", one byte further, or to the last "**", one directory further. */
static bool
go_back(const uint8_t *s, size_t n, struct back *star, struct back *dirs, size_t *token, size_t *at)
{
    if (star->token != 0 && star->at < n && s[star->at] != '/') {
        *at = ++star->at;
        *token = star->token;
        return true;
    }
    star->token = 0;
    if (dirs->token == 0)
        return false;
    while (dirs->at < n && s[dirs->at] != '/')
        dirs->at++;
    if (dirs->at == n)
        return false;
    *at = ++dirs->at;
    *token = dirs->token;
    return true;
}

static bool
matches(const struct mrs_rules *r, const struct rule *rule, const uint8_t *s, size_t n)
{
    const struct token *tokens = rule->tokens.items;
    struct back star = { 0, 0 }, dirs = { 0, 0 };
    size_t token = 0, at = 0;

    for (;;) {
        if (token == rule->tokens.len) {
            if (at == n)
                return true;
        } else if (tokens[token].kind == TOKEN_ALL) {
            return true;
        } else if (tokens[token].kind == TOKEN_STAR) {
            star = (struct back){ ++token, at };
            continue;
        } else if (tokens[token].kind == TOKEN_DIRS || tokens[token].kind == TOKEN_SOME) {
            bool none = tokens[token].kind == TOKEN_DIRS;

            dirs = (struct back){ ++token, at };
            star.token = 0;
            if (none)
                continue;
        } else if (at < n && fits_byte(r, &tokens[token], s[at])) {
            token++;
            at++;
            continue;
        }
        if (!go_back(s, n, &star, &dirs, &token, &at))
            return false;
    }
}

bool
mrs_rules_excluded(const struct mrs_rules *r, const char *path, size_t len, bool is_dir)
{
    const uint8_t *whole = (const uint8_t *)path;
    size_t name = len;

    while (name > 0 && path[name - 1] != '/')
        name--;
    for (size_t i = r->list.len; i > 0; i--) {
        const struct rule *rule = mrs_vec_at(&r->list, i - 1);

        if (rule->dirs_only && !is_dir)
            continue;
        if (rule->whole ? matches(r, rule, whole, len) : matches(r, rule, whole + name, len - name))
            return !rule->take_back;
    }
    return false;
}
