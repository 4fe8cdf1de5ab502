// SPDX-License-Identifier: MIT
/// sse.hpp - Server-Sent Events, emitted by libsse 0.2: a header for C++17 and later.
///
///     c++ -std=c++17 app.cpp -lsse -pthread
///
///     sse::channel news("news");
///     std::thread clock([&] { news.keep_time(); });
///     sse::client client = news.join({request_id, request_query});  // in any thread
///     news.publish("Hello", "greeting");                            // in any other thread
///     for (std::string bytes; client.read(bytes) == sse::result::ok;)
///         send_all(socket, bytes);                                  // after sse::fields(200)
///
/// Text is a std::string_view; `{}` is absent, and "" is empty. What the library refuses is an
/// sse::error, and what depends on the moment is an sse::result.
///
/// Threads: a channel and its clients have one mutex, inside: each can be used by several threads,
/// but moved by one. No call waits for news, except keep_time and client::read. A program that uses
/// neither, since it has a loop of events, asks channel::next which clients have news.
#ifndef SSE_HPP
#define SSE_HPP

#include <sse/sse.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace sse
{

using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// The category of the codes of `enum sse_status`.
inline const std::error_category &category() noexcept
{
    static const struct : std::error_category {
        const char *name() const noexcept override { return "sse"; }
        std::string message(int status) const override { return sse_status_text(status); }
    } it;
    return it;
}

/// The library refuses a call: `error.code() == SSE_E_FIELD`, say, for a line break in an id.
struct error : std::system_error {
    explicit error(int status) : std::system_error(status, category()) {}
};

/// What became of a call. again: the queue is full, or there is nothing to read, now. closed: the
/// stream is over.
enum class [[nodiscard]] result{ok, again, closed};

namespace detail
{

inline int must(int status)
{
    if (status < 0)
        throw error(status);
    return status;
}

inline result check(int status)
{
    if (sse_status_closed(status))
        return result::closed;
    return must(status) == SSE_AGAIN ? result::again : result::ok;
}

inline std::uint32_t ms(milliseconds time)
{
    constexpr milliseconds most{std::numeric_limits<std::uint32_t>::max()};

    if (time < time.zero())
        throw error(SSE_E_RANGE);
    return static_cast<std::uint32_t>(std::min(time, most).count());
}

inline std::uint64_t ms(clock::time_point now)
{
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<milliseconds>(now.time_since_epoch()).count());
}

/// Memory for a writer. SSE_WRITER_WORDS wraps around for huge capacities.
inline std::unique_ptr<std::size_t[]> queue(std::size_t capacity)
{
    if (capacity > PTRDIFF_MAX)
        throw error(SSE_E_ARG);
    return std::make_unique<std::size_t[]>(SSE_WRITER_WORDS(capacity));
}

/// Read up to max bytes into a string, whose memory is used again.
template <typename Read> result read(std::string &to, std::size_t max, Read call)
{
    std::size_t len = 0;

    to.resize(max);
    const int status = call(to.data(), max, &len);
    to.resize(len);
    return check(status);
}

} // namespace detail

/// Encode one event. Line breaks in the data and the comment are fine; in the type and the id they
/// are an error. retry is the reconnection time; 0: none.
inline std::string encode(std::string_view data, std::string_view type = {},
                          std::string_view id = {}, std::string_view comment = {},
                          milliseconds retry = {})
{
    std::string bytes(data.size() + comment.size() + 128, '\0');
    std::size_t len = 0;
    int status;

    while ((status = sse_event_encode_parts(comment.data(), comment.size(), type.data(),
                                            type.size(), id.data(), id.size(), detail::ms(retry),
                                            data.data(), data.size(), bytes.data(), bytes.size(),
                                            &len)) == SSE_E_SPACE)
        bytes.resize(len);
    detail::must(status);
    bytes.resize(len);
    return bytes;
}

/// Whether a client accepts a stream: the value of its Accept field. If not, answer 406.
inline bool accepts(std::string_view accept)
{
    return sse_http_accepts(accept.data(), accept.size()) != 0;
}

