#define _GNU_SOURCE

#include "server.h"

#include "common.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EPOCH "19a3f0c2e41" /* in hexadecimal, as long as the time in milliseconds */

void server_start(server *s, char *const argv[], enum intake intake)
{
    int input[2], output[2];
    char line[256], *colon = NULL;
    FILE *told;

    if (pipe2(input, O_CLOEXEC) != 0 || pipe2(output, O_CLOEXEC) != 0)
        die("pipe");
    *s = (server){.intake = intake, .input = input[1], .pid = fork()};
    if (s->pid < 0)
        die("fork");
    if (s->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        pin(SERVERS_CPU);
        dup2(input[0], STDIN_FILENO);
        dup2(output[1], STDOUT_FILENO);
        close(input[1]);
        close(output[0]);
        execv(argv[0], argv);
        die(argv[0]);
    }
    close(input[0]);
    close(output[1]);
    told = fdopen(output[0], "r");
    if (told == NULL || fgets(line, sizeof line, told) == NULL ||
        (colon = strstr(line, "127.0.0.1:")) == NULL)
        die_plainly("a server does not tell its port");
    s->port = atoi(colon + 10);
    fclose(told);
}

/* The number, with zeros ahead of it; what else there is of the event depends on the length of the
 * number alone. */
size_t server_line(char *dst, uint64_t n, size_t size)
{
    const int digits = snprintf(NULL, 0, "%" PRIu64, n);
    const int around = (int)strlen("id: " EPOCH "-\ndata: \n\n") + digits;

    return (size_t)snprintf(dst, size, "%0*" PRIu64, (int)size - around, n);
}

void server_publish(server *s, uint32_t count, size_t size)
{
    char *const bytes = malloc(count * (size + 1));
    char *at = bytes;
    size_t len;
    uint32_t i;

    if (bytes == NULL)
        die("memory");
    for (i = 0; i < count; i++) {
        const uint64_t n = ++s->published;

        if (s->intake == LINES) {
            at += server_line(at, n, size);
            *at++ = '\n';
        } else {
            at += sprintf(at, "id: " EPOCH "-%" PRIu64 "\ndata: ", n);
            at += server_line(at, n, size);
            at += sprintf(at, "\n\n");
        }
    }
    for (at -= len = (size_t)(at - bytes); len > 0;) {
        const ssize_t n = write(s->input, at, len);

        if (n < 0)
            die("a server does not read");
        at += n;
        len -= (size_t)n;
    }
    free(bytes);
}

uint64_t server_cpu_ns(const server *s)
{
    struct timespec t;
    clockid_t clock;

    if (clock_getcpuclockid(s->pid, &clock) != 0 || clock_gettime(clock, &t) != 0)
        die_plainly("a server is gone");
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

uint64_t server_memory_kib(const server *s)
{
    char path[64], line[256];
    unsigned long kib = 0;
    FILE *status;

    snprintf(path, sizeof path, "/proc/%d/status", (int)s->pid);
    status = fopen(path, "r");
    if (status == NULL)
        die(path);
    while (fgets(line, sizeof line, status) && sscanf(line, "VmRSS: %lu", &kib) != 1)
        ;
    fclose(status);
    if (kib == 0)
        die_plainly("a server is gone");
    return kib;
}

void server_stop(server *s)
{
    close(s->input);
    kill(s->pid, SIGKILL);
    waitpid(s->pid, NULL, 0);
}
