#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "config/doc.h"
#include "failing_alloc.h"
#include "platform/clock.h"
#include "platform/file.h"
#include "tmpdir.h"
#include "vault/credentials.h"
#include "base/date.h"

static const char URL[] = "file:///srv/vault";
enum { DAY = 86400 };

static struct mrs_vault
make_vault(uint8_t id)
{
    struct mrs_vault v = { .number = 1 };

    v.record.id[0] = id;
    memset(v.record.issuing_key, id + 1, sizeof v.record.issuing_key);
    return v;
}

static struct mrs_buf
issue(const struct mrs_vault *v, uint32_t valid, uint32_t access)
{
    struct mrs_buf text = MRS_BUF_INIT(MRS_DOC_TEXT_MAX);

    assert_int_equal(mrs_credentials_issue(v, URL, NULL, NULL, valid, access, &text, NULL),
                     MARS_OK);
    return text;
}

static mars_status
parse_and_check(const void *text, size_t n, const struct mrs_vault *v)
{
    struct mrs_credentials c;
    mars_status st = mrs_credentials_parse(&c, text, n, NULL);

    if (st == MARS_OK)
        st = mrs_credentials_check(&c, v, MRS_USE_ACCESS, mrs_clock_wall().s, NULL);
    mrs_credentials_free(&c);
    return st;
}

static void
credentials_say_what_they_were_issued_for(void **state)
{
    struct mrs_vault v = make_vault(1);
    struct mrs_buf text = issue(&v, 3, 40);
    struct mrs_credentials c;
    int64_t now = mrs_clock_wall().s;

    (void)state;
    assert_int_equal(mrs_credentials_parse(&c, text.data, text.len, NULL), MARS_OK);
    assert_memory_equal(c.vault, v.record.id, 16);
    assert_string_equal(c.url, URL);
    assert_int_equal(strlen(c.serial), 16);
    assert_in_range(c.issued, now - 60, now);
    assert_int_equal(c.register_until - c.issued, 3 * DAY);
    assert_int_equal(c.access_until - c.issued, 40 * DAY);
    mrs_credentials_free(&c);
    mrs_buf_free(&text);
}

static void
dates_that_are_not_said_are_10_days_and_a_year(void **state)
{
    struct mrs_vault v = make_vault(1);
    struct mrs_buf text = issue(&v, 0, 0), longest = issue(&v, MRS_DAYS_MAX, MRS_DAYS_MAX);
    struct mrs_credentials c;

    (void)state;
    assert_int_equal(mrs_credentials_parse(&c, text.data, text.len, NULL), MARS_OK);
    assert_int_equal(c.register_until - c.issued, 10 * DAY);
    assert_int_equal(c.access_until - c.issued, 365 * DAY);
    mrs_credentials_free(&c);
    assert_int_equal(parse_and_check(longest.data, longest.len, &v), MARS_OK);
    mrs_buf_free(&text);
    mrs_buf_free(&longest);
}

static void
no_two_credentials_have_one_serial(void **state)
{
    struct mrs_vault v = make_vault(1);
    struct mrs_buf one = issue(&v, 0, 0), two = issue(&v, 0, 0);
    struct mrs_credentials a, b;

    (void)state;
    assert_int_equal(mrs_credentials_parse(&a, one.data, one.len, NULL), MARS_OK);
    assert_int_equal(mrs_credentials_parse(&b, two.data, two.len, NULL), MARS_OK);
    assert_string_not_equal(a.serial, b.serial);
    mrs_credentials_free(&a);
    mrs_credentials_free(&b);
    mrs_buf_free(&one);
    mrs_buf_free(&two);
}

