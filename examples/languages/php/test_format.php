<?php

/* A unit test of an application's own events: php -d zend.assertions=1 test_format.php */

declare(strict_types=1);

require __DIR__ . '/sse.php';

/** The function under test: what clients are sent when an order is placed. */
function orderPlaced(string $id, string $item, int $count): string
{
    return Sse\encode("$item\n$count", 'order', $id);
}

ini_get('zend.assertions') === '1' or throw new LogicException('run it with -d zend.assertions=1');
assert(orderPlaced('o-7', 'tea', 2) === "event: order\nid: o-7\ndata: tea\ndata: 2\n\n");
try {
    orderPlaced("o-7\ndata: forged", 'tea', 2);
    $refusal = null;
} catch (Sse\InvalidException $refusal) {
}
assert($refusal !== null, 'an id with a line break is refused');
echo "2 passed\n";
