/* SPDX-License-Identifier: MIT */
/* The file of a history is mapped. A lock keeps other processes of ssecat away, but nothing keeps
 * others from making the file shorter, and then its memory is gone: the next access to it is a
 * SIGBUS, and a send from it is EFAULT. To look at the size before each access would cost a system
 * call, and still be too early. So SIGBUS says what has happened, and ends the program. */
#define _GNU_SOURCE

#include "history.h"

#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* A line has so many bytes, with its id: shorter ones use up the index first. */
enum { BYTES_PER_EVENT = 64 };

/* For the handler of SIGBUS, which formats nothing. */
static struct {
    const char *memory;
    size_t size;
    char message[PIPE_BUF];
    size_t len;
} mapped;

static void *fail(const char *path, const char *what)
{
    say_error("%s: %s", path, what);
    return NULL;
}

/* See to it that the file has `size` bytes, all of them on the disk: a disk that is full is found
 * out here, and not by a signal later. Returns what is wrong, or NULL. */
static const char *take_file(int fd, size_t size)
{
    struct stat is;
    int error;

    if (fstat(fd, &is) != 0)
        return strerror(errno);
    if (!S_ISREG(is.st_mode))
        return "not a regular file";
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK ? "another process uses it" : strerror(errno);
    if (fstat(fd, &is) != 0)
        return strerror(errno);
    if (is.st_size != 0 && (size_t)is.st_size != size)
        return "not a history of this size; give the --history that it was made with";
    error = posix_fallocate(fd, 0, (off_t)size);
    if (error == 0)
        return NULL;
    if (is.st_size == 0 && ftruncate(fd, 0) != 0)
        return "the disk is full, and the file is a part of what it is meant to be";
    return strerror(error);
}

/* Open the file. Returns -1 when it has said what is wrong. A FIFO does not make it wait. */
static int open_file(const char *path, size_t size)
{
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
    const char *const wrong = fd < 0 ? strerror(errno) : take_file(fd, size);

    if (wrong == NULL)
        return fd; /* open for good, and locked */
    fail(path, wrong);
    if (fd >= 0)
        close(fd);
    return -1;
}

void history_is_lost(void)
{
    if (mapped.memory == NULL)
        abort(); /* nobody else has that memory */
    say_as_it_is(mapped.message, mapped.len);
    _exit(EXIT_FAILURE);
}

static void on_bus_error(int number, siginfo_t *about, void *context)
{
    const char *const at = about->si_addr;

    (void)context;
    if (at >= mapped.memory && at < mapped.memory + mapped.size)
        history_is_lost();
    signal(number, SIG_DFL); /* and again, for good */
}

static void guard(const char *path, const char *memory, size_t size)
{
    const struct sigaction action = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO};
    const int n = snprintf(mapped.message, sizeof mapped.message,
                           "ssecat: %.3000s: what was in it is gone: another program has changed "
                           "it, or the disk fails\n",
                           path);

    mapped.len = (size_t)n;
    mapped.memory = memory;
    mapped.size = size;
    sigaction(SIGBUS, &action, NULL);
}

static int is_blank(const char *bytes, size_t len)
{
    while (len > 0 && bytes[len - 1] == 0)
        len--;
    return len == 0;
}

/* Get the memory, all zero where it is new. Returns NULL when it has said what is wrong. */
static void *get_memory(const char *path, size_t size)
{
    const int fd = path ? open_file(path, size) : -1;
    void *memory;

    if (path && fd < 0)
        return NULL;
    memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                  path ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS, fd, 0);
    if (memory == MAP_FAILED)
        return fail(path ? path : "--history", strerror(errno));
    if (path)
        guard(path, memory, size);
    return memory;
}

sse_history *history_open(const char *path, uint32_t room, uint64_t epoch)
{
    const uint32_t events = room / BYTES_PER_EVENT;
    const size_t size = sse_history_size(events, room);
    void *const memory = size > 0 ? get_memory(path, size) : NULL;
    sse_history *history;

    if (size == 0)
        return fail("--history", "too much for this machine");
    if (memory == NULL)
        return NULL;
    if (path == NULL || (is_blank(memory, SSE_HISTORY_OVERHEAD) && is_blank(memory, size)))
        return sse_history_init(memory, size, events, 0, epoch, "ssecat", 6);
    history = sse_history_open(memory, size, events, 0, epoch, "ssecat", 6);
    return history ? history : fail(path, "not a history of ssecat");
}
