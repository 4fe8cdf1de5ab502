/* SPDX-License-Identifier: MIT */
/* journal.c - a history in a file, without a server: programs append to it, and read what is new.
 *
 *     cc journal.c -lsse -o journal
 *     ./journal FILE add note 'the kettle is on'     prints the id of the new event
 *     ./journal FILE                                 all that is kept, as a stream
 *     ./journal FILE after 8a5c0f3b91d2e647-42       what came after that id
 *     ./journal FILE drop 3600                       what is older than an hour goes
 *
 * The file is the block of memory of a history, mapped. sse_history_open trusts nothing in it: an
 * event counts if its checksum is right. So the program may be killed at any moment, and the next
 * one finds all events but the one that was being written. A channel on such a history serves its
 * clients over a restart without a loss: see ssecat --history-file. */
#define _GNU_SOURCE
#include <sse/sse.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 1000, CAPACITY = 64 * 1024, TEXT_MAX = 4096, RETRY_MS = 5000 };

/* The wall clock: times in the file outlive the process, and the boot. */
static uint64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Map the file, and find the history in it; a new file is a new history. */
static sse_history *open_journal(const char *path)
{
    const size_t size = sse_history_size(EVENTS, CAPACITY);
    const int fd = open(path, O_RDWR | O_CREAT, 0600);
    struct stat is;
    void *memory;

    if (fd < 0 || flock(fd, LOCK_EX) != 0 || fstat(fd, &is) != 0 ||
        (is.st_size != 0 && (size_t)is.st_size != size) || posix_fallocate(fd, 0, (off_t)size) != 0)
        return NULL;
    memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED)
        return NULL;
    if (is.st_size == 0)
        return sse_history_init(memory, size, EVENTS, 0, now_ms(), path, strlen(path));
    return sse_history_open(memory, size, EVENTS, 0, now_ms(), path, strlen(path));
}

/* A text of the command line is any bytes. What is not UTF-8 becomes U+FFFD, as a client would have
 * it, so that all readers of the journal get the same. */
static int add(sse_history *h, const char *type, const char *text)
{
    char clean[TEXT_MAX], id[SSE_HISTORY_ID_MAX];
    size_t taken, len, id_len;
    int status = sse_utf8_repair(text, strlen(text), 1, clean, sizeof clean, &taken, &len);

    if (status == SSE_OK)
        status = sse_history_append(
            h, &(sse_event){.type = {type, strlen(type)}, .data = {clean, len}}, 0, 0, now_ms());
    if (status == SSE_OK)
        status = sse_history_id(h, sse_history_next(h) - 1, id, sizeof id, &id_len);
    if (status == SSE_OK)
        printf("%.*s\n", (int)id_len, id);
    return status;
}

/* Print what comes after an id; NULL: all. In a CGI program this is a stream that ends each time:
 * an EventSource comes back after the reconnection time, and asks for what is new. */
static int show(const sse_history *h, const char *id)
{
    uint64_t number = sse_history_first(h);
    char text[128];
    const void *bytes;
    size_t len;
    int status = sse_event_encode_retry(RETRY_MS, text, sizeof text, &len);

    if (status == SSE_OK)
        fwrite(text, 1, len, stdout);
    if (id && !sse_id_valid(id, strlen(id)))
        return SSE_E_FIELD;
    if (id &&
        (sse_history_find(h, id, strlen(id), &number) != SSE_OK || number < sse_history_first(h))) {
        static const char lost[] = "what came after this id is no longer kept, or it never was one";

        number = sse_history_first(h);
        status = sse_event_encode_comment(lost, sizeof lost - 1, text, sizeof text, &len);
        if (status == SSE_OK)
            fwrite(text, 1, len, stdout);
    }
    for (; status == SSE_OK && number < sse_history_next(h); number++) {
        status = sse_history_get(h, number, &bytes, &len);
        if (status == SSE_OK)
            fwrite(bytes, 1, len, stdout);
    }
    return status;
}

int main(int argc, char **argv)
{
    const char *const verb = argc > 2 ? argv[2] : "";
    sse_history *const h = argc > 1 ? open_journal(argv[1]) : NULL;
    int status;

    if (h == NULL) {
        fprintf(stderr, "journal: a file that is a journal, or a new one, please\n");
        return 1;
    }
    if (argc == 5 && strcmp(verb, "add") == 0) {
        status = add(h, argv[3], argv[4]);
    } else if (argc == 4 && strcmp(verb, "drop") == 0) {
        status = sse_history_expire(h, now_ms() - strtoul(argv[3], NULL, 10) * 1000);
    } else if (argc == 2 || (argc == 4 && strcmp(verb, "after") == 0)) {
        status = show(h, argc == 4 ? argv[3] : NULL);
    } else {
        fprintf(stderr, "journal: FILE [add TYPE TEXT | after ID | drop SECONDS]\n");
        return 1;
    }
    if (status != SSE_OK)
        fprintf(stderr, "journal: %s\n", sse_status_text(status));
    return status == SSE_OK ? 0 : 1;
}