/// The fields of a response: of the stream for 200, of the answer to OPTIONS for 204, of a refusal
/// for 400 to 599. origin is for CORS, such as "*"; methods are those of the route, for Allow, such
/// as "POST".
inline std::vector<std::pair<std::string, std::string>> fields(int status,
                                                               std::string_view origin = {},
                                                               std::string_view methods = {})
{
    const std::uint32_t flags = status == 204 ? std::uint32_t{SSE_HTTP_PREFLIGHT} : 0;
    std::vector<std::pair<std::string, std::string>> list;
    std::string both(256 + origin.size() + methods.size(), '\0');
    std::size_t name, value;

    while (detail::check(sse_http_field_parts(SSE_HTTP_MANAGED, status, flags, 0, origin.data(),
                                              origin.size(), methods.data(), methods.size(),
                                              list.size(), both.data(), both.size(), &name,
                                              &value)) == result::ok)
        list.emplace_back(both.substr(0, name), both.substr(name + 1, value));
    return list;
}

/// A queue of whole events for one client. The program moves the bytes.
class writer
{
  public:
    /// capacity: bytes, at least 64.
    explicit writer(std::size_t capacity) : memory_(detail::queue(capacity))
    {
        if (!sse_writer_init(memory_.get(), SSE_WRITER_OVERHEAD + capacity, 0))
            throw error(SSE_E_ARG);
    }

    /// Queue an event, whole or not at all.
    result send(std::string_view data, std::string_view type = {}, std::string_view id = {})
    {
        return detail::check(sse_writer_send_parts(at(), type.data(), type.size(), id.data(),
                                                   id.size(), data.data(), data.size()));
    }

    /// Queue a comment, which clients ignore.
    result comment(std::string_view text)
    {
        return detail::check(sse_writer_comment(at(), text.data(), text.size()));
    }

    /// Queue a reconnection time.
    result retry(milliseconds time)
    {
        return detail::check(sse_writer_retry(at(), detail::ms(time)));
    }

    /// Take bytes out of the queue, for the transport.
    result read(std::string &to, std::size_t max = 16384)
    {
        return detail::read(to, max, [&](void *bytes, std::size_t cap, std::size_t *len) {
            return sse_writer_read(at(), bytes, cap, len);
        });
    }

    /// End the stream after what is queued.
    void close() { sse_writer_close(at()); }

  private:
    sse_writer *at() const { return static_cast<sse_writer *>(static_cast<void *>(memory_.get())); }

    std::unique_ptr<std::size_t[]> memory_; // without a pointer inside
};

/// How a channel is made.
struct channel_options {
    /// Differs from run to run: the time of the start. 0: events have no ids.
    std::uint64_t epoch = static_cast<std::uint64_t>(
        std::chrono::system_clock::now().time_since_epoch() / milliseconds(1));
    std::uint32_t events = 1000;              ///< the most that are kept for clients that come back
    std::size_t capacity = 1024 * 1024;       ///< the most bytes of these
    milliseconds heartbeat{SSE_HEARTBEAT_MS}; ///< the longest silence of a stream; 0: any
    clock::time_point now = clock::now();
};

/// What a client has sent, and what it gets.
struct join_options {
    std::string_view last_event_id = {}; ///< the value of its Last-Event-ID field
    std::string_view query = {};         ///< of its URL, in which the id can be, too
    std::optional<std::vector<std::uint64_t>> tags = {}; ///< it gets these and tag 0; none: all
    milliseconds stall{0};       ///< given up if it has taken no byte for so long; 0: never
    milliseconds retry{0};       ///< its reconnection time; 0: it has one of its own
    std::size_t capacity = 4096; ///< of its queue, at least 512
    std::uint64_t token = 0;     ///< what channel::next calls it
};

namespace detail
{

struct slot;

/// A channel, and the mutex of all that is in it.
struct shared {
    std::mutex lock;
    std::condition_variable sooner;       // keep_time is to look again
    bool is_threaded = false;             // threads wait for news
    std::optional<clock::time_point> end; // of the drain
    std::size_t clients = 0;
    std::unique_ptr<std::uint64_t[]> history;
    sse_channel channel;

    /// Make a call that can give work to threads.
    template <typename Call> result call(Call that)
    {
        const std::lock_guard hold(lock);
        const int status = that();

        wake();
        return check(status);
    }

    slot *next() { return static_cast<slot *>(sse_subscriber_user(sse_channel_next(&channel))); }
    void wake();
};

/// A client. The library points to it: it stays where it is.
struct slot {
    slot(std::shared_ptr<shared> channel, std::size_t capacity, std::uint64_t number)
        : home(std::move(channel)), queue(detail::queue(capacity)), token(number)
    {
        const std::lock_guard hold(home->lock);

        home->clients++;
    }
    slot(const slot &) = delete;
    slot &operator=(const slot &) = delete;

