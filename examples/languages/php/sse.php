<?php

/**
 * Server-Sent Events from PHP: libsse through FFI, with nothing to compile.
 *
 * The library is found by its name, libsse.so.0.2, or by the path in SSE_LIBRARY. It needs a process
 * that stays: php-cli, where FFI is on unless php.ini says otherwise. See server.php for a whole one.
 *
 *     $channel = new Sse\Channel('/events');
 *     $client = new Sse\Client($channel, $lastEventId, $query);    // when it connects
 *     $channel->publish('hello', 'greeting');
 *     foreach ($channel->ready() as $client) {                     // each has something to read
 *         fwrite($client->connection, $client->read() ?? '');      // '': nothing; null: the end
 *     }
 *
 * Text is a string of UTF-8; data and comments may be any bytes. It is one file, so that it can be copied; with
 * Composer, name it in autoload.files.
 */

declare(strict_types=1);

namespace Sse;

use FFI;
use FFI\CData;

const COUNTERS = ['subscribers', 'joined', 'resumed', 'events', 'bytes', 'gaps', 'closed', 'heartbeats'];

/** @internal The functions that are used, from sse/*.h. A size_t without a name is the length of what precedes it. */
const DECLARATIONS = <<<'C'
    const char *sse_status_text(int status);
    int sse_status_closed(int status);
    int sse_event_encode_parts(const char *comment, size_t, const char *type, size_t, const char *id, size_t,
        uint32_t retry_ms, const char *data, size_t, void *dst, size_t cap, size_t *len);
    int sse_http_accepts(const char *accept, size_t);
    int sse_http_field_parts(int version, int status, uint32_t flags, uint32_t retry_ms, const char *origin, size_t,
        const char *methods, size_t, size_t index, void *dst, size_t cap, size_t *name_len, size_t *value_len);
    int sse_http_send_parts(int version, int status, uint32_t flags, uint32_t retry_ms, int first,
        const char *origin, size_t, void *writer);
    size_t sse_writer_overhead(void);
    void *sse_writer_init(void *memory, size_t, uint32_t flags);
    int sse_writer_send_parts(void *, const char *type, size_t, const char *id, size_t, const char *data, size_t);
    int sse_writer_comment(void *, const char *text, size_t);
    int sse_writer_retry(void *, uint32_t retry_ms);
    int sse_writer_read(void *, void *dst, size_t cap, size_t *len);
    int sse_writer_close(void *);
    size_t sse_history_size(uint32_t events, size_t capacity);
    void *sse_history_init(void *memory, size_t, uint32_t events, uint32_t flags, uint64_t epoch, const char *, size_t);
    size_t sse_channel_size(void);
    int sse_channel_init(void *, void *history, uint32_t heartbeat_ms, uint32_t turn_bytes, uint64_t now_ms);
    int sse_channel_publish_parts(void *, const char *type, size_t, const char *id, size_t, const char *data, size_t,
        uint64_t tag, uint64_t key);
    int sse_channel_tick(void *, uint64_t now_ms);
    int sse_channel_timeout(void *, uint64_t now_ms);
    void *sse_channel_next(void *);
    int sse_channel_drain(void *, const char *type, size_t, const char *data, size_t, uint32_t retry_ms,
        uint32_t window_ms, uint32_t over_ms, uint32_t limit_ms);
    uint64_t sse_channel_count(void *, int counter);
    size_t sse_subscriber_size(void);
    int sse_subscriber_join(void *, void *channel, void *queue, size_t user, uint32_t flags,
        const char *header, size_t, const char *query, size_t);
    int sse_subscriber_set_filter(void *, void *tags, size_t count);
    int sse_subscriber_set_limits(void *, uint32_t pace_ms, uint32_t stall_ms, uint32_t age_ms);
    int sse_subscriber_send_parts(void *, const char *type, size_t, const char *id, size_t, const char *data, size_t);
    int sse_subscriber_read(void *, void *dst, size_t cap, size_t *len);
    int sse_subscriber_close(void *);
    int sse_subscriber_leave(void *);
    int sse_subscriber_status(void *);
    size_t sse_subscriber_user(void *);
    uint64_t sse_subscriber_behind(void *);
    C;

