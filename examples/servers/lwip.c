/* SPDX-License-Identifier: MIT */
/* lwip.c - a server over lwIP 2.1 with its raw API; here on a tap device of Linux.
 *
 *     cc lwip.c app.c http1.c ../serve/request.c ../serve/text.c -lsse $(pkg-config --cflags \
 *         --libs lwip) -lpthread -o lwip
 *     ip tuntap add tap0 mode tap; ip addr add 192.0.2.1/24 dev tap0; ip link set tap0 mtu 576 up
 *     PRECONFIGURED_TAPIF=tap0 ./lwip [port]                        8080, at 192.0.2.2
 *
 * (The buffers of Debian's liblwip 2.1.3+dfsg1-2 have room for 592 bytes, and it writes more to them:
 * so the packets that it gets must be small.)
 *
 * The face: a sink. lwIP copies what its send buffer has room for. When the client has acknowledged
 * some, on_sent goes on. A client that goes away shows at once, as the end of what it sends or in
 * tcp_err.
 *
 * Traps: where there was no memory, nothing may be on its way that the client acknowledges: on_poll
 * tries again. When tcp_err is called, the pcb is gone. A callback that has aborted its pcb returns
 * ERR_ABRT. A connection that was closed from here first stays for 2 * TCP_MSL, two minutes, in which
 * lwIP does not answer a client that happens to take the same port again, as clients that choose
 * ports at random do: set TCP_MSL in your lwipopts.h. Debian's cannot be set, hence let_go. */
#define _POSIX_C_SOURCE 200809L
#include "app.h"
#include "http1.h"

#include <lwip/priv/tcp_priv.h>
#include <lwip/sys.h>
#include <lwip/tcp.h>
#include <lwip/tcpip.h>
#include <lwip/timeouts.h>
#include <netif/tapif.h>
#include <stdio.h>
#include <stdlib.h>

enum { POLL = 2, MOST_MS = 1000, LAST_MS = 200, SEND_BUFFER = 8192 }; /* POLL: of 500 ms */

struct client {
    http1 http;
    struct tcp_pcb *pcb;
};
static sys_sem_t drained;

/* Gives what the callback of the pcb is to return. */
static err_t drop(struct client *c, int is_complete)
{
    struct tcp_pcb *const pcb = c->pcb;

    http1_close(&c->http);
    free(c);
    if (pcb == NULL)
        return ERR_OK;
    tcp_arg(pcb, NULL);
    tcp_recv(pcb, NULL);
    tcp_sent(pcb, NULL);
    tcp_poll(pcb, NULL, 0);
    tcp_err(pcb, NULL);
    if (is_complete && tcp_close(pcb) == ERR_OK)
        return ERR_OK;
    tcp_abort(pcb);
    return ERR_ABRT;
}

/* SSE: bytes of a stream go to its connection. */

static void serve(void *unused);

void server_wake(void)
{
    tcpip_try_callback(serve, NULL); /* where there is no room for it, a timer comes soon */
}

static int sink(void *user, const void *bytes, size_t len, size_t *taken)
{
    struct tcp_pcb *const pcb = ((struct client *)user)->pcb;
    const u16_t room = tcp_sndbuf(pcb), n = len < room ? (u16_t)len : room;
    const err_t error = n > 0 ? tcp_write(pcb, bytes, n, TCP_WRITE_FLAG_COPY) : ERR_MEM;

    if (error != ERR_OK)
        return error == ERR_MEM ? SSE_AGAIN : SSE_E_IO;
    tcp_output(pcb);
    *taken = n;
    return SSE_OK;
}

/* The client has acknowledged some. Go on when half of the buffer is free. */
static err_t on_sent(void *arg, struct tcp_pcb *pcb, u16_t len)
{
    struct client *const c = arg;
    err_t result;
    int status;

    (void)len;
    if (tcp_sndbuf(pcb) < SEND_BUFFER / 2)
        return ERR_OK;
    app_lock();
    status = sse_subscriber_flush(&c->http.stream.subscriber, sink);
    result = sse_status_closed(status) ? drop(c, status == SSE_END) : ERR_OK;
    app_unlock();
    return result;
}

static err_t on_poll(void *arg, struct tcp_pcb *pcb)
{
    return on_sent(arg, pcb, 0);
}

