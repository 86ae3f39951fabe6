#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <time.h>

#include "failing_alloc.h"
#include "policy/rules.h"

enum { PATTERN_MAX = 65536 };

/* What git 2.39 says: `git check-ignore --no-index` beside a .gitignore of these bytes. */
static const struct {
    const char *rules;
    const char *path; /* with a "/" behind it: a directory */
    bool excluded;
} cases[] = {
    /* blank lines, comments */
    { "", "a", false }, { "\n\n", "a", false }, { "   \n", "   ", false },
    { "#a\n", "#a", false }, { "#a\n", "a", false }, { "\\#a\n", "#a", true },
    { " #a\n", " #a", true }, { "a #b\n", "a", false }, { "a #b\n", "a #b", true },
    { "!#a\n", "#a", false },
    /* plain names, at any depth */
    { "a\n", "a", true }, { "a\n", "a/", true }, { "a\n", "ab", false }, { "a\n", "x/y/a", true },
    { "a\n", "x/a/y", true }, { "a", "a", true }, { "a\nb", "b", true },
    { "a.o\n", "axo", false },
    /* "!" takes back, the last rule decides */
    { "*\n!a\n", "a", false }, { "*\n!a\n", "b", true }, { "!a\na\n", "a", true },
    { "a\n!a\na\n", "a", true }, { "d\n!d/a\n", "d/a", true }, { "d/*\n!d/a\n", "d/a", false },
    { "d/*\n!d/a\n", "d/b", true }, { "\\!a\n", "!a", true }, { "\\!a\n", "a", false },
    { "!!a\n", "a", false }, { "*\n!!a\n", "!a", false }, { "!\n", "a", false },
    { "*\n! a\n", " a", false },
    /* a "/" at the end: directories only */
    { "a/\n", "a", false }, { "a/\n", "a/", true }, { "a/\n", "a/b", true },
    { "a/\n", "x/a/", true }, { "a/\n", "x/a", false }, { "a/b/\n", "a/b/", true },
    { "a/b/\n", "x/a/b/", false }, { "*/\n", "a/", true }, { "*/\n", "a", false },
    { "a//\n", "a/", false }, { "/\n", "a/", false }, { "//\n", "a/", false },
    { "a/\\\n", "a/", false },
    /* a "/" elsewhere ties to the root */
    { "/a\n", "a", true }, { "/a\n", "x/a", false }, { "a/b\n", "a/b", true },
    { "a/b\n", "x/a/b", false }, { "/a/b\n", "a/b", true }, { "//a\n", "a", false },
    { "a/*\n", "a/b", true }, { "a/*\n", "a/", false }, { "a\\/b\n", "a/b", true },
    { "a\\/b\n", "x/a/b", false },
    /* "*" and "?" stop at "/" */
    { "*.o\n", "a.o", true }, { "*.o\n", ".o", true }, { "*.o\n", "x/a.o", true },
    { "*.o\n", "a.os", false }, { "a*b\n", "ab", true }, { "a*b\n", "axxb", true },
    { "/a*b\n", "ax/b", false }, { "/*/c\n", "b/c", true }, { "/*/c\n", "a/b/c", false },
    { "/*/c\n", "c", false }, { "a?b\n", "axb", true }, { "a?b\n", "ab", false },
    { "a?b\n", "a?b", true }, { "/a?b\n", "a/b", false }, { "?\n", "\344", true },
    { "?\?\n", "\344", false }, { "*a*b*c*\n", "xaxbxcx", true },
    { "*a*b*c*\n", "xaxcxbx", false }, { "*\n", ".a", true }, { "a*\n", "a", true },
    /* "**" is any number of directories */
    { "**/a\n", "a", true }, { "**/a\n", "x/y/a", true }, { "**/a/b\n", "x/a/b", true },
    { "**/a/b\n", "a/x/b", false }, { "a/**\n", "a/", false }, { "a/**\n", "a/b", true },
    { "a/**\n", "a/b/c", true }, { "a/**\n", "x/a/b", false }, { "a/**/b\n", "a/b", true },
    { "a/**/b\n", "a/x/b", true }, { "a/**/b\n", "a/x/y/b", true }, { "a/**/b\n", "ab", false },
    { "a/**/b\n", "a/xb", false }, { "/**/a\n", "a", true }, { "/**/a\n", "x/a", true },
    { "**\n", "a", true }, { "**/\n", "a", false }, { "**/\n", "a/", true },
    { "**/**/a\n", "x/a", true }, { "a/**/**/b\n", "a/b", true },
    { "**/a/**/b/**/c\n", "x/a/a/b/b/x/c", true }, { "**/a/**/b/**/c\n", "x/a/c/b", false },
    { "a/**/*.o\n", "a/x/y/z.o", true }, { "a/**/x*y/b\n", "a/xz/xzy/b", true },
    { "a/**/x*y/b\n", "a/xz/y/b", false }, { "a/**\n!a/b\n", "a/b", false },
    /* more "*" in a row are one, unless they stand alone */
    { "a**b\n", "axb", true }, { "/a?**b\n", "axx/b", false }, { "/a?**/b\n", "axx/b", true },
    { "/a?**/b\n", "axx/x/b", false }, { "/***/b\n", "x/y/b", true }, { "***/b\n", "b", true },
    { "a/***\n", "a/b/c", true }, { "/x?/a**b\n", "xx/a/b", false },
    /* behind plain bytes "**" may be directories also without a "/" */
    { "/a**/b\n", "ab", true }, { "/a**/b\n", "a/x/b", true }, { "/a**/b\n", "ax/y/b", true },
    { "x/a**\n!x/ab\n", "x/ab", false }, { "x/a**\n", "x/a", true },
    { "a/**\\/b\n", "a/b", false }, { "a/**\\/b\n", "a/x/b", true },
    /* classes */
    { "[ab]\n", "b", true }, { "[ab]\n", "c", false }, { "[ab]\n", "ab", false },
    { "[a-c]x\n", "bx", true }, { "[a-c]x\n", "dx", false }, { "[a-c]x\n", "-x", false },
    { "[!a-c]x\n", "dx", true }, { "[!a-c]x\n", "bx", false }, { "[^a-c]x\n", "dx", true },
    { "[^a-c]x\n", "^x", true }, { "[]a]x\n", "]x", true }, { "[!]a]x\n", "]x", false },
    { "[!]a]x\n", "bx", true }, { "[a\\]b]x\n", "]x", true }, { "[a\\]b]x\n", "\\x", false },
    { "[\\\\]x\n", "\\x", true }, { "[a-]x\n", "-x", true }, { "[-a]x\n", "-x", true },
    { "[c-a]x\n", "cx", true }, { "[c-a]x\n", "bx", false }, { "[c-a]x\n", "ax", false },
    { "[a-c-e]x\n", "dx", false }, { "[a-c-e]x\n", "-x", true }, { "[\\a-\\c]x\n", "bx", true },
    { "a[/]b\n", "a/b", false }, { "/a[!x]b\n", "a/b", false }, { "/a[.-0]b\n", "a/b", false },
    { "[\200-\377]\n", "\344", true }, { "[a\n", "[a", false }, { "[\n", "[", false },
    { "[]\n", "[]", false }, { "[!]\n", "[!]", false }, { "[a-\n", "[a-", false },
    { "[a\\]\n", "[a\\]", false }, { "a]\n", "a]", true },
    /* named classes */
    { "[[:alpha:]]\n", "q", true }, { "[[:alpha:]]\n", "1", false },
    { "[[:alpha:]]\n", "\344", false }, { "[[:digit:]x]\n", "7", true },
    { "[[:digit:]x]\n", "x", true }, { "[![:digit:]]\n", "7", false },
    { "[![:digit:]]\n", "x", true }, { "[[:upper:][:digit:]]\n", "Q", true },
    { "[[:upper:][:digit:]]\n", "q", false }, { "[[:space:]]\n", "\t", true },
    { "[[:space:]]\n", "\v", false }, { "[[:punct:]]x\n", "~x", true },
    { "[[:blank:]]x\n", " x", true }, { "[[:cntrl:]]\n", "\177", true },
    { "[[:graph:]]x\n", " x", false }, { "[[:print:]]x\n", " x", true },
    { "[[:lower:]]\n", "q", true }, { "[[:alnum:]]\n", "_", false },
    { "[[:xdigit:]]\n", "F", true }, { "[[:xdigit:]]\n", "g", false },
    { "[[:nope:]a]\n", "a", false }, { "[[:a]\n", ":", true }, { "[[:a]\n", "[", true },
    { "[[:]\n", ":", true }, { "[[::]a]\n", "a", false }, { "[[:digit:]-z]x\n", "-x", true },
    { "[[:digit:]-z]x\n", "yx", false }, { "[[:digit:]\n", "7", false },
    { "[[:digit\n", "7", false },
    /* "\" takes the next byte as it is */
    { "\\a\n", "a", true }, { "\\*\n", "*", true }, { "\\*\n", "a", false },
    { "\\?a\n", "?a", true }, { "\\[a]\n", "[a]", true }, { "\\\\\n", "\\", true },
    { "a\\\n", "a", false }, { "a\\\n", "a\\", false }, { "\\*b*\n", "*bc", true },
    { "*\\*\n", "a*", true }, { "*\\*\n", "ab", false },
    /* blanks at the end go, unless escaped */
    { "a  \n", "a", true }, { "a  \n", "a  ", false }, { "a\\ \n", "a ", true },
    { "a\\ \n", "a", false }, { "a\\  \n", "a ", true }, { "a\\  \n", "a  ", false },
    { "a\\\\ \n", "a\\", true }, { "a\\\\ \n", "a\\ ", false }, { "a \\\n", "a \\", false },
    { "a b\n", "a b", true }, { " a\n", " a", true }, { " a\n", "a", false },
    { "a/ \n", "a/", true }, { "a/ \n", "a", false }, { "a\t\n", "a\t", true },
    { "a\t\n", "a", false },
    /* ends of lines */
    { "a\r\n", "a", true }, { "a\r\nb\r\n", "b", true }, { "a\r", "a", true },
    { "a\r\r\n", "a\r", true }, { "a\rb\n", "a\rb", true }, { "\r\n", "\r", false },
    { "\357\273\277a\n", "a", true }, { "\357\273\277a\n", "\357\273\277a", false },
    { "b\n\357\273\277a\n", "a", false },
};