    ~slot()
    {
        const std::lock_guard hold(home->lock);

        sse_subscriber_leave(&subscriber);
        home->clients--;
        home->sooner.notify_one();
    }

    std::shared_ptr<shared> home;
    sse_subscriber subscriber = {};
    std::unique_ptr<std::size_t[]> queue;
    std::vector<std::uint64_t> tags = {};
    std::uint64_t token;
    std::condition_variable more = {};
    bool has_gap = false;
};

/// Wake the threads that have something to do now. The lock is held.
inline void shared::wake()
{
    if (!is_threaded)
        return;
    while (slot *const s = next())
        s->more.notify_all();
    sooner.notify_one();
}

} // namespace detail

/// A client of a channel. It leaves when it is destroyed. Threads can share it: one reads, another
/// one sends.
class client
{
  public:
    /// Whether it has missed events, or may have: an event of type "gap" tells it so.
    bool has_gap() const { return slot_->has_gap; }

    /// Queue an event for it alone, which it does not get again when it comes back.
    result send(std::string_view data, std::string_view type = {})
    {
        return slot_->home->call([&] {
            return sse_subscriber_send_parts(&slot_->subscriber, type.data(), type.size(), nullptr,
                                             0, data.data(), data.size());
        });
    }

    /// Take bytes: wait for them. One thread at a time.
    result read(std::string &to, std::size_t max = 16384)
    {
        std::unique_lock hold(slot_->home->lock);
        result got;

        slot_->home->is_threaded = true;
        while ((got = take(to, max)) == result::again)
            slot_->more.wait(hold);
        return got;
    }

    /// Take bytes, if there are some now.
    result try_read(std::string &to, std::size_t max = 16384)
    {
        const std::lock_guard hold(slot_->home->lock);

        return take(to, max);
    }

    /// End the stream after what was published and sent until now.
    result close()
    {
        return slot_->home->call([&] { return sse_subscriber_close(&slot_->subscriber); });
    }

    /// Why it is closed: SSE_END, SSE_E_STALLED and the like; SSE_OK: it is not. channel::next does
    /// not report any more what this has told.
    std::error_code reason() const
    {
        const std::lock_guard hold(slot_->home->lock);

        return {sse_subscriber_status(&slot_->subscriber), category()};
    }

    /// How many events it has not taken yet.
    std::uint64_t behind() const
    {
        const std::lock_guard hold(slot_->home->lock);

        return sse_subscriber_behind(&slot_->subscriber);
    }

  private:
    friend class channel;
    explicit client(std::unique_ptr<detail::slot> slot) : slot_(std::move(slot)) {}

    result take(std::string &to, std::size_t max)
    {
        return detail::read(to, max, [&](void *bytes, std::size_t cap, std::size_t *len) {
            return sse_subscriber_read(&slot_->subscriber, bytes, cap, len);
        });
    }

    std::unique_ptr<detail::slot> slot_;
};

/// Publishes events to its clients, and keeps the latest for those that come back. Clients may
/// outlive it.
class channel
{
  public:
    /// name: differs from those of the other channels of the program.
    explicit channel(std::string_view name, const channel_options &how = {})
        : shared_(std::make_shared<detail::shared>())
    {
        const std::size_t size = sse_history_size(how.events, how.capacity);

        shared_->history = std::make_unique<std::uint64_t[]>(size / 8 + 1);
        sse_history *const history = sse_history_init(shared_->history.get(), size, how.events, 0,
                                                      how.epoch, name.data(), name.size());
        detail::must(
            sse_channel_init(at(), history, detail::ms(how.heartbeat), 0, detail::ms(how.now)));
    }

    channel(channel &&) = default;
    channel &operator=(channel &&) = default;

