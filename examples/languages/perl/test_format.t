# SPDX-License-Identifier: MIT
# test_format.t - what an application sends, byte for byte:
#
#     prove -I. test_format.t
use v5.36;

use JSON::PP;
use Test::More;

use SSE;

# A part of an application.
sub order_event ($order) {
    return SSE::encode(encode_json({total => $order->{total}}), type => 'order', id => $order->{number});
}

is order_event({number => 'A-7', total => 12}), qq(event: order\nid: A-7\ndata: {"total":12}\n\n), 'an order';

ok !eval { order_event({number => "A-7\ndata: forged", total => 12}) }, 'a line break in its number';
isa_ok $@, 'SSE::Error';
is $@->status, -4, 'the status';
like $@, qr/^invalid byte in field at .*test_format\.t line/, 'the message';

done_testing;
