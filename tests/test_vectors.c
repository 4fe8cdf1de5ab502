/* SPDX-License-Identifier: MIT */
/* test_vectors.c - what is known of the format, through every entry and every exit of the library:
 * what must be delivered, what must be refused, and what must be made harmless. */
#include "sse/http_request.h"

#include "support/delivery.h"
#include "support/encoding.h"
#include "support/guard.h"
#include "vectors/vectors.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void check(int ok, const char *name, const char *what)
{
    if (!ok)
        fail_msg("%s: %s", name, what);
}

/* Why an event is refused: a number, or a text. */
static int status_for(const sse_event *ev)
{
    return ev->retry_ms > SSE_RETRY_MAX ? SSE_E_RANGE : SSE_E_FIELD;
}

/* What a client must get: the policy leaves a retry of 0 out. */
static parsed wanted(const emit_vector *v)
{
    parsed want = v->expected;

    if (v->policy == POLICY_WITHOUT_RETRY)
        want.retry_count = 0;
    return want;
}

/* Whether the bytes are those of the vector. A blank line of a comment may have a space behind its
 * colon, which no client sees. */
static int is_canonical(sse_str bytes, sse_str canonical)
{
    size_t i, k = 0;

    for (i = 0; i < bytes.len; i++) {
        const int line = i == 0 || bytes.ptr[i - 1] == '\n';

        if (k == canonical.len || bytes.ptr[i] != canonical.ptr[k++])
            return 0;
        if (line && bytes.len - i > 2 && memcmp(bytes.ptr + i, ": \n", 3) == 0)
            i++;
    }
    return k == canonical.len;
}

static void the_encoder_writes_the_canonical_bytes(void **state)
{
    size_t i, k, same = 0, without = 0;

    (void)state;
    assert_int_equal(emit_vector_count, 78);
    for (i = 0; i < emit_vector_count; i++) {
        const emit_vector *v = &emit_vectors[i];
        parsed want = wanted(v);
        sse_str bytes = {NULL, 0};
        char *all = malloc(v->canonical.len + 8);

        assert_non_null(all);
        for (k = 0; v->policy != POLICY_REFUSE && k < v->event_count; k++) {
            sse_str one = encode(&v->events[k]);

            check(one.len <= v->canonical.len + 8 - bytes.len, v->name, "longer than canonical");
            memcpy(all + bytes.len, one.ptr, one.len);
            bytes.ptr = all;
            bytes.len += one.len;
        }
        if (v->policy != POLICY_REFUSE)
            check(parses_to(bytes.ptr, bytes.len, &want), v->name, "not what was expected");
        if (v->policy == POLICY_KEEP) {
            check(is_canonical(bytes, v->canonical), v->name, "not canonical");
            same++;
        }
        without += v->policy == POLICY_WITHOUT_RETRY;
        free(all);
    }
    assert_int_equal(same, 71);
    assert_int_equal(without, 3);
}

static void the_writer_delivers_what_is_expected_whichever_way(void **state)
{
    size_t i, delivered = 0;

    (void)state;
    for (i = 0; i < emit_vector_count; i++) {
        const emit_vector *v = &emit_vectors[i];
        parsed want = wanted(v);

        if (v->policy == POLICY_REFUSE)
            continue;
        deliver_every_way(v->name, v->events, v->event_count, &want);
        delivered++;
    }
    assert_int_equal(delivered, 74);
}

static void what_does_not_survive_every_client_is_refused(void **state)
{
    size_t i, refused = 0, inexpressible = 0;

    (void)state;
    for (i = 0; i < emit_vector_count; i++) {
        const emit_vector *v = &emit_vectors[i];

        if (v->policy != POLICY_REFUSE)
            continue;
        assert_int_equal(v->event_count, 1);
        if (v->inexpressible) {
            inexpressible++;
            continue;
        }
        refuse_every_way(v->name, &v->events[0], status_for(&v->events[0]));
        refused++;
    }
    assert_int_equal(refused, 2);
    assert_int_equal(inexpressible, 2);
}

static void what_would_forge_fields_or_events_is_refused_or_made_harmless(void **state)
{
    size_t i, refused = 0, harmless = 0, inexpressible = 0;

    (void)state;
    assert_int_equal(reject_vector_count, 26);
    for (i = 0; i < reject_vector_count; i++) {
        const reject_vector *v = &reject_vectors[i];

        if (v->inexpressible) {
            inexpressible++;
        } else if (strcmp(v->field, "data") == 0 || strcmp(v->field, "comment") == 0) {
            sse_str bytes = encode(&v->input);

            check(v->if_neutralised != NULL, v->name, "no expectation");
            check(parses_to(bytes.ptr, bytes.len, v->if_neutralised), v->name, "forged");
            deliver_every_way(v->name, &v->input, 1, v->if_neutralised);
            harmless++;
        } else {
            refuse_every_way(v->name, &v->input, status_for(&v->input));
            refused++;
        }
    }
    assert_int_equal(refused, 19);
    assert_int_equal(harmless, 5);
    assert_int_equal(inexpressible, 2);
}

static void the_accept_field_decides_whether_a_stream_is_sent(void **state)
{
    size_t i, asked = 0;

    (void)state;
    assert_int_equal(header_vector_count, 12);
    for (i = 0; i < header_vector_count; i++) {
        const header_vector *v = &header_vectors[i];
        guard value;

        if (strcmp(v->field, "Accept") != 0)
            continue;
        value = guard_copy(v->value.ptr, v->value.len);
        check(v->verdict == HEADER_ACCEPT || v->verdict == HEADER_REFUSE, v->name, "no verdict");
        check(sse_http_accepts(value.ptr, value.len) == (v->verdict == HEADER_ACCEPT), v->name,
              "decided otherwise");
        guard_free(&value);
        asked++;
    }
    assert_int_equal(asked, 5);
}

static void the_last_event_id_field_is_taken_as_it_is_or_refused(void **state)
{
    size_t i, asked = 0;

    (void)state;
    for (i = 0; i < header_vector_count; i++) {
        const header_vector *v = &header_vectors[i];
        int refused = v->verdict == HEADER_REFUSE;
        char id[64];
        sse_str got = {id, 1};
        guard value;

        if (strcmp(v->field, "Last-Event-ID") != 0)
            continue;
        value = guard_copy(v->value.ptr, v->value.len);
        check(sse_http_last_event_id(value.ptr, value.len, NULL, 0, id, sizeof id, &got.len) ==
                  (refused ? SSE_E_FIELD : SSE_OK),
              v->name, "wrong status");
        if (refused || v->verdict == HEADER_FRESH)
            check(got.len == 0, v->name, "an id in spite of that");
        else
            check(same_text(got, v->value), v->name, "another id");
        guard_free(&value);
        asked++;
    }
    assert_int_equal(asked, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_encoder_writes_the_canonical_bytes),
        cmocka_unit_test(the_writer_delivers_what_is_expected_whichever_way),
        cmocka_unit_test(what_does_not_survive_every_client_is_refused),
        cmocka_unit_test(what_would_forge_fields_or_events_is_refused_or_made_harmless),
        cmocka_unit_test(the_accept_field_decides_whether_a_stream_is_sent),
        cmocka_unit_test(the_last_event_id_field_is_taken_as_it_is_or_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
