<?php
/* The headers and the shared library through PHP's FFI:
 *
 *     php -d ffi.enable=1 ffi_test.php LIBRARY DECLARATIONS        which declarations.sed makes of the headers
 */
if (!class_exists('FFI')) {
    echo "skipped: PHP has no FFI\n";
    exit(77);
}
[, $library, $declarations] = $argv;
$sse = FFI::cdef(preg_replace('~/\*.*?\*/~s', '', file_get_contents($declarations)), $library);
$len = $sse->new('size_t');
$buffer = $sse->new('char[4096]');

function is($got, $wanted)
{
    if ($got !== $wanted)
        throw new Exception('got ' . var_export($got, true) . ' and not ' . var_export($wanted, true));
}

function read($status)
{
    global $buffer, $len, $sse;
    is($status, $sse->SSE_OK);
    return FFI::string($buffer, $len->cdata);
}

function memory($size)
{
    global $sse;
    return $sse->new('uint64_t[' . (intdiv($size, 8) + 1) . ']');
}

function writer()
{
    global $sse;
    $size = $sse->sse_writer_overhead() + 1024;
    $memory = memory($size);
    return [$sse->sse_writer_init($memory, $size, 0), $memory];
}

/* An event, in parts. */
is(read($sse->sse_event_encode_parts(null, 0, 't', 1, null, 0, 0, "two\nlines", 9, $buffer, 4096,
                                     FFI::addr($len))), "event: t\ndata: two\ndata: lines\n\n");
is($sse->sse_status_text($sse->SSE_OK) !== '', true);

/* A writer in memory of PHP's. */
[$w, $kept] = writer();
is($sse->sse_writer_send_parts($w, null, 0, '7', 1, 'x', 1), $sse->SSE_OK);
is(read($sse->sse_writer_read($w, $buffer, 4096, FFI::addr($len))), "id: 7\ndata: x\n\n");

/* A channel: publish, next, read. */
$size = $sse->sse_history_size(10, 4096);
$memory = memory($size);
$history = $sse->sse_history_init($memory, $size, 10, 0, 1, 'php', 3);
$channel = $sse->new('sse_channel');
$subscriber = $sse->new('sse_subscriber');
$s = FFI::addr($subscriber);
$ch = FFI::addr($channel);
[$queue, $kept_too] = writer();
is(FFI::sizeof($channel), $sse->sse_channel_size());
is(FFI::sizeof($subscriber), $sse->sse_subscriber_size());
is($sse->sse_channel_init($ch, $history, 0, 0, 0), $sse->SSE_OK);
is($sse->sse_subscriber_join($s, $ch, $queue, null, $sse->SSE_JOIN_GAPS, null, 0, null, 0), $sse->SSE_OK);
is(str_starts_with(read($sse->sse_subscriber_read($s, $buffer, 4096, FFI::addr($len))),
                   "event: place\n"), true);
is($sse->sse_channel_publish_parts($ch, null, 0, null, 0, 'hello', 5, 0, 0), $sse->SSE_OK);
is($sse->sse_channel_next($ch) == $s, true);
is($sse->sse_channel_next($ch), null);
is(preg_match('/^id: [0-9a-f]+-1\ndata: hello\n\n$/',
              read($sse->sse_subscriber_read($s, $buffer, 4096, FFI::addr($len)))), 1);
is($sse->sse_subscriber_leave($s), $sse->SSE_OK);
echo 'PHP ' . PHP_VERSION . "\n";
