// SPDX-License-Identifier: MIT
// probe.cpp - the probe of examples/languages/cpp: README.md beside this file has the commands.
//
// With --gc all objects are moved to another place before and after each command. With --waits it
// checks what commands cannot say, and ends.
#include "../../examples/languages/cpp/sse.hpp"

#include <charconv>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <type_traits>

namespace
{

using std::string;

static_assert(!std::is_copy_constructible_v<sse::writer> &&
              !std::is_copy_assignable_v<sse::client> &&
              !std::is_copy_constructible_v<sse::channel>);
static_assert(std::is_nothrow_move_constructible_v<sse::writer> &&
              std::is_nothrow_move_assignable_v<sse::client> &&
              std::is_nothrow_move_constructible_v<sse::channel>);

std::unique_ptr<sse::writer> writer;
std::unique_ptr<sse::channel> channel;
std::map<std::uint64_t, std::unique_ptr<sse::client>> clients;

// The words of a command, one after the other.

std::istringstream words;

string word()
{
    string text;

    if (!(words >> text))
        throw std::runtime_error("too few words");
    return text;
}

std::uint64_t number()
{
    return std::stoull(word());
}

sse::milliseconds time()
{
    return sse::milliseconds(number());
}

sse::clock::time_point now()
{
    return sse::clock::time_point(time());
}

/// Absent, empty, or bytes in hexadecimal. A view of it is absent, empty or those bytes.
struct text {
    bool is_there;
    string bytes;

    text() : is_there(true), bytes(word())
    {
        const string hex = std::move(bytes);

        bytes.clear();
        is_there = hex != "-";
        for (std::size_t i = 0; is_there && hex != "." && i < hex.size(); i += 2)
            bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    }

