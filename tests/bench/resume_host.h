/* SPDX-License-Identifier: MIT */
/* resume_host.h - a server that is measured: a process on a processor of its own. And what the
 * programs of the storm share. */
#ifndef RESUME_HOST_H
#define RESUME_HOST_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct host {
    pid_t pid;
    int input; /* its standard input */
    int port;
    uint32_t idle; /* descriptors that it has when it has no clients */
} host;

/* Start a program and learn its port, which is in the first line that it prints. The bytes come on
 * its standard input, which stays open. */
void host_start(host *h, char *const argv[], const char *bytes, size_t len);

/* Tell the time that it has computed, in user and in kernel mode together. */
uint64_t host_cpu_ns(const host *h);

/* Tell what it holds of memory, in KiB. */
uint64_t host_memory_kib(const host *h);

/* Wait until it has no more descriptors open than before its first client, and sleeps. */
void host_rest(host *h);

/* Ask it to end, and wait until it has. */
void host_stop(host *h);

/* Print what is wrong, and the reason in errno where there is one, and exit. */
void fail(const char *what);

/* The monotonic clock. */
uint64_t now_ns(void);

/* Ask for as many descriptors as may be had; returns how many. */
uint32_t raise_descriptors(void);

/* Run on one processor from now on, if there are two: the server on the first, the rest on the
 * second, so that whether they share one is not up to chance. The first call learns which
 * processors there are; children inherit that. */
enum cpu { SERVER_CPU, CROWD_CPU };
void pin(enum cpu cpu);

#endif
