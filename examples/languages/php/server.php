<?php

/**
 * A server of streams in one process of php-cli, around stream_select: php server.php [port]
 *
 * GET /events[?user=U] is the stream, POST /publish[?user=U][&type=T] publishes its body to everybody or to U,
 * GET /status counts.
 *
 * Under PHP-FPM it cannot be done: a request has a process of its own until it ends, so that each stream
 * would hold one of a few dozen, and no memory is shared in which a channel could be. There, run this
 * program beside it, let the web server pass /events on to it, and publish with an HTTP request.
 */

declare(strict_types=1);

namespace App;

use Sse;

require __DIR__ . '/sse.php';

const BODY_MAX = 32768;
const CONNECTIONS_MAX = 1000; // stream_select takes 1024 descriptors
const METHODS = [
    '/events' => ['GET', 'HEAD', 'OPTIONS'],
    '/publish' => ['POST'],
    '/status' => ['GET', 'HEAD'],
];

/** Milliseconds of a monotonic clock. */
function now(): int
{
    return intdiv(hrtime(true), 1_000_000);
}

function setting(string $name, int $usual): int
{
    $value = getenv($name);
    return $value === false ? $usual : (int) $value;
}

/** The head of an answer; the end of the connection ends its body. */
function head(int $status, array $fields = []): string
{
    $lines = ["HTTP/1.1 $status ", 'connection: close'];
    foreach ($fields as [$name, $value]) {
        $lines[] = "$name: $value";
    }
    return implode("\r\n", $lines) . "\r\n\r\n";
}

/** A connection, which asks once. */
final class Connection
{
    public readonly int $since;
    public ?Sse\Client $client = null;
    private bool $isAnswered = false;
    private string $in = '';
    private string $out = '';

    /** @param resource $socket */
    public function __construct(public readonly mixed $socket, private readonly Sse\Channel $channel)
    {
        stream_set_blocking($socket, false);
        $this->since = now();
    }

    public function isBlocked(): bool
    {
        return $this->out !== '';
    }

    /** Reads what has come. Returns whether the connection goes on. */
    public function receive(): bool
    {
        $bytes = @fread($this->socket, 65536);
        if ($bytes === false || $bytes === '') {
            return $bytes === '' && !feof($this->socket);
        }
        if (!$this->isAnswered) {
            $this->in .= $bytes;
            $this->out = $this->answer() ?? '';
            $this->isAnswered = $this->out !== '';
        }
        return $this->flush();
    }

    /** Writes what the socket takes. Returns whether the connection goes on. */
    public function flush(): bool
    {
        if ($this->client?->hasFailed()) {
            return false;
        }
        while ($this->isAnswered) {
            if ($this->out === '') {
                try {
                    $bytes = $this->client?->read();
                } catch (Sse\ClosedException) {
                    return false;
                }
                if ($bytes === null || $bytes === '') {
                    return $bytes === ''; // null: the end
                }
                $this->out = $bytes;
            }
            $written = @fwrite($this->socket, $this->out);
            if ($written === false) {
                return false;
            }
            $this->out = substr($this->out, $written);
            if ($this->out !== '') {
                return true; // the socket is full
            }
        }
        return true;
    }

    /** Returns the answer, or its beginning; null: the request is not complete. */
    private function answer(): ?string
    {
        $parts = explode("\r\n\r\n", $this->in, 2);
        if (count($parts) < 2) {
            return strlen($this->in) > BODY_MAX ? head(400) : null;
        }
        [$request, $body] = [explode("\r\n", $parts[0]), $parts[1]];
        [$method, $target] = explode(' ', array_shift($request) . '  ');
        $fields = [];
        foreach ($request as $line) {
            [$name, $value] = explode(':', $line, 2) + [1 => ''];
            $fields[strtolower($name)] = trim($value);
        }
        $length = $fields['content-length'] ?? '0';
        if (!ctype_digit($length) || isset($fields['transfer-encoding'])) {
            return head(411);
        } elseif ((int) $length > BODY_MAX) {
            return head(413);
        } elseif (strlen($body) < (int) $length) {
            return null;
        }
        [$path, $query] = explode('?', "$target?");
        return $this->route($method, $path, $query, $fields, substr($body, 0, (int) $length));
    }

