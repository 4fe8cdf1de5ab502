/* floor.c - the least that fan-out can cost: one send for each event and client, and nothing else.
 *     floor CLIENTS
 * Events come on standard input as they are sent, 64 bytes each. */
#define _GNU_SOURCE

#include "common.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENT = 64 };

int main(int argc, char **argv)
{
    const uint32_t count = argc == 2 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0;
    const int *const fds = accept_clients(count);
    char event[EVENT];
    uint32_t i;

    /* They come in whole events, and no more than a pipe writes at once. */
    while (read(STDIN_FILENO, event, EVENT) == EVENT) {
        for (i = 0; i < count; i++)
            if (send(fds[i], event, EVENT, MSG_NOSIGNAL) != EVENT)
                die("send");
    }
    return EXIT_SUCCESS;
}
