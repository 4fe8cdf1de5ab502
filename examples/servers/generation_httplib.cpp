/* SPDX-License-Identifier: MIT */
/* generation_httplib.cpp - generations on cpp-httplib: a thread for each connection.
 *
 *     cc -c generation.c generation_events.c generation_http.c generation_demo.c
 *     c++ generation_httplib.cpp generation*.o $(pkg-config --cflags --libs cpp-httplib) -lsse \
 *         -lpthread -o generation
 *     ./generation [port]                                           8080; port 0: any
 *     curl -N -d 'Tell me a story.' http://127.0.0.1:8080/generations
 *
 * The face: cpp-httplib calls a provider, again and again; it reads into a buffer, and writes that.
 * The write blocks where the client does not read; then cpp-httplib ends the connection, and the
 * client can resume. Traps: a provider that has nothing to write does not notice a client that has
 * left, unless it asks is_writable; the pool has eight threads, and one that a silent client holds
 * is no thread for DELETE, so there are more threads than readers, and one request a connection;
 * without the macros of pkg-config, the classes are not those of the library. */
#include "generation.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <httplib.h>
#include <thread>

static sse_str text(const std::string &s)
{
    return s.empty() ? sse_str{nullptr, 0} : sse_str{s.data(), s.size()};
}

/* SSE: the content goes to the client. */

static bool provide(generation_reader *reader, httplib::DataSink &sink)
{
    char bytes[4096];
    size_t len;

    switch (generation_read(reader, bytes, sizeof bytes, &len)) {
    case SSE_OK:
        return sink.write(bytes, len);
    case SSE_AGAIN:
        return sink.is_writable();
    case SSE_END:
        sink.done();
        return true;
    default:
        return false;
    }
}

/* End of SSE. The rest is the server. */

static void answer(const httplib::Request &req, httplib::Response &res, const std::string &body)
{
    const std::string accept = req.get_header_value("Accept");
    const std::string id = req.get_header_value("Last-Event-ID");
    const size_t query = req.target.find('?');
    generation_request request = {};
    generation_reply reply;
    std::string type;

    request.method = text(req.method);
    request.path = text(req.path);
    if (query != std::string::npos)
        request.query = {req.target.data() + query + 1, req.target.size() - query - 1};
    request.accept = text(accept);
    request.last_event_id = text(id);
    request.body = text(body);
    generation_reader *const reader = generation_answer(&request, &reply);
    res.status = reply.status;
    for (size_t i = 0; i < reply.count; i++)
        if (reply.fields[i].name.ptr == std::string("content-type"))
            type = reply.fields[i].value.ptr; /* the provider adds it */
        else
            res.headers.emplace(reply.fields[i].name.ptr, reply.fields[i].value.ptr);
    if (reader) {
        const auto more = [reader](size_t, httplib::DataSink &sink) {
            return provide(reader, sink);
        };
        const auto leave = [reader](bool) { generation_leave(reader); };

        if (req.version == "HTTP/1.0") /* such a client knows no chunks */
            res.set_content_provider(type, more, leave);
        else
            res.set_chunked_content_provider(type, more, leave);
    }
}

static void handle(const httplib::Request &req, httplib::Response &res)
{
    answer(req, res, "");
}

/* With a reader: cpp-httplib refuses a body of the type that curl -d sends above 8 KiB, where it
 * reads it. */
static void handle_body(const httplib::Request &req, httplib::Response &res,
                        const httplib::ContentReader &read)
{
    std::string body;

    if (read([&body](const char *bytes, size_t len) { return body.append(bytes, len), true; }))
        answer(req, res, body);
}

/* Without those of cpp-httplib, with which two servers can share the port. */
static void set_options(int socket)
{
    const int on = 1;

    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
}

static void set_up(httplib::Server &server)
{
    server.new_task_queue = [] { return new httplib::ThreadPool(GENERATION_READERS + 16); };
    server.set_keep_alive_max_count(1);
    server.set_read_timeout(2); /* also what a stop waits for */
    server.set_write_timeout(2);
    server.set_payload_max_length(GENERATION_PROMPT_MAX);
    server.set_tcp_nodelay(true);
    server.Get(".*", handle).Post(".*", handle_body).Delete(".*", handle).Options(".*", handle);
    server.Put(".*", handle).Patch(".*", handle);
    server.set_socket_options(set_options);
}

int main(int argc, char **argv)
{
    httplib::Server server;
    int port = argc > 1 ? std::atoi(argv[1]) : 8080, signal;
    sigset_t ends;

    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, nullptr); /* for all the threads to come */
    std::signal(SIGPIPE, SIG_IGN);
    generation_start("demo", generation_demo);
    set_up(server);
    if (port == 0)
        port = server.bind_to_any_port("127.0.0.1");
    else if (!server.bind_to_port("127.0.0.1", port))
        port = -1;
    if (port < 0) {
        std::perror("generation_httplib");
        return 1;
    }
    std::thread thread([&server] { server.listen_after_bind(); });
    while (!server.is_running())
        std::this_thread::yield();
    std::printf("http://127.0.0.1:%d/\n", port);
    std::fflush(stdout);
    sigwait(&ends, &signal);
    generation_end();
    server.stop();
    thread.join();
    return 0;
}
