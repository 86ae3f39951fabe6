#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "failing_alloc.h"
#include "store/xml.h"

struct seen {
    char text[4096];
    const char *fail; /* at this path */
};

static mars_status
note(void *user, const char *path, const char *text, mars_error *err)
{
    struct seen *s = user;
    size_t n = strlen(s->text);

    if (s->fail != NULL && strcmp(path, s->fail) == 0)
        return mrs_fail(err, MARS_ERR_STATE, "no");
    (void)snprintf(s->text + n, sizeof s->text - n, "%s=%s\n", path, text);
    return MARS_OK;
}

static mars_status
each(const char *xml, struct seen *s, mars_error *err)
{
    return mrs_xml_each(xml, strlen(xml), note, s, err);
}

static void
elements_are_told_at_their_ends(void **state)
{
    struct seen s = { "" };

    (void)state;
    assert_int_equal(each("<?xml version=\"1.0\"?><A><B x='1'><C>one</C><C>a&amp;b &#228;</C></B>"
                          "<D/> <E>  </E></A>", &s, NULL), MARS_OK);
    assert_string_equal(s.text, "A/B/C=one\nA/B/C=a&b \xc3\xa4\nA/B=\nA/D=\nA/E=  \nA=\n");
}

static void
a_failure_of_the_caller_ends_it(void **state)
{
    struct seen s = { .fail = "A/B" };
    mars_error err;

    (void)state;
    assert_int_equal(each("<A><C>1</C><B>2</B><D>3</D></A>", &s, &err), MARS_ERR_STATE);
    assert_string_equal(err.message, "no");
    assert_string_equal(s.text, "A/C=1\n");
}

static void
what_is_no_xml_is_refused(void **state)
{
    static const char *const wrong[] = { "", "plain", "<A>", "<A></B>", "<A/><A/>", "<A>&x;</A>",
                                         "\xff\xfe\xfd" };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct seen s = { "" };

        assert_int_equal(each(wrong[i], &s, NULL), MARS_ERR_CORRUPT);
    }
}

static void
depth_and_length_are_bounded(void **state)
{
    static char deep[20000], longer[20000];
    struct seen s = { "" };

    (void)state;
    for (size_t i = 0; i < 400; i++)
        memcpy(deep + 3 * i, "<A>", 3);
    assert_int_equal(each(deep, &s, NULL), MARS_ERR_CORRUPT);
    memcpy(longer, "<A>", 3);
    memset(longer + 3, 'x', 17000);
    memcpy(longer + 17003, "</A>", 4);
    assert_int_equal(each(longer, &s, NULL), MARS_ERR_CORRUPT);
    assert_int_equal(failing_alloc_live(), 0);
}

/* Entities that grow a small text into a large one. */
static void
growing_entities_are_refused(void **state)
{
    static const char xml[] =
        "<!DOCTYPE a [<!ENTITY a \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\">"
        "<!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\">"
        "<!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;\">"
        "<!ENTITY d \"&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;\">]>"
        "<a>&d;</a>";
    struct seen s = { "" };

    (void)state;
    assert_int_equal(each(xml, &s, NULL), MARS_ERR_CORRUPT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_are_told_at_their_ends),
        cmocka_unit_test(a_failure_of_the_caller_ends_it),
        cmocka_unit_test(what_is_no_xml_is_refused),
        cmocka_unit_test(depth_and_length_are_bounded),
        cmocka_unit_test(growing_entities_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
