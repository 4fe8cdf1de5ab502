/* server.h - a server whose cost is measured: a program that publishes what comes on its standard
 * input. */
#ifndef COST_SERVER_H
#define COST_SERVER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What a server takes on its standard input. */
enum intake { LINES, EVENTS };

typedef struct server {
    enum intake intake;
    pid_t pid;
    int input;
    int port;
    uint64_t published; /* events */
} server;

/* Start a program and learn its port, which is in the first line that it prints. */
void server_start(server *s, char *const argv[], enum intake intake);

/* Publish events in one write: count of them, each of size bytes as clients get it. */
void server_publish(server *s, uint32_t count, size_t size);

/* The line that is event number n, of size bytes as clients get it; dst has room for so many.
 * Returns its length. */
size_t server_line(char *dst, uint64_t n, size_t size);

/* Tell the time that it has computed, in user and in kernel mode together. */
uint64_t server_cpu_ns(const server *s);

/* Tell what it holds of memory, in KiB. */
uint64_t server_memory_kib(const server *s);

/* End it. */
void server_stop(server *s);

#endif