    private function route(string $method, string $path, string $query, array $fields, string $body): string
    {
        parse_str($query, $values);
        // A real application has numbers of its users, and knows from a session which one asks.
        $user = $values['user'] ?? '';
        $tag = is_string($user) && $user !== '' ? crc32($user) + 1 : 0;
        $methods = METHODS[$path] ?? null;
        return match (true) {
            $methods === null => head(404),
            !in_array($method, $methods, true) => head(405, Sse\fields('*', 405, implode(', ', $methods))),
            $path === '/publish' => $this->publish($body, $values['type'] ?? null, $tag),
            $path === '/status' => head(200, [['Content-Type', 'application/json']])
                . ($method === 'GET' ? json_encode($this->channel->counters()) : ''),
            $method === 'OPTIONS' => head(204, Sse\fields('*', 204)),
            !Sse\accepts($fields['accept'] ?? null) => head(406, Sse\fields('*', 406)),
            $method === 'HEAD' => head(200, Sse\fields('*')),
            default => $this->stream($fields['last-event-id'] ?? null, $query, $tag),
        };
    }

    private function publish(string $body, mixed $type, int $tag): string
    {
        try {
            $this->channel->publish($body, is_string($type) ? $type : null, $tag);
        } catch (Sse\InvalidException) {
            return head(400);
        }
        return head(204);
    }

    private function stream(?string $header, string $query, int $tag): string
    {
        try {
            $this->client = new Sse\Client(
                $this->channel,
                $header,
                $query,
                tags: $tag > 0 ? [$tag] : [],
                stallMs: setting('APP_STALL_MS', 30000),
                retryMs: 1000,
                capacity: BODY_MAX + 1024,
                user: \WeakReference::create($this)
            );
        } catch (Sse\Exception) {
            return head(503);
        }
        return head(200, Sse\fields('*'));
    }
}

$context = stream_context_create(['socket' => ['tcp_nodelay' => true, 'backlog' => 512]]);
$listener = stream_socket_server('tcp://127.0.0.1:' . ($argv[1] ?? 8080), $code, $text, context: $context)
    ?: throw new \RuntimeException($text);
$channel = new Sse\Channel('/events', heartbeatMs: setting('APP_HEARTBEAT_MS', 15000));
[$stall, $period] = [setting('APP_STALL_MS', 30000), setting('APP_TICK_MS', 0)];
[$connections, $nextTick, $end, $isStopping] = [[], now() + $period, null, false];
$drop = function (int $id) use (&$connections): void {
    $connections[$id]->client?->leave();
    fclose($connections[$id]->socket);
    unset($connections[$id]);
};
pcntl_async_signals(true);
foreach ([SIGTERM, SIGINT] as $signal) {
    pcntl_signal($signal, function () use (&$isStopping): void {
        $isStopping = true;
    });
}
echo 'http://', stream_socket_get_name($listener, false), "/\n";

while ($end === null || (now() < $end && array_filter($connections, fn ($c) => $c->client !== null))) {
    $sockets = array_map(fn ($c) => $c->socket, $connections);
    $read = count($sockets) < CONNECTIONS_MAX ? [$listener, ...$sockets] : $sockets;
    $write = array_filter($sockets, fn ($id) => $connections[$id]->isBlocked(), ARRAY_FILTER_USE_KEY);
    $wait = min(1000, $channel->timeout() & PHP_INT_MAX, $period > 0 ? max(0, $nextTick - now()) : 1000); // -1: never
    if (@stream_select($read, $write, $none, 0, $wait * 1000) === false) {
        [$read, $write] = [[], []]; // a signal
    }
    $channel->tick();
    if ($isStopping && $end === null) {
        $channel->drain(1000, 2000, 2000);
        $end = now() + 2500; // for what was taken, and not written
    }
    if ($period > 0 && now() >= $nextTick) {
        $nextTick += $period;
        $channel->publish((string) now(), 'tick');
    }
    foreach ($write as $id => $socket) {
        $connections[$id]->flush() || $drop($id);
    }
    foreach ($read as $socket) {
        $id = get_resource_id($socket);
        if ($socket === $listener) {
            while (
                count($connections) < CONNECTIONS_MAX
                && ($accepted = @stream_socket_accept($listener, 0)) !== false
            ) {
                $connections[get_resource_id($accepted)] = new Connection($accepted, $channel);
            }
        } elseif (isset($connections[$id])) {
            $connections[$id]->receive() || $drop($id);
        }
    }
    foreach ($channel->ready() as $client) {
        $connection = $client->user->get();
        $connection->flush() || $drop(get_resource_id($connection->socket));
    }
    $isLate = fn ($c) => $c->client === null && $stall > 0 && now() - $c->since > $stall;
    foreach (array_filter($connections, $isLate) as $id => $late) {
        $drop($id);
    }
}
