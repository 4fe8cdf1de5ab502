<?php

/* What examples/languages/php/sse.php adds to the library: numbers, lengths, exceptions.
 *
 *     php -d zend.assertions=1 test_php.php */

declare(strict_types=1);

require __DIR__ . '/../../examples/languages/php/sse.php';

/** Asserts that a call throws, and which code that has. */
function refuses(string $class, int $code, Closure $call): void
{
    try {
        $call();
        $thrown = null;
    } catch (Throwable $thrown) {
    }
    assert($thrown instanceof $class && $thrown->getCode() === $code, "$class, not $thrown");
}

ini_get('zend.assertions') === '1' or throw new LogicException('run it with -d zend.assertions=1');
$channel = new Sse\Channel('c');
$invalid = Sse\InvalidException::class;

// Numbers that FFI would cut, and lengths that are no length.
refuses($invalid, -2, fn () => Sse\encode('x', retryMs: (1 << 32) + 5));
refuses($invalid, -2, fn () => (new Sse\Writer())->retry((1 << 32) + 5));
refuses($invalid, -2, fn () => new Sse\Channel('c', heartbeatMs: -1));
refuses($invalid, -2, fn () => new Sse\Channel('c', events: (1 << 32) + 1));
refuses($invalid, -2, fn () => new Sse\Client($channel, stallMs: 1 << 32));
refuses($invalid, -2, fn () => $channel->drain(limitMs: 1 << 32));
refuses(TypeError::class, 0, fn () => new Sse\Client($channel, tags: ['seven']));
$writer = new Sse\Writer(100_000);
$writer->send(str_repeat('x', 90_000));
foreach ([0, -1, PHP_INT_MIN] as $size) {
    refuses($invalid, -1, fn () => $writer->read($size));
}
assert(strlen($writer->read(100_000)) === 90_008);

// A client leaves when its last reference goes, also on the way of an exception.
$later = new Sse\Client($channel);
try {
    (function () use ($channel): void {
        $client = new Sse\Client($channel);
        assert($channel->counters()['subscribers'] === 2);
        throw new LogicException('in the block');
    })();
} catch (LogicException) {
}
assert($channel->counters()['subscribers'] === 1);
refuses(Error::class, 0, fn () => clone $later);

// A drain counts its limit from now, and not from the latest tick.
$now = 0;
$clocked = new Sse\Channel('c', clock: function () use (&$now): int {
    return $now;
});
$client = new Sse\Client($clocked);
$now = 60_000;
$clocked->drain(limitMs: 2000);
$now += 1000;
$clocked->tick();
assert(str_contains($client->read(), 'event: farewell') && $client->read() === null);
echo "all passed\n";
