// SPDX-License-Identifier: MIT
// server.cpp - a stream for everybody, on cpp-httplib, which has a thread for each connection.
//
//     c++ -std=c++17 server.cpp $(pkg-config --cflags --libs cpp-httplib) -lsse -pthread -o server
//     ./server 8080
//     curl -N http://127.0.0.1:8080/events
//     curl -d 'Hello' http://127.0.0.1:8080/publish
//
// httplib calls the content provider of a response again and again: it waits for news and writes
// them. A write ends after the write timeout without progress: so ends the thread of a client that
// has stalled. The macros of pkg-config are needed: the layout of a request depends on them.
#include "sse.hpp"

#include <httplib.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <sys/socket.h>
#include <thread>

namespace
{

using httplib::Request;
using httplib::Response;
using std::chrono::milliseconds;

constexpr std::size_t streams = 250, others = 10; // threads
constexpr std::size_t body_max = 32 * 1024;
constexpr milliseconds retry{1000}, window{2000}, limit{2000};
constexpr const char *counters[] = {"subscribers", "joined", "resumed", "events",
                                    "bytes",       "gaps",   "closed",  "heartbeats"};

milliseconds setting(const char *name, int usual)
{
    const char *const value = std::getenv(name);

    return milliseconds(value ? std::atoi(value) : usual);
}

struct app {
    const milliseconds stall = setting("APP_STALL_MS", 30000);
    sse::channel channel{"server.cpp", options()};
    httplib::Server server;

    static sse::channel_options options()
    {
        sse::channel_options how;

        how.heartbeat = setting("APP_HEARTBEAT_MS", 15000);
        return how;
    }
};

/// The tag of a user, as a number that is not 0: FNV-1a. A real application has numbers of its
/// users, and knows from a session which one asks.
std::vector<std::uint64_t> tags(const Request &from)
{
    const std::string user = from.get_param_value("user");
    std::uint64_t tag = 14695981039346656037u;

    for (const char c : user)
        tag = (tag ^ static_cast<unsigned char>(c)) * 1099511628211u;
    return user.empty() ? std::vector<std::uint64_t>() : std::vector{tag == 0 ? 1 : tag};
}

void answer(Response &to, int status, std::string_view methods = {})
{
    to.status = status;
    for (const auto &[name, value] : sse::fields(status, "*", methods))
        to.set_header(name, value);
}

void refuse(const Request &from, Response &to)
{
    if (from.path == "/publish")
        answer(to, 405, "POST");
    else if (from.path == "/status")
        answer(to, 405, "GET, HEAD");
    else
        answer(to, from.path == "/events" ? 405 : 404);
}

sse::client join(app &a, const Request &from)
{
    const auto id = from.get_header_value("Last-Event-ID");
    const auto query = from.target.find('?');
    sse::join_options how;

    how.last_event_id = id;
    if (query != std::string::npos)
        how.query = std::string_view(from.target).substr(query);
    how.tags = tags(from); // none: what is for everybody
    how.stall = a.stall;
    how.retry = retry;
    how.capacity = body_max + 1024;
    a.channel.tick();
    return a.channel.join(std::move(how));
}

void stream(app &a, const Request &from, Response &to)
{
    if (!sse::accepts(from.get_header_value("Accept")))
        return answer(to, 406);
    if (from.method == "HEAD")
        return answer(to, 200);
    if (a.channel.count(SSE_COUNT_SUBSCRIBERS) >= streams)
        return answer(to, 503); // the other requests need threads, too
    try {
        const auto client = std::make_shared<sse::client>(join(a, from));

        answer(to, 200);
        const auto type = to.get_header_value("Content-Type");
        to.headers.erase("Content-Type"); // which the provider adds
        to.set_chunked_content_provider(type, [client](std::size_t, httplib::DataSink &sink) {
            std::string bytes;

            if (client->read(bytes) == sse::result::ok)
                return sink.write(bytes.data(), bytes.size());
            if (client->reason() != SSE_END)
                return false;
            sink.done();
            return true;
        });
    } catch (const sse::error &) {
        answer(to, 503); // the channel drains
    }
}

void publish(app &a, const Request &from, Response &to, const httplib::ContentReader &read)
{
    const auto user = tags(from);
    std::string body;

    if (!read(
            [&body](const char *bytes, std::size_t len) { return body.append(bytes, len), true; }))
        return; // httplib answers 413, or 400
    try {
        a.channel.tick(); // the event has the time of the latest tick
        a.channel.publish(body, from.get_param_value("type"), user.empty() ? 0 : user[0]);
        to.status = 204;
    } catch (const sse::error &e) {
        to.status = e.code() == SSE_E_TOOBIG ? 413 : 400;
    }
}

void report(const app &a, Response &to)
{
    std::string text;

    for (int i = 0; i < SSE_COUNTERS; i++)
        text += std::string(i > 0 ? ", \"" : "{\"") + counters[i] +
                "\": " + std::to_string(a.channel.count(i));
    to.set_content(text + "}\n", "application/json");
}

/// Listen, without the options of httplib, with which two servers can share the port, and without
/// its limit of five clients that wait. Returns the port; -1: that failed.
int listen_at(httplib::Server &server, int port)
{
    int listener = -1;

    server.set_socket_options([&listener](int socket) {
        const int on = 1;

        listener = socket;
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    });
    if (port == 0)
        port = server.bind_to_any_port("127.0.0.1");
    else if (!server.bind_to_port("127.0.0.1", port))
        port = -1;
    return port >= 0 && listen(listener, SOMAXCONN) == 0 ? port : -1;
}

} // namespace

int main(int argc, char **argv)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr); // threads that begin later inherit it

    static auto &a = *new app; // the threads of httplib outlive main
    a.server.new_task_queue = [] { return new httplib::ThreadPool(streams + others); };
    a.server.set_payload_max_length(body_max);
    a.server.set_keep_alive_max_count(1); // an idle connection would hold a thread
    a.server.set_write_timeout(a.stall);
    a.server.set_tcp_nodelay(true);
    a.server.Get("/events", [](const Request &from, Response &to) { stream(a, from, to); });
    a.server.Options("/events", [](const Request &, Response &to) { answer(to, 204); });
    a.server.Get("/status", [](const Request &, Response &to) { report(a, to); });
    a.server.Post("/publish", [](const Request &from, Response &to, const auto &read) {
        publish(a, from, to, read);
    });
    a.server.Get(".*", refuse).Post(".*", refuse).Put(".*", refuse).Patch(".*", refuse);
    a.server.Delete(".*", refuse).Options(".*", refuse);

    const int port = listen_at(a.server, argc > 1 ? std::atoi(argv[1]) : 8080);
    if (port < 0) {
        std::fprintf(stderr, "server: cannot listen\n");
        return 1;
    }
    std::printf("http://127.0.0.1:%d/\n", port);
    std::fflush(stdout);
    std::thread([] { a.server.listen_after_bind(); }).detach();
    std::thread([signals] {
        int signal;

        sigwait(&signals, &signal);
        a.channel.tick();
        a.channel.drain(retry, window, limit);
    }).detach();
    if (const auto period = setting("APP_TICK_MS", 0); period > period.zero())
        std::thread([period] {
            for (;;) {
                std::this_thread::sleep_for(period);
                const auto now = sse::clock::now();
                a.channel.tick(now);
                a.channel.publish(std::to_string(now.time_since_epoch() / milliseconds(1)), "tick");
            }
        }).detach();
    a.channel.keep_time();
    return 0; // stop() would wait for a stalled client
}
