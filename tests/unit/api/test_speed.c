#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "api/speed.h"
#include "failing_alloc.h"

enum { MIB = 1 << 20 };

static uint8_t *
make_sample(void)
{
    uint8_t *sample = malloc(MRS_SPEED_SAMPLE);

    assert_non_null(sample);
    mrs_speed_sample(sample);
    return sample;
}

static void
the_sample_is_the_same_each_time(void **state)
{
    uint8_t *one = make_sample(), *two = make_sample();

    (void)state;
    assert_memory_equal(one, two, MRS_SPEED_SAMPLE);
    free(one);
    free(two);
}

static void
the_sample_packs_like_text(void **state)
{
    const struct mrs_compression lz4 = { MRS_CODEC_LZ4, MRS_LZ4_FAST };
    struct mrs_codec_state state_of = { NULL, NULL, NULL, NULL };
    struct mrs_buf out = MRS_BUF_INIT(2 * MIB);
    uint8_t *sample = make_sample();
    enum mrs_codec used;
    mars_error err;

    (void)state;
    for (size_t at = 0; at < MRS_SPEED_SAMPLE; at += MIB) {
        mrs_buf_reset(&out);
        assert_int_equal(mrs_codec_pack(&state_of, &lz4, sample + at, MIB, &out, &used, &err),
                         MARS_OK);
        assert_in_range(out.len, MIB / 3, MIB / 2);
    }
    mrs_codec_state_free(&state_of);
    mrs_buf_free(&out);
    free(sample);
}

static void
each_step_tells_what_it_did(void **state)
{
    uint8_t *sample = make_sample();
    mars_error err;

    (void)state;
    for (size_t i = 0; i < mrs_speed_count(); i++) {
        struct mrs_speed *s;
        uint64_t done = 0, before;

        assert_int_equal(mrs_speed_new(&s, mrs_speed_kind_at(i), sample, &err), MARS_OK);
        /* Once around the sample and on. */
        for (int step = 0; step < 10; step++) {
            before = done;
            assert_int_equal(mrs_speed_step(s, &done, &err), MARS_OK);
            assert_in_range(done - before, MIB, MRS_SPEED_SAMPLE);
        }
        mrs_speed_free(s);
    }
    mrs_speed_free(NULL);
    free(sample);
}

/* Fail the 1st, 2nd, 3rd ... allocation of each kind until it gets through. */
static void
each_kind_survives_failing_allocations(void **state)
{
    uint8_t *sample = make_sample();
    size_t before = failing_alloc_live();

    (void)state;
    for (size_t i = 0; i < mrs_speed_count(); i++) {
        mars_status st = MARS_ERR_NOMEM;

        for (size_t n = 0; st != MARS_OK; n++) {
            struct mrs_speed *s = NULL;
            uint64_t done = 0;

            assert_true(n < 50);
            failing_alloc_arm(n);
            st = mrs_speed_new(&s, mrs_speed_kind_at(i), sample, NULL);
            if (st == MARS_OK)
                st = mrs_speed_step(s, &done, NULL);
            failing_alloc_arm(SIZE_MAX);
            mrs_speed_free(s);
            assert_true(st == MARS_OK || st == MARS_ERR_NOMEM);
            assert_int_equal(failing_alloc_live(), before);
        }
    }
    free(sample);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sample_is_the_same_each_time),
        cmocka_unit_test(the_sample_packs_like_text),
        cmocka_unit_test(each_step_tells_what_it_did),
        cmocka_unit_test(each_kind_survives_failing_allocations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
