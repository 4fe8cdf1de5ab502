/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "host.h"

#include "common.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void host_start(host *h, char *const argv[])
{
    int input[2], output[2];
    char line[256], *colon = NULL;
    FILE *told;

    if (pipe2(input, O_CLOEXEC) != 0 || pipe2(output, O_CLOEXEC) != 0)
        die("pipe");
    *h = (host){.input = input[1], .pid = fork()};
    if (h->pid < 0)
        die("fork");
    if (h->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        pin(SERVERS_CPU);
        dup2(input[0], STDIN_FILENO);
        dup2(output[1], STDOUT_FILENO);
        execvp(argv[0], argv);
        die(argv[0]);
    }
    close(input[0]);
    close(output[1]);
    told = fdopen(output[0], "r");
    if (told == NULL || fgets(line, sizeof line, told) == NULL ||
        (colon = strstr(line, "127.0.0.1:")) == NULL)
        die_plainly("a server does not tell its port");
    h->port = atoi(colon + 10);
    fclose(told);
}

uint64_t host_cpu_ns(const host *h)
{
    struct timespec t;
    clockid_t clock;

    if (clock_getcpuclockid(h->pid, &clock) != 0 || clock_gettime(clock, &t) != 0)
        die_plainly("a server is gone");
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
        die(path);
    while (fgets(line, sizeof line, status) && sscanf(line, "VmRSS: %lu", &kib) != 1)
        ;
    fclose(status);
    if (kib == 0)
        die_plainly("a server is gone");
    return kib;
}

void host_end(host *h)
{
    int status;

    close(h->input);
    if (kill(h->pid, SIGTERM) != 0 || waitpid(h->pid, &status, 0) != h->pid || !WIFEXITED(status) ||
        WEXITSTATUS(status) != EXIT_SUCCESS)
        die_plainly("a server does not end on SIGTERM as it should");
}

void host_kill(host *h)
{
    close(h->input);
    kill(h->pid, SIGKILL);
    waitpid(h->pid, NULL, 0);
}
