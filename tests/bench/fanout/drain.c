/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "drain.h"

#include "common.h"
#include "clients.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LIMIT_MS = 120000 }; /* for anything that was published to arrive */

/* Wait for the answer to what was said. */
static word hear(const drain *d)
{
    struct pollfd ready = {.fd = d->control, .events = POLLIN};
    word w;

    if (poll(&ready, 1, LIMIT_MS) <= 0)
        die_plainly("not everything has arrived within two minutes");
    if (read(d->control, &w, sizeof w) != (ssize_t)sizeof w)
        die_plainly("the clients are gone");
    return w;
}

static word ask(const drain *d, enum op op, uint64_t value)
{
    const word w = {.op = op, .value = value};

    if (write(d->control, &w, sizeof w) != (ssize_t)sizeof w)
        die_plainly("the clients are gone");
    return hear(d);
}

void drain_start(drain *d, const visit *v, book *b)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        die("clients");
    d->control = ends[0];
    d->pid = fork();
    if (d->pid < 0)
        die("clients");
    if (d->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(ends[0]);
        pin(CLIENTS_CPU);
        clients_run(v, b, ends[1]);
    }
    close(ends[1]);
    hear(d);
}

void drain_expect(drain *d, uint64_t last)
{
    ask(d, EXPECT, last);
}

void drain_wait(drain *d)
{
    ask(d, WAIT, 0);
}

void drain_hold(drain *d, uint32_t count)
{
    ask(d, HOLD, count);
}

void drain_release(drain *d)
{
    ask(d, RELEASE, 0);
}

tally drain_tally(drain *d)
{
    return ask(d, TALLY, 0).tally;
}

void drain_stop(drain *d)
{
    kill(d->pid, SIGKILL);
    waitpid(d->pid, NULL, 0);
    close(d->control);
}
