/* SPDX-License-Identifier: MIT */
/* httplib.cpp - a server with a pool of threads, in C++: cpp-httplib.
 *
 *     cc -c app.c threads.c
 *     c++ httplib.cpp app.o threads.o -lsse $(pkg-config --cflags --libs cpp-httplib) -o httplib
 *     ./httplib [port]                                              8080; port 0: any
 *
 * The face: read, then a write that blocks. httplib calls the content provider again and again; it
 * sleeps until there are bytes. The pool is the most streams: one more client waits. httplib looks
 * at a client only when it writes: that it has gone, or has closed its half of the connection, ends
 * the stream at the next event or heartbeat. A write ends after the write timeout without progress;
 * so does stop(), which joins the threads. A library of its own needs the macros of pkg-config: the
 * layout of a request depends on them. */
#include "threads.h"

#include <httplib.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>

namespace
{

enum { STREAMS = 250, OTHERS = 10 };

struct client {
    threads_stream stream = {};
    ~client()
    {
        threads_leave(&stream);
    }
};

/* SSE: the provider of a response gives what the subscriber gives. */

bool send_stream(client &c, httplib::DataSink &sink)
{
    char bytes[16384];
    size_t len;
    const int status = threads_read(&c.stream, bytes, sizeof bytes, &len);

    if (status == SSE_END)
        sink.done();
    return status == SSE_OK ? sink.write(bytes, len) : status == SSE_END;
}

/* End of SSE. The rest is the server. */

sse_str range(const std::string &s)
{
    return {s.data(), s.size()};
}

void answer(const httplib::Request &from, httplib::Response &to, const std::string &body)
{
    const auto c = std::make_shared<client>();
    const auto query = from.target.find('?');
    const auto id = from.get_header_value("Last-Event-ID");
    const auto accept = from.get_header_value("Accept");
    app_request r = {};
    app_reply reply;

    r.version = SSE_HTTP_MANAGED;
    r.method = range(from.method);
    r.path = range(from.path);
    r.body = range(body);
    r.accept = range(accept);
    r.last_event_id = range(id);
    if (query != std::string::npos)
        r.query = {from.target.data() + query, from.target.size() - query};
    threads_answer(&c->stream, &r, &reply);
    to.status = reply.status;
    for (size_t i = 0; i < reply.count; i++)
        to.set_header(reply.fields[i].name.ptr, reply.fields[i].value.ptr);
    if (reply.is_stream) {
        const auto type = to.get_header_value("Content-Type");

        to.headers.erase("Content-Type"); /* which the next line adds */
        to.set_chunked_content_provider(
            type, [c](size_t, httplib::DataSink &sink) { return send_stream(*c, sink); });
    } else if (reply.body.len > 0) {
        to.body.assign(reply.body.ptr, reply.body.len);
    }
}

void handle(const httplib::Request &from, httplib::Response &to)
{
    answer(from, to, "");
}

/* With a reader, since httplib refuses bodies of HTML forms above 8 KiB where it reads them. */
void handle_body(const httplib::Request &from, httplib::Response &to,
                 const httplib::ContentReader &reader)
{
    std::string body;

    if (reader([&body](const char *bytes, size_t len) { return body.append(bytes, len), true; }))
        answer(from, to, body);
}

int listener = -1;

/* Without those of httplib, with which two servers can share the port. */
void set_options(int socket)
{
    const int on = 1;

    listener = socket;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
}

} // namespace

int main(int argc, char **argv)
{
    const char *const wanted = argc > 1 ? argv[1] : "8080";
    static auto &server = *new httplib::Server; /* its threads outlive main */
    int port = std::atoi(wanted);

    app_start("httplib", 1);
    server.new_task_queue = [] { return new httplib::ThreadPool(STREAMS + OTHERS); };
    server.set_payload_max_length(APP_BODY_MAX);
    server.set_keep_alive_max_count(1); /* an idle connection would hold a thread */
    server.set_write_timeout(std::chrono::milliseconds(app_stall_ms));
    server.Get(".*", handle).Post(".*", handle_body).Put(".*", handle);
    server.Patch(".*", handle).Delete(".*", handle).Options(".*", handle);
    server.set_socket_options(set_options);
    if (port == 0)
        port = server.bind_to_any_port("127.0.0.1");
    else if (!server.bind_to_port("127.0.0.1", port))
        port = -1;
    if (port < 0 || listen(listener, SOMAXCONN) != 0) { /* httplib lets five clients wait */
        std::fprintf(stderr, "httplib: cannot listen at %s\n", wanted);
        return 1;
    }
    std::printf("http://127.0.0.1:%d/\n", port);
    std::fflush(stdout);
    std::thread([] { server.listen_after_bind(); }).detach();
    app_keep_time();
    return 0; /* stop() would wait for a stalled client */
}