static struct mrs_rules *
rules_of(const char *text, size_t len)
{
    struct mrs_rules *r;

    assert_int_equal(mrs_rules_new(&r, NULL), MARS_OK);
    assert_int_equal(mrs_rules_add_text(r, text, len, NULL), MARS_OK);
    return r;
}

/* As a walk asks: parents first, and nothing below what is excluded. */
static bool
is_left_out(const struct mrs_rules *r, const char *path)
{
    size_t len = strlen(path);

    for (size_t i = 1; i < len; i++)
        if (path[i] == '/' && mrs_rules_excluded(r, path, i, true))
            return true;
    return path[len - 1] != '/' && mrs_rules_excluded(r, path, len, false);
}

static void
rules_decide_as_git_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mrs_rules *r = rules_of(cases[i].rules, strlen(cases[i].rules));

        if (is_left_out(r, cases[i].path) != cases[i].excluded)
            fail_msg("%s with the rules %s", cases[i].path, cases[i].rules);
        mrs_rules_free(r);
    }
    assert_int_equal(failing_alloc_live(), 0);
}

static void
rules_that_are_added_later_decide(void **state)
{
    struct mrs_rules *r = rules_of("*.o\n", 4);

    (void)state;
    assert_true(mrs_rules_excluded(r, "a.o", 3, false));
    assert_int_equal(mrs_rules_add(r, "!a.o", 4, NULL), MARS_OK);
    assert_false(mrs_rules_excluded(r, "a.o", 3, false));
    assert_int_equal(mrs_rules_add_text(r, "x\n/a.o\n", 7, NULL), MARS_OK);
    assert_true(mrs_rules_excluded(r, "a.o", 3, false));
    assert_true(mrs_rules_excluded(r, "b.o", 3, false));
    assert_false(mrs_rules_excluded(r, "b.c", 3, false));
    mrs_rules_free(r);
}

