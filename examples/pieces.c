/* SPDX-License-Identifier: MIT */
/* pieces.c - the output of a command as one event, however long it is: a CGI program.
 *
 *     cc pieces.c -lsse -o pieces
 *     ./pieces 'ls -l' [id]               the response, fields first, on standard output
 *     ./pieces 'echo no luck; false'      an event of type "failed" in place of the output
 *
 * begin, append, finish: the data goes through a queue of 4 KiB, piece by piece, and no heartbeat
 * can come between. The client dispatches the event when it is finished.
 *
 * A command that fails has two ends. While nothing of the event has left the queue it is taken
 * back, and another event says what has happened. After that the stream is cut: clients discard an
 * event that is not complete, and there is no other honest way to end it. */
#define _POSIX_C_SOURCE 200809L
#include <sse/sse.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { QUEUE = 4096 };

static int sink(void *user, const void *bytes, size_t len, size_t *taken)
{
    (void)user;
    *taken = fwrite(bytes, 1, len, stdout);
    return *taken == len && fflush(stdout) == 0 ? SSE_OK : SSE_E_IO;
}

/* A CGI program writes the fields of its answer, and its server makes a head of them. */
static int put_head(sse_writer *w)
{
    char text[128];
    size_t name, value, i;
    int status;

    for (i = 0; (status = sse_http_field_parts(SSE_HTTP_MANAGED, 200, 0, 0, NULL, 0, NULL, 0, i,
                                               text, sizeof text, &name, &value)) == SSE_OK;
         i++)
        printf("%s: %s\n", text, text + name + 1);
    if (status != SSE_END)
        return status;
    printf("\n");
    return sse_http_send_parts(SSE_HTTP_MANAGED, 200, 0, 0, SSE_HTTP_FIRST_BLOCK, NULL, 0, w);
}

/* Append all of a piece. What is in the queue goes out only where it has no room for more. */
static int append(sse_writer *w, const char *bytes, size_t len)
{
    size_t taken;
    int status;

    while ((status = sse_writer_append(w, bytes, len, &taken)) == SSE_AGAIN) {
        bytes += taken;
        len -= taken;
        if ((status = sse_writer_flush(w, sink, NULL)) != SSE_OK)
            break;
    }
    return status;
}

static int finish(sse_writer *w)
{
    int status;

    while ((status = sse_writer_finish(w)) == SSE_AGAIN)
        if ((status = sse_writer_flush(w, sink, NULL)) != SSE_OK)
            break;
    return status;
}

int main(int argc, char **argv)
{
    size_t memory[SSE_WRITER_WORDS(QUEUE)], len;
    sse_writer *w = sse_writer_init(memory, sizeof memory, 0);
    const char *const id = argc > 2 ? argv[2] : NULL;
    const sse_event head = {.type = SSE_LIT("output"), .id = {id, id ? strlen(id) : 0}};
    FILE *source = argc > 1 ? popen(argv[1], "r") : NULL;
    char piece[1024];
    int status;

    if (source == NULL || !sse_id_portable(head.id.ptr, head.id.len)) {
        fprintf(stderr, "pieces: a command, please, and an id that each client sends back\n");
        return 1;
    }
    status = put_head(w);
    if (status == SSE_OK)
        status = sse_writer_begin(w, &head);
    while (status == SSE_OK && (len = fread(piece, 1, sizeof piece, source)) > 0)
        status = append(w, piece, len);
    if (pclose(source) == 0 && status == SSE_OK) {
        status = finish(w);
    } else if (sse_writer_cancel(w) == SSE_OK) {
        status = sse_writer_send_parts(w, "failed", 6, NULL, 0, argv[1], strlen(argv[1]));
    } else {
        fprintf(stderr, "pieces: cut, with %zu bytes still to go\n", sse_writer_pending(w));
        status = SSE_E_TORN;
    }
    sse_writer_close(w);
    if (status == SSE_OK)
        status = sse_writer_flush(w, sink, NULL);
    return status == SSE_END ? 0 : 1;
}
