#define _GNU_SOURCE

#include "drain.h"

#include "common.h"
#include "hall.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LIMIT_MS = 60000 }; /* for anything that was published to arrive */

/* Wait for the answer to what was said. */
static word hear(const drain *d)
{
    struct pollfd ready = {.fd = d->control, .events = POLLIN};
    word w;

    if (poll(&ready, 1, LIMIT_MS) <= 0)
        die_plainly("not everything has arrived within a minute");
    if (read(d->control, &w, sizeof w) != (ssize_t)sizeof w)
        die_plainly("the clients are gone");
    return w;
}

static word ask(const drain *d, word w)
{
    if (write(d->control, &w, sizeof w) != (ssize_t)sizeof w)
        die_plainly("the clients are gone");
    return hear(d);
}

void drain_start(drain *d, int port, uint32_t clients, int checked)
{
    int ends[2];

    d->clients = clients;
    d->first = tmpfile();
    if (d->first == NULL || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        die("clients");
    d->control = ends[0];
    d->pid = fork();
    if (d->pid < 0)
        die("clients");
    if (d->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(ends[0]);
        pin(CLIENTS_CPU);
        hall_run(port, clients, checked, ends[1], d->first);
    }
    close(ends[1]);
    hear(d);
}

void drain_expect(drain *d, uint64_t bytes, uint64_t start_ns)
{
    ask(d, (word){.op = EXPECT, .value = bytes, .start_ns = start_ns});
}

void drain_wait(drain *d)
{
    ask(d, (word){.op = WAIT});
}

void drain_stall(drain *d, uint32_t count)
{
    ask(d, (word){.op = STALL, .value = count});
}

latency drain_latency(drain *d)
{
    return ask(d, (word){.op = LATENCY}).latency;
}

uint32_t drain_same(drain *d)
{
    return (uint32_t)ask(d, (word){.op = SAME}).value;
}

void drain_stop(drain *d)
{
    kill(d->pid, SIGKILL);
    waitpid(d->pid, NULL, 0);
    close(d->control);
    fclose(d->first);
}