static void
what_cannot_be_issued_is_refused(void **state)
{
    struct mrs_vault v = make_vault(1);
    struct mrs_buf text = MRS_BUF_INIT(MRS_DOC_TEXT_MAX);

    (void)state;
    assert_int_equal(mrs_credentials_issue(&v, URL, NULL, NULL, MRS_DAYS_MAX + 1, 0, &text, NULL),
                     MARS_ERR_INVALID_ARG);
    assert_int_equal(mrs_credentials_issue(&v, URL, NULL, NULL, 0, UINT32_MAX, &text, NULL),
                     MARS_ERR_INVALID_ARG);
    /* A line break would stand in the text that the MAC is made over. */
    assert_int_equal(mrs_credentials_issue(&v, "file:///a\nserial=1", NULL, NULL, 0, 0, &text,
                                           NULL),
                     MARS_ERR_INVALID_ARG);
    assert_int_equal(mrs_credentials_issue(&v, "file:///a\x7f", NULL, NULL, 0, 0, &text, NULL),
                     MARS_ERR_INVALID_ARG);
    assert_int_equal(mrs_credentials_issue(&v, "file:///\xff", NULL, NULL, 0, 0, &text, NULL),
                     MARS_ERR_INVALID_ARG);
    assert_int_equal(text.len, 0);
    mrs_buf_free(&text);
}

static void
each_use_has_its_own_last_second(void **state)
{
    struct mrs_vault v = make_vault(1);
    struct mrs_buf text = issue(&v, 10, 20);
    struct mrs_credentials c;
    mars_error err;
    char date[MRS_DATE_SIZE];

    (void)state;
    assert_int_equal(mrs_credentials_parse(&c, text.data, text.len, NULL), MARS_OK);
    assert_int_equal(mrs_credentials_check(&c, &v, MRS_USE_REGISTER, c.register_until, NULL),
                     MARS_OK);
    assert_int_equal(mrs_credentials_check(&c, &v, MRS_USE_REGISTER, c.register_until + 1, &err),
                     MARS_ERR_AUTH);
    mrs_date_format(c.register_until, date);
    assert_non_null(strstr(err.message, date));
    assert_int_equal(mrs_credentials_check(&c, &v, MRS_USE_ACCESS, c.access_until, NULL), MARS_OK);
    assert_int_equal(mrs_credentials_check(&c, &v, MRS_USE_ACCESS, c.access_until + 1, NULL),
                     MARS_ERR_AUTH);
    mrs_credentials_free(&c);
    mrs_buf_free(&text);
}

static void
credentials_of_another_vault_are_refused(void **state)
{
    struct mrs_vault v = make_vault(1), other = make_vault(9), same_id = make_vault(9);
    struct mrs_buf text = issue(&v, 0, 0);

    (void)state;
    memcpy(same_id.record.id, v.record.id, 16);
    assert_int_equal(parse_and_check(text.data, text.len, &v), MARS_OK);
    assert_int_equal(parse_and_check(text.data, text.len, &other), MARS_ERR_AUTH);
    assert_int_equal(parse_and_check(text.data, text.len, &same_id), MARS_ERR_AUTH);
    mrs_buf_free(&text);
}

/* A higher format number is a newer build's; everything else is not as it was issued. */
static bool
is_refusal(mars_status st)
{
    return st == MARS_ERR_AUTH || st == MARS_ERR_UNSUPPORTED;
}

