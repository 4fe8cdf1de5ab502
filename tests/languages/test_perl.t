# SPDX-License-Identifier: MIT
# test_perl.t - what examples/languages/perl/SSE.pm adds to the library: numbers, strings, exceptions.
use v5.36;

use Test::More;

use SSE;

package Url { use overload '""' => sub ($url, @) { "\x{e9}" . $$url++ } }

sub status_of ($call) {
    return 'none' if eval { $call->(); 1 };
    return ref $@ ? $@->status : $@;
}

my $channel = SSE::Channel->new('c');
my $client  = $channel->join(tags => [7]);
$client->read(4096);

# A tag that became 0 would be for everybody.
is status_of(sub { $channel->publish('for one', tag => $_) }), -2, 'tag ' . ($_ // 'undef')
    for 'abc', '', undef, -1, 0.5, 2**64, '18446744073709551616', "7\n";
is $client->read(4096), undef, 'nothing was published';
is status_of(sub { $channel->publish('x', tag => $_) }), 'none', "tag $_" for 0, 7, ~0, '18446744073709551615';
is status_of(sub { $channel->join(tags => ['abc']) }), -2, 'tags';

is status_of(sub { SSE::encode('x', retry_ms => 2**32 + 5) }), -2, 'retry_ms';
is status_of(sub { SSE::Writer->new->retry(2**32 + 5) }), -2, 'retry';
is status_of(sub { $channel->join(stall_ms => 2**32) }), -2, 'stall_ms';
is status_of(sub { $channel->drain(limit_ms => 2**32) }), -2, 'limit_ms';
is status_of(sub { SSE::Channel->new('c', heartbeat_ms => -1) }), -2, 'heartbeat_ms';
is status_of(sub { SSE::Channel->new('c', events => 0) }), -1, 'events';
is status_of(sub { SSE::Channel->new('c', capacity => 1) }), -1, 'capacity of a channel';
is status_of(sub { SSE::Channel->new('') }), -1, 'name';
is status_of(sub { SSE::Writer->new(3) }), -1, 'capacity of a writer';
is status_of(sub { $client->read($_) }), $_ ? -2 : -1, "read $_" for 0, -1;

# Strings.
is SSE::encode(bless \(my $n = 9), 'Url'), "data: \xe99\n\n", 'an object is made text once';
like status_of(sub { SSE::encode("\x{20ac}") }), qr/^Wide character.* at .*test_perl\.t line/, 'characters are no bytes';

# Exceptions.
is $channel->count('subscribers'), 1, 'a client that was refused is not there';
is status_of(sub { $channel->join(capacity => 100) }), -1, 'a queue that is too small';
my $later = $channel->join;
eval { my $now = $channel->join; die "in the block\n" };
is $channel->count('subscribers'), 2, 'a client that went out of scope has left';

done_testing;
