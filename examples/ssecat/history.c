/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "history.h"

#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* A line has so many bytes, with its id: shorter ones use up the index first. */
enum { BYTES_PER_EVENT = 64 };

static void *fail(const char *path, const char *what)
{
    say_error("%s: %s", path, what);
    return NULL;
}

/* Open the file and see to it that it has `size` bytes, all of them on the disk: a disk that is
 * full is found out here, and not by a signal later. Returns -1 when it has printed what is wrong.
 */
static int open_file(const char *path, size_t size)
{
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct stat is;
    int error;

    if (fd < 0 || fstat(fd, &is) != 0) {
        fail(path, strerror(errno));
    } else if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        fail(path, "another process uses it");
    } else if (is.st_size != 0 && (size_t)is.st_size != size) {
        fail(path, "not a history of this size; give the --history that it was made with");
    } else {
        error = posix_fallocate(fd, 0, (off_t)size);
        if (error == 0)
            return fd; /* open for good, and locked */
        fail(path, strerror(error));
    }
    return -1;
}

static int is_blank(const char *bytes, size_t len)
{
    while (len > 0 && bytes[len - 1] == 0)
        len--;
    return len == 0;
}

sse_history *history_open(const char *path, uint32_t room, uint64_t epoch)
{
    const uint32_t events = room / BYTES_PER_EVENT;
    const size_t size = SSE_HISTORY_WORDS(events, room) * sizeof(uint64_t);
    const int fd = path ? open_file(path, size) : -1;
    sse_history *history;
    void *memory;

    if (path && fd < 0)
        return NULL;
    memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                  path ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS, fd, 0);
    if (memory == MAP_FAILED)
        return fail(path ? path : "history", strerror(errno));
    if (is_blank(memory, SSE_HISTORY_OVERHEAD))
        return sse_history_init(memory, size, events, 0, epoch, "ssecat", 6);
    history = sse_history_open(memory, size, events, 0, epoch, "ssecat", 6);
    return history ? history : fail(path, "not a history of ssecat");
}
