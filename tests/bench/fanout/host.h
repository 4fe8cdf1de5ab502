/* SPDX-License-Identifier: MIT */
/* host.h - a server whose cost is measured: a program of its own, on a processor of its own. */
#ifndef FANOUT_HOST_H
#define FANOUT_HOST_H

#include <stdint.h>
#include <sys/types.h>

typedef struct host {
    pid_t pid;
    int port;
    int input; /* a pipe to its standard input */
} host;

/* Start a program and learn its port, which is in the first line that it prints. */
void host_start(host *h, char *const argv[]);

/* Tell the time that it has computed, in user and in kernel mode together. */
uint64_t host_cpu_ns(const host *h);

/* Tell what it holds of memory, in KiB. */
uint64_t host_memory_kib(const host *h);

/* End it by SIGTERM, after which it must exit and say that all went well; or at once. */
void host_end(host *h);
void host_kill(host *h);

#endif