static void
no_rules_exclude_nothing(void **state)
{
    struct mrs_rules *r;

    (void)state;
    assert_int_equal(mrs_rules_new(&r, NULL), MARS_OK);
    assert_int_equal(mrs_rules_add(r, "", 0, NULL), MARS_OK);
    assert_int_equal(mrs_rules_add_text(r, "", 0, NULL), MARS_OK);
    assert_false(mrs_rules_excluded(r, "a", 1, false));
    assert_false(mrs_rules_excluded(r, "a", 1, true));
    mrs_rules_free(r);
    mrs_rules_free(NULL);
}

/* A rule that came as an argument, not from a file, keeps its CR. */
static void
a_single_line_keeps_its_cr(void **state)
{
    struct mrs_rules *r;

    (void)state;
    assert_int_equal(mrs_rules_new(&r, NULL), MARS_OK);
    assert_int_equal(mrs_rules_add(r, "a\r", 2, NULL), MARS_OK);
    assert_true(mrs_rules_excluded(r, "a\r", 2, false));
    assert_false(mrs_rules_excluded(r, "a", 1, false));
    mrs_rules_free(r);
}

static void
only_the_bytes_that_are_given_are_read(void **state)
{
    struct mrs_rules *r = rules_of("ab\ncd", 1);

    (void)state;
    assert_true(mrs_rules_excluded(r, "ab", 1, false));
    assert_false(mrs_rules_excluded(r, "ab", 2, false));
    assert_false(mrs_rules_excluded(r, "cd", 2, false));
    mrs_rules_free(r);
}