/** @internal */
const OK = 0, AGAIN = 1, END = 2, GAP = 3, E_ARG = -1, E_RANGE = -2, E_FIELD = -4, E_SPACE = -5, E_FATAL = -100;
/** @internal */
const HTTP_MANAGED = 0, HTTP_PREFLIGHT = 0x400, HTTP_FIRST_BLOCK = 0, JOIN_GAPS = 0x2000;

/** The library has refused a call: the code is its number of the reason, and the message its text. */
class Exception extends \RuntimeException
{
}

/** A value that no stream can carry, such as an id with a line break. */
class InvalidException extends Exception
{
}

/** The stream is over: its end was read, or the client was too slow. */
class ClosedException extends Exception
{
}

/** @internal Calls a function of the library; each string, or null, becomes a pointer and a length. */
function call(string $name, CData|string|int|null ...$arguments): CData|string|int|null
{
    static $library = null;
    $library ??= FFI::cdef(DECLARATIONS, getenv('SSE_LIBRARY') ?: 'libsse.so.0.2');
    $flat = [];
    foreach ($arguments as $argument) {
        $flat[] = $argument;
        if ($argument === null || is_string($argument)) {
            $flat[] = strlen((string) $argument);
        }
    }
    return $library->{"sse_$name"}(...$flat);
}

/** @internal Returns whether it is done; false: there is no room now. */
function check(int $status): bool
{
    if ($status === OK || $status === AGAIN || $status === GAP) {
        return $status !== AGAIN;
    }
    throw new (match (true) {
        call('status_closed', $status) === 1 => ClosedException::class,
        $status >= E_FIELD => InvalidException::class,
        default => Exception::class,
    })(call('status_text', $status), $status);
}

/** @internal Returns an unsigned number of 32 bits, which FFI would cut. */
function number(int $number): int
{
    check($number >> 32 === 0 ? OK : E_RANGE);
    return $number;
}

/** @internal */
function memory(int $size): CData
{
    return FFI::cdef()->new('uint64_t[' . (intdiv($size, 8) + 1) . ']');
}

/** @internal Calls a function that ends in dst, cap, len. '': there is nothing now; null: the end. */
function read(string $name, int $size, CData|string|int|null ...$arguments): ?string
{
    static $buffer = null, $n = null;
    check($size > 0 ? OK : E_ARG);
    if ($buffer === null || FFI::sizeof($buffer) < $size) {
        [$buffer, $n] = [memory($size), FFI::cdef()->new('size_t[1]')];
    }
    $status = call($name, ...[...$arguments, $buffer, $size, $n]);
    return match ($status) {
        END => null,
        E_SPACE => read($name, $n[0], ...$arguments),
        default => check($status) ? FFI::string($buffer, $n[0]) : '',
    };
}

/** Returns the bytes of one event. */
function encode(
    string $data,
    ?string $type = null,
    ?string $id = null,
    ?string $comment = null,
    int $retryMs = 0
): string {
    return read('event_encode_parts', 4096, $comment, $type, $id, number($retryMs), $data);
}

/** Returns whether a client with this Accept field takes a stream; if not, answer 406. */
function accepts(?string $accept): bool
{
    return call('http_accepts', $accept) === 1;
}

/**
 * Returns the header fields of an answer: 200, a stream; 204 to OPTIONS; 400 to 599, a refusal.
 *
 * @param ?string $origin whose pages may read the answer, or '*'; null: no CORS
 * @param ?string $methods of the route, for Allow; null: GET, HEAD, OPTIONS
 * @return list<array{string, string}> of name and value
 */