/* Write to the streams that have got something to take. */
static void flush(void)
{
    sse_subscriber *s;

    while ((s = sse_channel_flush(&app_channel, sink)) != NULL)
        drop(sse_subscriber_user(s), sse_subscriber_status(s) == SSE_END);
}

/* End of SSE. The rest is the server. */

/* Let the connections go that have been closed for a second: lwIP looks at their time. */
static void let_go(void)
{
    const u32_t second = 1000 / TCP_SLOW_INTERVAL, end = 2 * TCP_MSL / TCP_SLOW_INTERVAL;
    struct tcp_pcb *pcb;

    for (pcb = tcp_tw_pcbs; pcb != NULL; pcb = pcb->next)
        if (tcp_ticks - pcb->tmr >= second)
            pcb->tmr = tcp_ticks - end;
}

/* The timer, and what follows a request or a wake. */
static void serve(void *unused)
{
    http1 *late;
    int wait_ms;

    app_lock();
    app_tick();
    flush();
    while ((late = http1_late()) != NULL)
        drop((struct client *)late, 1);
    if (app_has_drained())
        sys_sem_signal(&drained);
    wait_ms = http1_timeout();
    app_unlock();
    let_go();
    sys_untimeout(serve, unused);
    sys_timeout(wait_ms >= 0 && wait_ms < MOST_MS ? (u32_t)wait_ms : MOST_MS, serve, unused);
}

static void on_error(void *arg, err_t error)
{
    struct client *const c = arg;

    (void)error;
    app_lock();
    c->pcb = NULL;
    drop(c, 0);
    app_unlock();
}

static err_t on_receive(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t error)
{
    struct client *const c = arg;
    const struct pbuf *part;
    err_t result = ERR_OK;

    (void)error;
    app_lock();
    for (part = p; part && c->http.state == HTTP1_ASKING; part = part->next)
        http1_receive(&c->http, c, part->payload, part->len);
    if (p) {
        tcp_recved(pcb, p->tot_len);
        pbuf_free(p);
    }
    if (c->http.state == HTTP1_ANSWERED)
        tcp_write(pcb, c->http.answer, (u16_t)c->http.answer_len, TCP_WRITE_FLAG_COPY);
    if (p == NULL || c->http.state == HTTP1_ANSWERED)
        result = drop(c, 1);
    app_unlock();
    sys_untimeout(serve, NULL); /* it can drop any client, and must not in the callback of one */
    sys_timeout(0, serve, NULL);
    return result;
}

static err_t on_accept(void *arg, struct tcp_pcb *pcb, err_t error)
{
    struct client *const c = error == ERR_OK ? calloc(1, sizeof *c) : NULL;

    if (c == NULL)
        return ERR_MEM;
    app_lock();
    http1_open(&c->http);
    app_unlock();
    c->pcb = pcb;
    pcb->snd_buf = SEND_BUFFER; /* acknowledgements of more overrun the mailbox of the stack */
    tcp_nagle_disable(pcb);
    tcp_arg(pcb, c);
    tcp_recv(pcb, on_receive);
    tcp_sent(pcb, on_sent);
    tcp_poll(pcb, on_poll, POLL);
    tcp_err(pcb, on_error);
    (void)arg;
    return ERR_OK;
}

int main(int argc, char **argv)
{
    const char *const port = argc > 1 ? argv[1] : "8080";
    static struct netif tap;
    ip4_addr_t address, mask, gateway;
    struct tcp_pcb *listener;

    app_start("lwip", 1);
    ip4addr_aton("192.0.2.2", &address);
    ip4addr_aton("255.255.255.0", &mask);
    ip4addr_aton("192.0.2.1", &gateway);
    sys_sem_new(&drained, 0);
    tcpip_init(NULL, NULL);
    LOCK_TCPIP_CORE();
    netif_add(&tap, &address, &mask, &gateway, NULL, tapif_init, tcpip_input);
    netif_set_default(&tap);
    netif_set_up(&tap);
    listener = tcp_new();
    if (tcp_bind(listener, IP_ADDR_ANY, (u16_t)strtoul(port, NULL, 10)) != ERR_OK)
        return 1;
    tcp_accept(tcp_listen(listener), on_accept);
    UNLOCK_TCPIP_CORE();
    printf("http://192.0.2.2:%s/\n", port);
    fflush(stdout);
    sys_sem_wait(&drained);
    sys_msleep(LAST_MS); /* the last bytes are on their way */
    return 0;
}
