/* SPDX-License-Identifier: MIT */
/* clock.c - a clock that is wrong, for one process: LD_PRELOAD it, and CLOCK_FILE names a file of eight
 * bytes, the milliseconds to add, which can be changed while the process runs. redis-server hangs under
 * libfaketime, which moves the monotonic clock, too; this library leaves that one alone. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

typedef int clock_function(clockid_t, struct timespec *);

static const volatile int64_t none;
static const volatile int64_t *skew_ms = &none;
static clock_function *real; /* the one of libc, which makes no system call */

static void find_real(void)
{
    *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
}

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("CLOCK_FILE");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *p = fd < 0 ? MAP_FAILED : mmap(NULL, 8, PROT_READ, MAP_SHARED, fd, 0);

    if (fd >= 0)
        close(fd);
    if (p != MAP_FAILED)
        skew_ms = p;
}

int clock_gettime(clockid_t id, struct timespec *t)
{
    int result;

    if (!real)
        find_real();
    result = real(id, t);
    if (result == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) {
        int64_t ns = t->tv_nsec + *skew_ms % 1000 * 1000000;

        t->tv_sec += (time_t)(*skew_ms / 1000 + (ns < 0 ? -1 : ns / 1000000000));
        t->tv_nsec = (long)(ns < 0 ? ns + 1000000000 : ns % 1000000000);
    }
    return result;
}

int gettimeofday(struct timeval *restrict t, void *restrict zone)
{
    struct timespec now;

    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    *t = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *out)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (out)
        *out = now.tv_sec;
    return now.tv_sec;
}