static void
credentials_with_any_bit_flipped_are_refused(void **state)
{
    struct mrs_vault v = make_vault(1);
    struct mrs_buf text = issue(&v, 0, 0);

    (void)state;
    for (size_t i = 0; i < 8 * text.len; i++) {
        mars_status st;

        text.data[i / 8] ^= (uint8_t)(1 << i % 8);
        st = parse_and_check(text.data, text.len, &v);
        if (!is_refusal(st))
            fail_msg("bit %zu gives status %d:\n%.*s", i, (int)st, (int)text.len,
                     (const char *)text.data);
        text.data[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    mrs_buf_free(&text);
}

static bool
same_values(const struct mrs_credentials *a, const struct mrs_credentials *b)
{
    return memcmp(a->vault, b->vault, 16) == 0 && strcmp(a->url, b->url) == 0 &&
           strcmp(a->serial, b->serial) == 0 && a->issued == b->issued &&
           a->register_until == b->register_until && a->access_until == b->access_until &&
           memcmp(a->mac, b->mac, 32) == 0;
}

/* An edit is refused, or one that changes no value, as a space more before one. */
static void
assert_edit(const struct mrs_credentials *before, const uint8_t *text, size_t n,
            const struct mrs_vault *v)
{
    struct mrs_credentials c;
    mars_status st = parse_and_check(text, n, v);

    if (st != MARS_OK) {
        if (!is_refusal(st))
            fail_msg("status %d:\n%.*s", (int)st, (int)n, (const char *)text);
        return;
    }
    assert_int_equal(mrs_credentials_parse(&c, text, n, NULL), MARS_OK);
    if (!same_values(before, &c))
        fail_msg("taken:\n%.*s", (int)n, (const char *)text);
    mrs_credentials_free(&c);
}

static void
no_character_can_be_taken_out_put_in_or_put_in_the_place_of_another(void **state)
{
    static const char put[] = "0a9fZ-:/ \t\n#'\"&*!|>%@`{[,?\\x7f\xc3";
    struct mrs_vault v = make_vault(1);
    struct mrs_buf text = issue(&v, 0, 0), edited = MRS_BUF_INIT(MRS_DOC_TEXT_MAX);
    struct mrs_credentials c;

    (void)state;
    assert_int_equal(mrs_credentials_parse(&c, text.data, text.len, NULL), MARS_OK);
    assert_int_equal(mrs_buf_resize(&edited, text.len + 1, NULL), MARS_OK);
    for (size_t i = 0; i < text.len; i++) {
        memcpy(edited.data, text.data, i);
        memcpy(edited.data + i, text.data + i + 1, text.len - i - 1);
        assert_edit(&c, edited.data, text.len - 1, &v);
        for (size_t k = 0; k < sizeof put - 1; k++) {
            memcpy(edited.data, text.data, text.len);
            edited.data[i] = (uint8_t)put[k];
            assert_edit(&c, edited.data, text.len, &v);
            memcpy(edited.data + i + 1, text.data + i, text.len - i);
            assert_edit(&c, edited.data, text.len + 1, &v);
        }
    }
    mrs_credentials_free(&c);
    mrs_buf_free(&text);
    mrs_buf_free(&edited);
}

static void
credentials_that_are_cut_short_are_refused(void **state)
{
    struct mrs_vault v = make_vault(1);
    struct mrs_buf text = issue(&v, 0, 0);

    (void)state;
    for (size_t n = 0; n + 1 < text.len; n++)
        if (!is_refusal(parse_and_check(text.data, n, &v)))
            fail_msg("%zu bytes were taken", n);
    mrs_buf_free(&text);
}

/* A whole line more, less, twice, or in another place. */
static void
the_set_of_keys_is_fixed(void **state)
{
    struct mrs_vault v = make_vault(1);
    struct mrs_buf text = issue(&v, 0, 0);
    const char *end = (const char *)text.data + text.len;

    (void)state;
    for (const char *line = (const char *)text.data; line < end;) {
        const char *next = (const char *)memchr(line, '\n', (size_t)(end - line)) + 1;
        size_t before = (size_t)(line - (const char *)text.data), n = (size_t)(next - line);
        struct mrs_buf b = MRS_BUF_INIT(MRS_DOC_TEXT_MAX);

        assert_int_equal(mrs_buf_append(&b, text.data, text.len, NULL), MARS_OK);
        assert_int_equal(mrs_buf_append(&b, line, n, NULL), MARS_OK);
        assert_int_equal(parse_and_check(b.data, b.len, &v), MARS_ERR_AUTH);
        mrs_buf_reset(&b);
        assert_int_equal(mrs_buf_append(&b, text.data, before, NULL), MARS_OK);
        assert_int_equal(mrs_buf_append(&b, next, (size_t)(end - next), NULL), MARS_OK);
        assert_int_equal(parse_and_check(b.data, b.len, &v), MARS_ERR_AUTH);
        mrs_buf_free(&b);
        line = next;
    }
    assert_int_equal(mrs_buf_append(&text, "more: 1\n", 8, NULL), MARS_OK);
    assert_int_equal(parse_and_check(text.data, text.len, &v), MARS_ERR_AUTH);
    mrs_buf_free(&text);
}

static void
what_is_no_credentials_file_is_told_from_a_newer_one(void **state)
{
    static const struct {
        const char *text;
        mars_status st;
    } all[] = {
        { "", MARS_ERR_AUTH },
        { "hello\n", MARS_ERR_AUTH },
        { "format: mars-agent-1\n", MARS_ERR_AUTH },
        { "format: mars-vault-credentials-\n", MARS_ERR_AUTH },
        { "format: mars-vault-credentials-x\n", MARS_ERR_AUTH },
        { "format: mars-vault-credentials-1x\n", MARS_ERR_AUTH },
        { "format: mars-vault-credentials-1\n", MARS_ERR_AUTH },
        { "format: mars-vault-credentials-2\nanything: else\n", MARS_ERR_UNSUPPORTED },
        { "format: mars-vault-credentials-11\n", MARS_ERR_UNSUPPORTED },
        { "- format: mars-vault-credentials-1\n", MARS_ERR_AUTH },
        { "{", MARS_ERR_AUTH },
    };

    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct mrs_credentials c;

        assert_int_equal(mrs_credentials_parse(&c, all[i].text, strlen(all[i].text), NULL),
                         all[i].st);
        mrs_credentials_free(&c);
    }
}

/* A vault of files, and a credentials file for it. */
struct place {
    char dir[TMPDIR_PATH_MAX];
    char url[TMPDIR_PATH_MAX + 32];
    char path[TMPDIR_PATH_MAX + 32];
};

static int
make_place(void **state)
{
    static struct place p;
    struct mrs_buf text = MRS_BUF_INIT(MRS_DOC_TEXT_MAX);
    struct mrs_store *s = NULL;
    struct mrs_vault v;

    tmpdir_make(p.dir);
    (void)snprintf(p.url, sizeof p.url, "file://%s/vault", p.dir);
    (void)snprintf(p.path, sizeof p.path, "%s/credentials", p.dir);
    assert_int_equal(mrs_store_open(&s, p.url, 1, NULL, NULL), MARS_OK);
    assert_int_equal(mrs_vault_create(s, NULL, 0, NULL), MARS_OK);
    assert_int_equal(mrs_vault_read(&v, s, MRS_NEED_READ, NULL), MARS_OK);
    assert_int_equal(mrs_credentials_issue(&v, p.url, NULL, NULL, 0, 0, &text, NULL), MARS_OK);
    assert_int_equal(mrs_file_replace(p.path, text.data, text.len, NULL), MARS_OK);
    mrs_buf_free(&text);
    mrs_vault_forget(&v);
    mrs_store_close(s);
    *state = &p;
    return 0;
}

static int
remove_place(void **state)
{
    struct place *p = *state;

    tmpdir_remove(p->dir);
    assert_int_equal(failing_alloc_live(), 0);
    return 0;
}

static mars_status
redeem(const char *path, mars_error *err)
{
    struct mrs_credentials c;
    struct mrs_store *s = NULL;
    struct mrs_vault v;
    mars_status st = mrs_credentials_redeem(&c, path, NULL, MRS_USE_REGISTER, NULL, &s, &v, err);

    if (st == MARS_OK) {
        assert_non_null(s);
        assert_string_equal(mrs_store_url(s), c.url);
        assert_memory_equal(v.record.id, c.vault, 16);
    }
    mrs_credentials_free(&c);
    mrs_store_close(s);
    mrs_vault_forget(&v);
    return st;
}

static void
redeeming_opens_the_vault_that_the_file_names(void **state)
{
    const struct place *p = *state;
    char vault[TMPDIR_PATH_MAX + 32];

    assert_int_equal(redeem(p->path, NULL), MARS_OK);
    (void)snprintf(vault, sizeof vault, "%s/vault", p->dir);
    tmpdir_remove(vault);
    assert_int_equal(redeem(p->path, NULL), MARS_ERR_NOT_FOUND);
    assert_int_equal(mrs_dir_make(vault, NULL), MARS_OK);
    assert_int_equal(redeem(p->path, NULL), MARS_ERR_NOT_FOUND);
}

static void
a_file_that_cannot_be_redeemed_is_named(void **state)
{
    const struct place *p = *state;
    struct mrs_buf text = MRS_BUF_INIT(1 << 20);
    mars_error err;

    assert_int_equal(redeem("/nonexistent/credentials", &err), MARS_ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, "/nonexistent/credentials"));
    assert_int_equal(mrs_file_slurp(p->path, &text, NULL), MARS_OK);
    text.data[text.len / 2] ^= 1;
    assert_int_equal(mrs_file_replace(p->path, text.data, text.len, NULL), MARS_OK);
    assert_true(is_refusal(redeem(p->path, &err)));
    assert_int_equal(mrs_buf_resize(&text, MRS_DOC_TEXT_MAX + 1, NULL), MARS_OK);
    assert_int_equal(mrs_file_replace(p->path, text.data, text.len, NULL), MARS_OK);
    assert_int_equal(redeem(p->path, &err), MARS_ERR_AUTH);
    assert_non_null(strstr(err.message, p->path));
    mrs_buf_free(&text);
}