function fields(?string $origin = null, int $status = 200, ?string $methods = null): array
{
    $size = 512 + strlen($origin . $methods);
    [$fields, $text, $n] = [[], memory($size), FFI::cdef()->new('size_t[1]')];
    $answer = [HTTP_MANAGED, $status, $status === 204 ? HTTP_PREFLIGHT : 0, 0, $origin, $methods];
    while (($code = call('http_field_parts', ...[...$answer, count($fields), $text, $size, $n, $n])) !== END) {
        check($code);
        $fields[] = array_slice(explode("\0", FFI::string($text, $size)), 0, 2);
    }
    return $fields;
}

/** A queue of whole events for one client. */
final class Writer
{
    /** @internal */
    public readonly CData $memory;

    public function __construct(int $capacity = 4096)
    {
        $size = call('writer_overhead') + $capacity;
        $this->memory = memory($size);
        check(call('writer_init', $this->memory, $size, 0) === null ? E_ARG : OK);
    }

    /** Queues an event. Returns false if there is no room now: send it again after a read. */
    public function send(string $data, ?string $type = null, ?string $id = null): bool
    {
        return check(call('writer_send_parts', $this->memory, $type, $id, $data));
    }

    /** Queues a comment, which clients ignore. Returns false if there is no room now. */
    public function comment(string $text = ''): bool
    {
        return check(call('writer_comment', $this->memory, $text));
    }

    /** Queues a reconnection time. Returns false if there is no room now. */
    public function retry(int $retryMs): bool
    {
        return check(call('writer_retry', $this->memory, number($retryMs)));
    }

    /** Takes at most so many bytes. '': there is nothing now; null: closed, and all is taken. */
    public function read(int $size = 16384): ?string
    {
        return read('writer_read', $size, $this->memory);
    }

    /** Ends the stream. What is queued can still be read. */
    public function close(): void
    {
        check(call('writer_close', $this->memory));
    }
}

/**
 * A stream with many clients. A client that comes back gets the events that it missed.
 *
 * A loop calls tick() when timeout() says so, and serves the clients that ready() gives: server.php.
 */
final class Channel
{
    /** @internal */
    public readonly CData $memory;
    private readonly CData $history;
    /** @internal @var array<int, \WeakReference<Client>> */
    public array $clients = [];

    /**
     * @param string $name differs between the channels of a program
     * @param ?int $epoch differs between its runs; null: the time
     * @param int $events that are kept, in at most so many bytes of capacity
     * @param int $heartbeatMs after which a silent client gets a heartbeat; 0: none
     * @param \Closure(): int $clock a monotonic one, in milliseconds; null: that of the system
     */
    public function __construct(
        string $name,
        ?int $epoch = null,
        int $events = 1000,
        int $capacity = 1 << 20,
        int $heartbeatMs = 15000,
        private readonly \Closure|null $clock = null
    ) {
        $size = call('history_size', number($events), $capacity);
        [$this->history, $this->memory] = [memory($size), memory(call('channel_size'))];
        $epoch ??= (int) (microtime(true) * 1000);
        check(call('history_init', $this->history, $size, $events, 0, $epoch, $name) === null ? E_ARG : OK);
        check(call('channel_init', $this->memory, $this->history, number($heartbeatMs), 0, $this->now()));
    }

    private function now(): int
    {
        return $this->clock ? ($this->clock)() : intdiv(hrtime(true), 1_000_000);
    }

    /** Sends an event to all clients, or to those with the tag. */
    public function publish(string $data, ?string $type = null, int $tag = 0, int $key = 0): void
    {
        $this->tick();
        check(call('channel_publish_parts', $this->memory, $type, null, $data, $tag, $key));
    }

    /** Sends the heartbeats that are due, and closes the clients that have stalled. */
    public function tick(): void
    {
        check(call('channel_tick', $this->memory, $this->now()));
    }

    /** Returns the milliseconds until tick() is due; -1: never. */
    public function timeout(): int
    {
        return call('channel_timeout', $this->memory, $this->now());
    }

    /**
     * Gives the clients that have something to read, or were closed, each once.
     *
     * @return \Generator<int, Client>
     */
    public function ready(): \Generator
    {
        while (($subscriber = call('channel_next', $this->memory)) !== null) {
            yield $this->clients[call('subscriber_user', $subscriber)]->get();
        }
    }