static void
a_pattern_is_refused_past_64_kib(void **state)
{
    static char text[2 + PATTERN_MAX + 1];
    struct mrs_rules *r = rules_of("a\n", 2);
    mars_error err;

    (void)state;
    memset(text, 'x', sizeof text);
    memcpy(text, "b\n", 2);
    assert_int_equal(mrs_rules_add(r, text + 2, PATTERN_MAX + 1, &err), MARS_ERR_INVALID_ARG);
    assert_int_equal(err.status, MARS_ERR_INVALID_ARG);
    assert_false(mrs_rules_excluded(r, text + 2, PATTERN_MAX + 1, false));
    assert_int_equal(mrs_rules_add_text(r, text, sizeof text, NULL), MARS_ERR_INVALID_ARG);
    assert_int_equal(mrs_rules_add_text(r, text, sizeof text - 1, NULL), MARS_OK);
    assert_true(mrs_rules_excluded(r, text + 2, PATTERN_MAX, false));
    assert_true(mrs_rules_excluded(r, "a", 1, false)); /* what was there stands */
    mrs_rules_free(r);
}

/* first, part as often as times says, last; the length. */
static size_t
repeat(char *out, const char *first, const char *part, size_t times, const char *last)
{
    size_t n = strlen(first);

    memcpy(out, first, n);
    for (size_t i = 0; i < times; i++, n += strlen(part))
        memcpy(out + n, part, strlen(part));
    memcpy(out + n, last, strlen(last));
    return n + strlen(last);
}

