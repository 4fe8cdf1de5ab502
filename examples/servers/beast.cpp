/* SPDX-License-Identifier: MIT */
/* beast.cpp - a server over Boost.Beast and Boost.Asio, one thread.
 *
 *     cc -c app.c && c++ -std=c++17 beast.cpp app.o -lsse -lpthread -o beast
 *     ./beast [port]                                                8080
 *
 * The face: peek and consume. An asynchronous write gets the offer, which is frozen, without a copy;
 * when it completes, the offer is consumed, and the next one follows. Beast reads the requests and
 * writes the short answers; the head of a stream is the library's, and the stream ends with the
 * connection.
 *
 * A read is always open, so that a client that closes, or shuts down its side, is noticed at once.
 * Each handler has a shared pointer to its client; the destructor of the last one takes the lock, so
 * none may be dropped while the lock is held. */
#include "app.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::beast::string_view;
using boost::system::error_code;
using namespace std::chrono_literals;

struct client : std::enable_shared_from_this<client> {
    app_stream stream{};
    std::size_t in_flight{}; /* bytes that are being written */
    boost::beast::tcp_stream socket;
    boost::beast::flat_buffer input{16384};
    http::request_parser<http::string_body> parser;
    std::string answer;

    explicit client(tcp::socket &&s) : socket{std::move(s)}
    {
    }
    ~client();
    void ask();
    void reply();
    void write_answer(const app_reply &reply, bool is_head);
    void listen();
    void offer();
};

/* Not destroyed at the end: the thread of the application may still use it. */
static asio::io_context &loop = *new asio::io_context;
static void take_turn();

/* SSE: one offer at a time; the next one when it is written. */

void server_wake()
{
    asio::post(loop, take_turn);
}

void client::offer()
{
    const void *bytes;
    const int status = sse_subscriber_peek(&stream.subscriber, &bytes, &in_flight);

    if (sse_status_closed(status))
        socket.close();
    else if (status == SSE_OK)
        asio::async_write(socket, asio::buffer(bytes, in_flight),
                          [self = shared_from_this()](error_code e, std::size_t n) {
                              app_lock();
                              sse_subscriber_consume(&self->stream.subscriber, n);
                              if (e)
                                  self->socket.close();
                              else
                                  self->offer();
                              app_unlock();
                          });
}

static void offer_to_all()
{
    while (sse_subscriber *const s = sse_channel_next(&app_channel)) {
        auto *const c = static_cast<client *>(sse_subscriber_user(s));

        if (c->in_flight == 0 || sse_status_closed(sse_subscriber_status(s)))
            c->offer();
    }
}

/* End of SSE. The rest is the server. */

client::~client()
{
    app_lock();
    sse_subscriber_leave(&stream.subscriber);
    server_wake(); /* it may have been the last one */
    app_unlock();
}

static void take_turn()
{
    static asio::steady_timer timer{loop};

    app_lock();
    app_tick();
    offer_to_all();
    const int wait_ms = app_timeout();

    timer.expires_after(std::chrono::milliseconds(wait_ms));
    if (wait_ms >= 0)
        timer.async_wait([](error_code e) {
            if (!e)
                take_turn();
        });
    if (app_has_drained())
        loop.stop();
    app_unlock();
}

/* Read on, to notice the end. What the client sends now has no meaning. */
void client::listen()
{
    socket.async_read_some(input.prepare(4096), [self = shared_from_this()](error_code e, auto) {
        if (e)
            self->socket.close();
        else
            self->listen();
    });
}

/* An answer that is no stream. http::async_write would do it, too, and take long to compile. */
void client::write_answer(const app_reply &reply, bool is_head)
{
    http::response_header<> fields;

    for (std::size_t i = 0; i < reply.count; i++)
        fields.insert(reply.fields[i].name.ptr, reply.fields[i].value.ptr);
    if (reply.status != 204)
        fields.set(http::field::content_length, std::to_string(reply.body.len));
    fields.set(http::field::connection, "close");
    answer = boost::beast::buffers_to_string(
        http::fields::writer{fields, 11, static_cast<unsigned>(reply.status)}.get());
    if (!is_head)
        answer.append(reply.body.ptr, reply.body.len);
}

static sse_str text(string_view s)
{
    return {s.data(), s.size()};
}

void client::reply()
{
    const auto &request = parser.get();
    const string_view target = request.target();
    const auto mark = std::min(target.find('?'), target.size());
    app_request r{};
    app_reply reply;

    r.version = request.version() == 11 ? SSE_HTTP_1_1 : SSE_HTTP_1_0;
    r.method = text(request.method_string());
    r.path = text(target.substr(0, mark));
    r.query = text(target.substr(std::min(mark + 1, target.size())));
    r.accept = text(request[http::field::accept]);
    r.last_event_id = text(request["Last-Event-ID"]);
    r.body = text(request.body());
    app_lock();
    app_answer(&stream, this, &r, &reply);
    if (reply.is_stream) {
        socket.expires_never();
        listen();
    } else {
        write_answer(reply, request.method() == http::verb::head);
        asio::async_write(socket, asio::buffer(answer),
                          [self = shared_from_this()](auto...) { self->socket.close(); });
    }
    server_wake();
    app_unlock();
}

void client::ask()
{
    parser.header_limit(8192);
    parser.body_limit(APP_BODY_MAX);
    socket.expires_after(5s);
    http::async_read(socket, input, parser, [self = shared_from_this()](error_code e, auto) {
        if (!e)
            self->reply();
    });
}

static void accept(tcp::acceptor &acceptor)
{
    acceptor.async_accept([&acceptor](error_code e, tcp::socket s) {
        if (!e)
            std::make_shared<client>(std::move(s))->ask();
        accept(acceptor);
    });
}

int main(int argc, char **argv)
{
    const char *const port = argc > 1 ? argv[1] : "8080";
    const auto number = static_cast<unsigned short>(std::strtoul(port, nullptr, 10));
    tcp::acceptor acceptor{loop, {asio::ip::address_v4::loopback(), number}};

    app_start("beast", 1);
    std::printf("http://127.0.0.1:%s/\n", port);
    std::fflush(stdout);
    accept(acceptor);
    loop.run();
    return 0;
}