    /**
     * Sends all clients away, to return after $retryMs to $retryMs + $windowMs. Those that have not
     * gone after $limitMs are closed; 0: no limit.
     */
    public function drain(int $retryMs = 0, int $windowMs = 0, int $limitMs = 0): void
    {
        $this->tick();
        $times = [number($retryMs), number($windowMs), 0, number($limitMs)];
        check(call('channel_drain', $this->memory, null, null, ...$times));
    }

    /** @return array<string, int> the number of subscribers, and what was counted since the start */
    public function counters(): array
    {
        $count = fn (int $number): int => call('channel_count', $this->memory, $number);
        return array_combine(COUNTERS, array_map($count, array_keys(COUNTERS)));
    }
}

/** One client of a channel. A client that is dropped leaves. */
final class Client
{
    private readonly CData $memory;
    /** Whether it will read that events are missing. */
    public readonly bool $hasGap;
    private readonly CData $tags;
    private readonly Writer $queue;

    /**
     * @param ?string $header its Last-Event-ID
     * @param ?string $query that of its URL
     * @param ?list<int> $tags it gets the events with one of them, and those without; null: all
     * @param int $stallMs after which it is closed if it has not read, though there was something
     * @param int $capacity bytes of its queue
     * @param mixed $user what it is for the program: a connection, say
     */
    public function __construct(
        private readonly Channel $channel,
        ?string $header = null,
        ?string $query = null,
        ?array $tags = null,
        int $stallMs = 30000,
        int $retryMs = 0,
        int $capacity = 4096,
        public readonly mixed $user = null
    ) {
        $sorted = array_values(array_unique((fn (int ...$tags): array => $tags)(...array_values($tags ?? []))));
        usort($sorted, fn (int $a, int $b): int => ($a ^ PHP_INT_MIN) <=> ($b ^ PHP_INT_MIN)); // unsigned
        $this->tags = memory(8 * count($sorted));
        foreach ($sorted as $i => $tag) {
            $this->tags[$i] = $tag;
        }
        [$this->memory, $this->queue] = [memory(call('subscriber_size')), new Writer($capacity)];
        $queue = $this->queue->memory;
        check(call('http_send_parts', HTTP_MANAGED, 200, 0, number($retryMs), HTTP_FIRST_BLOCK, null, $queue));
        $limits = [0, number($stallMs), 0];
        $channel->tick();
        $joined = [$this->memory, $channel->memory, $queue, spl_object_id($this), JOIN_GAPS, $header, $query];
        $status = call('subscriber_join', ...$joined);
        $this->hasGap = check($status) && $status === GAP;
        $channel->clients[spl_object_id($this)] = \WeakReference::create($this);
        if ($tags !== null) {
            call('subscriber_set_filter', $this->memory, $this->tags, count($sorted));
        }
        call('subscriber_set_limits', $this->memory, ...$limits);
    }

    private function __clone() // it has one place in the channel
    {
    }

    public function __destruct()
    {
        $this->leave();
    }

    /** Takes at most so many bytes. '': there is nothing now; null: the end. */
    public function read(int $size = 16384): ?string
    {
        return read('subscriber_read', $size, $this->memory);
    }

    /** Returns whether it was closed for an error, such as a stall: its connection is to be cut. */
    public function hasFailed(): bool
    {
        return call('subscriber_status', $this->memory) < E_FATAL;
    }

    /** Sends an event to this client alone. Returns false if there is no room now. */
    public function send(string $data, ?string $type = null): bool
    {
        return check(call('subscriber_send_parts', $this->memory, $type, null, $data));
    }

    /** Ends the stream after what was published and sent. */
    public function close(): void
    {
        check(call('subscriber_close', $this->memory));
    }

    /** Leaves the channel, in any state. */
    public function leave(): void
    {
        call('subscriber_leave', $this->memory);
        unset($this->channel->clients[spl_object_id($this)]);
    }

    /** Returns how many events it has not taken yet. */
    public function behind(): int
    {
        return call('subscriber_behind', $this->memory);
    }
}