/* Each of these costs a matcher that tries every way more than the age of the universe. Ours needs
 * milliseconds; the bound leaves room for sanitizers and slow machines. */
static void
no_pattern_takes_exponential_time(void **state)
{
    static const struct {
        const char *first, *part, *last; /* of the pattern */
        size_t times;
        const char *component, *end; /* of the path */
        size_t components;
    } hard[] = {
        { "", "*a", "b", 1000, "a", "a", 4000 },
        { "", "*a*", "b", 4000, "a", "a", 4000 },
        { "", "*?", "b", 1000, "a", "a", 4000 },
        { "", "*[ac]", "b", 1000, "a", "a", 4000 },
        { "/", "*", "b", 60000, "a", "a", 4000 },
        { "", "**/", "b", 20000, "a/", "a", 2000 },
        { "", "**/a/", "b", 2000, "a/", "a", 2000 },
        { "/", "**/*a*a/", "b", 400, "aaaaaaaa/", "a", 450 },
        { "**/", "*a/", "b", 1000, "aa/", "a", 1300 },
        { "**/", "*/", "b", 1000, "a/", "a", 2000 },
        { "x**/", "**/*", "b", 1000, "xa/", "a", 1300 },
    };
    static char pattern[PATTERN_MAX + 1], path[4200];

    (void)state;
    for (size_t i = 0; i < sizeof hard / sizeof hard[0]; i++) {
        size_t n = repeat(pattern, hard[i].first, hard[i].part, hard[i].times, hard[i].last);
        size_t len = repeat(path, "", hard[i].component, hard[i].components, hard[i].end);
        struct mrs_rules *r = rules_of(pattern, n);
        clock_t start = clock();

        assert_false(mrs_rules_excluded(r, path, len, false));
        assert_true(clock() - start < 5 * CLOCKS_PER_SEC);
        path[len - 1] = 'b'; /* where all of them fit */
        assert_true(mrs_rules_excluded(r, path, len, false));
        assert_true(clock() - start < 10 * CLOCKS_PER_SEC);
        mrs_rules_free(r);
    }
}

static void
rules_survive_every_failing_allocation(void **state)
{
    static const char text[] = "*.o\n!a.o\n[a-c]/[[:digit:]]\n/x/**/y/\n"
                               "1\n2\n3\n4\n5\n6\nabcdefghi\n";
    size_t before = failing_alloc_live(), n;
    mars_status st = MARS_ERR_NOMEM;

    (void)state;
    for (n = 0; st != MARS_OK; n++) {
        struct mrs_rules *r = NULL;

        assert_in_range(n, 0, 1000);
        failing_alloc_arm(n);
        st = mrs_rules_new(&r, NULL);
        assert_true((st == MARS_OK) == (r != NULL));
        if (st == MARS_OK)
            st = mrs_rules_add_text(r, text, sizeof text - 1, NULL);
        assert_true(st == (failing_alloc_hit() ? MARS_ERR_NOMEM : MARS_OK));
        failing_alloc_arm(SIZE_MAX);
        if (r != NULL && st != MARS_OK) /* what fitted decides, and more can be added */
            assert_int_equal(mrs_rules_add(r, "abcdefghi", 9, NULL), MARS_OK);
        assert_true(r == NULL || mrs_rules_excluded(r, "abcdefghi", 9, false));
        mrs_rules_free(r);
        assert_int_equal(failing_alloc_live(), before);
    }
    assert_in_range(n, 10, 1000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_decide_as_git_does),
        cmocka_unit_test(rules_that_are_added_later_decide),
        cmocka_unit_test(no_rules_exclude_nothing),
        cmocka_unit_test(a_single_line_keeps_its_cr),
        cmocka_unit_test(only_the_bytes_that_are_given_are_read),
        cmocka_unit_test(a_pattern_is_refused_past_64_kib),
        cmocka_unit_test(no_pattern_takes_exponential_time),
        cmocka_unit_test(rules_survive_every_failing_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