    /// Begin a stream where its client was.
    client join(join_options how)
    {
        auto slot = std::make_unique<detail::slot>(shared_, how.capacity, how.token);
        const auto size = SSE_WRITER_OVERHEAD + how.capacity;
        const std::lock_guard hold(shared_->lock);
        sse_subscriber *const s = &slot->subscriber;

        sse_writer *const queue = sse_writer_init(slot->queue.get(), size, 0);
        detail::must(sse_http_send_parts(SSE_HTTP_MANAGED, 200, 0, detail::ms(how.retry),
                                         SSE_HTTP_FIRST_BLOCK, nullptr, 0, queue));
        slot->has_gap =
            detail::must(sse_subscriber_join(s, at(), queue, slot.get(), SSE_JOIN_GAPS,
                                             how.last_event_id.data(), how.last_event_id.size(),
                                             how.query.data(), how.query.size())) == SSE_GAP;
        if (how.tags) {
            slot->tags = std::move(*how.tags);
            std::sort(slot->tags.begin(), slot->tags.end());
            detail::must(sse_subscriber_set_filter(s, slot->tags.data(), slot->tags.size()));
        }
        detail::must(sse_subscriber_set_limits(s, 0, detail::ms(how.stall), 0));
        shared_->wake();
        return client(std::move(slot));
    }

    /// Publish an event: for everybody with tag 0, else for the clients that have its tag. With a
    /// key it stands for older events of that key; 0: none. Tick first, if ticks are seldom.
    void publish(std::string_view data, std::string_view type = {}, std::uint64_t tag = 0,
                 std::uint64_t key = 0)
    {
        call([&] {
            return sse_channel_publish_parts(at(), type.data(), type.size(), nullptr, 0,
                                             data.data(), data.size(), tag, key);
        });
    }

    /// Set the time: send heartbeats, give up clients that have stalled.
    void tick(clock::time_point now = clock::now())
    {
        call([&] { return sse_channel_tick(at(), detail::ms(now)); });
    }

    /// How long until a tick is due; none: nothing will be due by itself.
    std::optional<milliseconds> timeout(clock::time_point now = clock::now()) const
    {
        const std::lock_guard hold(shared_->lock);
        const int wait = sse_channel_timeout(at(), detail::ms(now));

        return wait < 0 ? std::nullopt : std::optional(milliseconds(wait));
    }

    /// The token of the next client that has something to read, or is over: once, until it has read
    /// all and there is more. None where threads wait for news.
    std::optional<std::uint64_t> next()
    {
        const std::lock_guard hold(shared_->lock);
        const detail::slot *const s = shared_->next();

        return s ? std::optional(s->token) : std::nullopt;
    }

    /// Tick when it is due: the life of a thread. Returns when the channel drains, and all clients
    /// were destroyed or the limit of the drain is over.
    void keep_time()
    {
        std::unique_lock hold(shared_->lock);

        shared_->is_threaded = true;
        for (;;) {
            const auto now = clock::now();

            sse_channel_tick(at(), detail::ms(now));
            shared_->wake();
            const int wait = sse_channel_timeout(at(), detail::ms(now));
            if (shared_->end && (shared_->clients == 0 || now >= *shared_->end))
                return;
            const auto due = wait < 0 ? clock::time_point::max() : now + milliseconds(wait);
            shared_->sooner.wait_until(hold, std::min(due, shared_->end.value_or(due)));
        }
    }

    /// Send every client away, to come back after retry and a part of window of its own. Give up
    /// those that have not taken all after limit.
    void drain(milliseconds retry, milliseconds window, milliseconds limit)
    {
        call([&] {
            const int status = sse_channel_drain(at(), nullptr, 0, nullptr, 0, detail::ms(retry),
                                                 detail::ms(window), 0, detail::ms(limit));

            if (status == SSE_OK)
                shared_->end = limit == limit.zero()
                                   ? clock::time_point::max()
                                   : clock::now() + milliseconds(detail::ms(limit));
            return status;
        });
    }

    /// A counter of enum sse_channel_counter, such as SSE_COUNT_SUBSCRIBERS.
    std::uint64_t count(int counter) const
    {
        const std::lock_guard hold(shared_->lock);

        return sse_channel_count(at(), counter);
    }

  private:
    sse_channel *at() const { return &shared_->channel; }
    template <typename Call> void call(Call that) { static_cast<void>(shared_->call(that)); }

    std::shared_ptr<detail::shared> shared_;
};

} // namespace sse

/// So that `error.code() == SSE_E_FIELD`.
template <> struct std::is_error_code_enum<sse_status> : std::true_type {
};

inline std::error_code make_error_code(sse_status status) noexcept
{
    return {status, sse::category()};
}

#endif