static void
issuing_survives_every_failing_allocation(void **state)
{
    struct mrs_vault v = make_vault(1);
    mars_status st = MARS_ERR_NOMEM;
    size_t n = 0;

    (void)state;
    for (; st != MARS_OK; n++) {
        struct mrs_buf text = MRS_BUF_INIT(MRS_DOC_TEXT_MAX);

        assert_in_range(n, 0, 500);
        failing_alloc_arm(n);
        st = mrs_credentials_issue(&v, URL, NULL, NULL, 0, 0, &text, NULL);
        failing_alloc_arm(SIZE_MAX);
        assert_true(st == MARS_OK || st == MARS_ERR_NOMEM);
        mrs_buf_free(&text);
        assert_int_equal(failing_alloc_live(), 0);
    }
    assert_true(n > 10);
}

static void
redeeming_survives_every_failing_allocation(void **state)
{
    const struct place *p = *state;
    mars_status st = MARS_ERR_NOMEM;
    size_t n = 0;

    for (; st != MARS_OK; n++) {
        assert_in_range(n, 0, 500);
        failing_alloc_arm(n);
        st = redeem(p->path, NULL);
        failing_alloc_arm(SIZE_MAX);
        assert_true(st == MARS_OK || st == MARS_ERR_NOMEM);
        assert_int_equal(failing_alloc_live(), 0);
    }
    assert_true(n > 10);
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(credentials_say_what_they_were_issued_for),
        cmocka_unit_test(dates_that_are_not_said_are_10_days_and_a_year),
        cmocka_unit_test(no_two_credentials_have_one_serial),
        cmocka_unit_test(what_cannot_be_issued_is_refused),
        cmocka_unit_test(each_use_has_its_own_last_second),
        cmocka_unit_test(credentials_of_another_vault_are_refused),
        cmocka_unit_test(credentials_with_any_bit_flipped_are_refused),
        cmocka_unit_test(no_character_can_be_taken_out_put_in_or_put_in_the_place_of_another),
        cmocka_unit_test(credentials_that_are_cut_short_are_refused),
        cmocka_unit_test(the_set_of_keys_is_fixed),
        cmocka_unit_test(what_is_no_credentials_file_is_told_from_a_newer_one),
        IN_PLACE(redeeming_opens_the_vault_that_the_file_names),
        IN_PLACE(a_file_that_cannot_be_redeemed_is_named),
        cmocka_unit_test(issuing_survives_every_failing_allocation),
        IN_PLACE(redeeming_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
