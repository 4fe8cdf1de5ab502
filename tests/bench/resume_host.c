/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "resume_host.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void fail(const char *what)
{
    fprintf(stderr, "resume_storm: %s%s%s\n", what, errno ? ": " : "",
            errno ? strerror(errno) : "");
    exit(EXIT_FAILURE);
}

uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

uint32_t raise_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        fail("descriptors");
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        fail("descriptors");
    return limit.rlim_cur < 1000000 ? (uint32_t)limit.rlim_cur : 1000000;
}

void pin(enum cpu cpu)
{
    static cpu_set_t all;
    static int known;
    cpu_set_t one;
    size_t i;
    int skip = cpu == CROWD_CPU;

    if (!known && sched_getaffinity(0, sizeof all, &all) != 0)
        fail("processors");
    known = 1;
    if (CPU_COUNT(&all) < 2)
        return;
    for (i = 0; !CPU_ISSET(i, &all) || skip-- > 0; i++)
        ;
    CPU_ZERO(&one);
    CPU_SET(i, &one);
    if (sched_setaffinity(0, sizeof one, &one) != 0)
        fail("processors");
}

static uint32_t descriptors(const host *h)
{
    char path[64];
    uint32_t count = 0;
    DIR *all;

    snprintf(path, sizeof path, "/proc/%d/fd", (int)h->pid);
    all = opendir(path);
    if (all == NULL)
        fail(path);
    while (readdir(all) != NULL)
        count++;
    closedir(all);
    return count;
}

static void feed(const host *h, const char *bytes, size_t len)
{
    while (len > 0) {
        const ssize_t n = write(h->input, bytes, len);

        if (n < 0)
            fail("a server does not read");
        bytes += n;
        len -= (size_t)n;
    }
}

void host_start(host *h, char *const argv[], const char *bytes, size_t len)
{
    int input[2], output[2];
    char line[256], *colon = NULL;
    FILE *told;

    if (pipe2(input, O_CLOEXEC) != 0 || pipe2(output, O_CLOEXEC) != 0 || (h->pid = fork()) < 0)
        fail("a process");
    if (h->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        pin(SERVER_CPU);
        dup2(input[0], STDIN_FILENO);
        dup2(output[1], STDOUT_FILENO);
        execv(argv[0], argv);
        fail(argv[0]);
    }
    close(input[0]);
    close(output[1]);
    h->input = input[1];
    feed(h, bytes, len);
    told = fdopen(output[0], "r");
    if (told == NULL || fgets(line, sizeof line, told) == NULL ||
        (colon = strstr(line, "127.0.0.1:")) == NULL)
        fail("a server does not tell its port");
    h->port = atoi(colon + 10);
    fclose(told);
    h->idle = descriptors(h);
}

uint64_t host_cpu_ns(const host *h)
{
    struct timespec t;
    clockid_t clock;

    if (clock_getcpuclockid(h->pid, &clock) != 0 || clock_gettime(clock, &t) != 0)
        fail("a server is gone");
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

uint64_t host_memory_kib(const host *h)
{
    char path[64], line[256];
    unsigned long kib = 0;
    FILE *status;

    snprintf(path, sizeof path, "/proc/%d/status", (int)h->pid);
    status = fopen(path, "r");
    if (status == NULL)
        fail(path);
    while (fgets(line, sizeof line, status) && sscanf(line, "VmRSS: %lu", &kib) != 1)
        ;
    fclose(status);
    if (kib == 0)
        fail("a server is gone");
    return kib;
}

static int sleeps(const host *h)
{
    char path[64], state = '?';
    FILE *stat;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)h->pid);
    stat = fopen(path, "r");
    if (stat == NULL || fscanf(stat, "%*d (%*[^)]) %c", &state) != 1)
        fail(path);
    fclose(stat);
    return state == 'S';
}

void host_rest(host *h)
{
    const uint64_t end = now_ns() + UINT64_C(30000000000);

    while (descriptors(h) > h->idle || !sleeps(h)) {
        errno = 0;
        if (now_ns() > end)
            fail("a server does not let go of its clients");
        usleep(1000);
    }
}

void host_stop(host *h)
{
    int status = -1;

    if (kill(h->pid, SIGTERM) != 0 || waitpid(h->pid, &status, 0) != h->pid)
        fail("a server is gone");
    close(h->input);
    errno = 0;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != EXIT_SUCCESS)
        fail("a server did not end as it should");
}
