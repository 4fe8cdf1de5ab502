/* SPDX-License-Identifier: MIT */
/* vectors.c - the streams of all vectors, for clients to read: one JSON object a line.
 *
 *     {"name": of the vector, "by": who wrote the bytes, "bytes": HEX,
 *      "events": [[TYPE, DATA, ID], ...]}         what a client has to dispatch, each in HEX
 *
 * "by" is "library" where the encoder wrote them, now. It refuses some vectors: those show what the
 * bytes of "another" do, which has not refused; and vectors of parsers are bytes "given". */
#include <sse/event.h>
#include <sse/status.h>

#include "vectors/vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_hex(sse_str text)
{
    size_t n;

    putchar('"');
    for (n = 0; n < text.len; n++)
        printf("%02x", (unsigned char)text.ptr[n]);
    putchar('"');
}

static void print_vector(const char *name, const char *by, sse_str bytes, const parsed *says)
{
    size_t n;

    printf("{\"name\": \"%s\", \"by\": \"%s\", \"bytes\": ", name, by);
    print_hex(bytes);
    printf(", \"events\": [");
    for (n = 0; n < says->event_count; n++) {
        printf(n > 0 ? ", [" : "[");
        print_hex(says->events[n].type);
        printf(", ");
        print_hex(says->events[n].data);
        printf(", ");
        print_hex(says->events[n].id);
        printf("]");
    }
    printf("]}\n");
}

static void fail(const char *name, int status)
{
    fprintf(stderr, "vectors: %s: %s\n", name, sse_status_text(status));
    exit(1);
}

/* Print what the library writes for these events. */
static void print_encoded(const char *name, const sse_event *events, size_t count,
                          const parsed *says)
{
    size_t n, one, len = 0;
    char *bytes = NULL;
    int status;

    for (n = 0; n < count; n++) {
        status = sse_event_encode(&events[n], NULL, 0, &one);
        if (status != SSE_E_SPACE)
            fail(name, status);
        bytes = realloc(bytes, len + one);
        if (bytes == NULL)
            abort();
        status = sse_event_encode(&events[n], bytes + len, one, &one);
        if (status != SSE_OK)
            fail(name, status);
        len += one;
    }
    print_vector(name, "library", (sse_str){bytes, len}, says);
    free(bytes);
}

int main(void)
{
    size_t n;

    for (n = 0; n < parse_vector_count; n++) {
        const parse_vector *v = &parse_vectors[n];

        print_vector(v->name, "given", v->bytes, &v->expected);
    }
    for (n = 0; n < emit_vector_count; n++) {
        const emit_vector *v = &emit_vectors[n];

        if (v->policy == POLICY_REFUSE)
            print_vector(v->name, "another", v->canonical, &v->expected);
        else
            print_encoded(v->name, v->events, v->event_count, &v->expected);
    }
    for (n = 0; n < reject_vector_count; n++) {
        const reject_vector *v = &reject_vectors[n];

        print_vector(v->name, "another", v->naive, &v->naive_says);
        if (v->if_neutralised != NULL && !v->inexpressible &&
            (strcmp(v->field, "data") == 0 || strcmp(v->field, "comment") == 0))
            print_encoded(v->name, &v->input, 1, v->if_neutralised);
    }
    return 0;
}