    operator std::string_view() const
    {
        return is_there ? std::string_view(bytes) : std::string_view();
    }
};

string hex(std::string_view bytes)
{
    string digits;

    for (const char c : bytes) {
        digits += "0123456789abcdef"[static_cast<unsigned char>(c) / 16];
        digits += "0123456789abcdef"[static_cast<unsigned char>(c) % 16];
    }
    return bytes.empty() ? "." : digits;
}

// Answers.

/// The end of a writer has no other reason.
int reason(const sse::writer *)
{
    return SSE_END;
}

int reason(const sse::client *client)
{
    return client->reason().value();
}

template <typename Source> string say(sse::result result, const Source &source)
{
    switch (result) {
    case sse::result::ok:
        return "ok";
    case sse::result::again:
        return "again";
    case sse::result::closed:
        break;
    }
    return "closed " + std::to_string(reason(source));
}

template <typename Source> string say(sse::result result, const Source &source, const string &bytes)
{
    return result == sse::result::ok ? "ok " + hex(bytes) : say(result, source);
}

template <typename N> string say(N n)
{
    return "ok " + std::to_string(n);
}

sse::client &named()
{
    return *clients.at(number());
}

// Commands.

string encode()
{
    const text comment, type, id;
    const auto retry = time();
    const text data;

    return data.is_there ? "ok " + hex(sse::encode(data, type, id, comment, retry)) : "skip";
}

string send()
{
    const text type, id, data;

    return say(writer->send(data, type, id), writer.get());
}

string read()
{
    string bytes;
    const auto result = writer->read(bytes, number());

    return say(result, writer.get(), bytes);
}

string make_channel()
{
    const text name;
    sse::channel_options how;

    how.epoch = number();
    how.events = static_cast<std::uint32_t>(number());
    how.capacity = number();
    how.heartbeat = time();
    how.now = now();
    clients.clear();
    channel = std::make_unique<sse::channel>(name, how);
    return "ok";
}

string join()
{
    const auto k = number();
    const text header, query;
    sse::join_options how;

    how.last_event_id = header;
    how.query = query;
    if (const string tags = word(); tags != "-") {
        std::istringstream list(tags);

        how.tags.emplace();
        for (string tag; tags != "." && std::getline(list, tag, ',');)
            how.tags->push_back(std::stoull(tag));
    }
    how.capacity = number();
    how.stall = time();
    how.retry = time();
    how.token = k;
    clients.erase(k);
    channel->tick(now());
    auto client = std::make_unique<sse::client>(channel->join(std::move(how)));
    const string answer = client->has_gap() ? "gap" : "ok";
    clients[k] = std::move(client);
    return answer;
}

string publish()
{
    const text type, data;
    const auto tag = number(), key = number();

    channel->tick(now());
    channel->publish(data, type, tag, key);
    return "ok";
}

string ready()
{
    string all = "ok";

    while (const auto k = channel->next())
        all += " " + std::to_string(*k);
    return all;
}

string fail()
{
    try {
        while (const auto k = channel->next())
            throw *k;
    } catch (std::uint64_t k) {
        return "thrown " + std::to_string(k);
    }
    return "ok";
}

string take()
{
    auto &client = named();
    string bytes;
    const auto result = client.try_read(bytes, number());

    return say(result, &client, bytes);
}

string tell()
{
    auto &client = named();
    const text type, data;
    const auto result = client.send(data, type);

    return say(result, &client);
}

string end()
{
    auto &client = named();
    const auto result = client.close();

    return say(result, &client);
}

string timeout()
{
    const auto wait = channel->timeout(now());

    return say(wait ? wait->count() : -1);
}

string drain()
{
    const auto retry = time(), window = time();

    channel->drain(retry, window, time());
    return "ok";
}

string fields()
{
    const auto status = static_cast<int>(number());
    const text origin, methods;
    string all = "ok";

    for (const auto &[name, value] : sse::fields(status, origin, methods))
        all += " " + hex(name) + "=" + hex(value);
    return all;
}

void must(bool condition)
{
    if (!condition)
        throw std::runtime_error("not as expected");
}

string bench()
{
    const string what = word();
    const auto times = number();
    const std::string_view data = "hello from libsse !";
    sse::writer queue(4096);
    sse::channel news("bench");
    sse::client client = news.join({});
    string bytes;

    must(news.next() && client.try_read(bytes) == sse::result::ok);
    const auto start = sse::clock::now();
    for (std::uint64_t i = 0; i < times; i++) {
        if (what == "encode") {
            must(sse::encode(data, "tick").size() > 19);
        } else if (what == "send") {
            must(queue.send(data, "tick") == sse::result::ok &&
                 queue.read(bytes, 4096) == sse::result::ok);
        } else {
            news.publish(data, "tick");
            must(news.next() && client.try_read(bytes, 4096) == sse::result::ok &&
                 client.try_read(bytes, 4096) == sse::result::again);
        }
    }
    const std::chrono::duration<double, std::nano> took = sse::clock::now() - start;
    char digits[32];
    std::snprintf(digits, sizeof digits, "ok %.1f", took.count() / static_cast<double>(times));
    return digits;
}

const std::map<string, string (*)()> commands = {
    {"encode", encode},
    {"writer", [] { return writer = std::make_unique<sse::writer>(number()), string("ok"); }},
    {"send", send},
    {"comment", [] { return say(writer->comment(text()), writer.get()); }},
    {"retry", [] { return say(writer->retry(time()), writer.get()); }},
    {"read", read},
    {"close", [] { return writer->close(), string("ok"); }},
    {"channel", make_channel},
    {"join", join},
    {"publish", publish},
    {"tick", [] { return channel->tick(now()), string("ok"); }},
    {"ready", ready},
    {"throw", fail},
    {"take", take},
    {"tell", tell},
    {"end", end},
    {"leave", [] { return clients.erase(number()), string("ok"); }},
    {"forget", [] { return clients.erase(number()), string("ok"); }},
    {"behind", [] { return say(named().behind()); }},
    {"count", [] { return say(channel->count(static_cast<int>(number()))); }},
    {"timeout", timeout},
    {"drain", drain},
    {"accepts", [] { return say(static_cast<int>(sse::accepts(text()))); }},
    {"fields", fields},
    {"bench", bench},
};

/// Each object goes to a new place, before its old one is freed.
template <typename T> void move_to_new_place(std::unique_ptr<T> &object)
{
    if (object)
        object = std::make_unique<T>(std::move(*object));
}

void move_all()
{
    move_to_new_place(writer);
    move_to_new_place(channel);
    for (auto &[k, client] : clients)
        move_to_new_place(client);
}

template <typename Call> void must_refuse(Call call, sse_status status)
{
    try {
        call();
    } catch (const sse::error &refused) {
        return must(refused.code() == status);
    }
    must(false);
}

/// Threads wait for news and for the end of a drain; numbers that are out of range.
void check_waits()
{
    using namespace std::chrono_literals;
    const std::size_t huge = std::numeric_limits<std::size_t>::max() - SSE_WRITER_OVERHEAD;
    sse::channel news("waits");
    sse::join_options how;

    must_refuse([&] { sse::writer queue(huge); }, SSE_E_ARG);
    how.capacity = huge;
    must_refuse([&] { sse::client client = news.join(how); }, SSE_E_ARG);
    how.capacity = 4096;
    how.stall = -1ms;
    must_refuse([&] { sse::client client = news.join(how); }, SSE_E_RANGE);

    sse::client reader = news.join({}), keeper = news.join({});
    string all;
    std::thread waiting([&] {
        for (string bytes; reader.read(bytes) == sse::result::ok;)
            all += bytes;
    });
    std::thread clock([&] { news.keep_time(); });
    std::this_thread::sleep_for(20ms);
    news.publish("for the reader");
    std::this_thread::sleep_for(20ms);
    news.tick();
    news.drain(1000ms, 1000ms, 200ms);
    waiting.join();
    must(all.find("for the reader") != string::npos && all.find("farewell") != string::npos);
    for (string bytes; keeper.read(bytes) == sse::result::ok;)
        ;
    must(keeper.reason() == SSE_END);
    clock.join(); // the clients are still there: that is the limit
}

string run(const string &line)
{
    words = std::istringstream(line);
    try {
        return commands.at(word())();
    } catch (const sse::error &refused) {
        return "error " + std::to_string(refused.code().value());
    }
}

} // namespace

int main(int argc, char **argv)
{
    const bool is_moving = argc > 1 && std::strcmp(argv[1], "--gc") == 0;

    if (argc > 1 && std::strcmp(argv[1], "--waits") == 0)
        return check_waits(), 0;
    for (string line; std::getline(std::cin, line);) {
        if (is_moving)
            move_all();
        const string answer = run(line);
        if (is_moving)
            move_all();
        std::cout << answer << std::endl;
    }
    return 0;
}
