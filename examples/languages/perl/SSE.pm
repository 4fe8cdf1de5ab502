# SPDX-License-Identifier: MIT
package SSE;

=head1 NAME

SSE - Server-Sent Events with libsse, through FFI::Platypus

=head1 SYNOPSIS

    use SSE;

    my $channel = SSE::Channel->new('/news');
    my $client  = $channel->join(last_event_id => $header, user => $socket);
    $channel->publish('hello', type => 'greeting');
    while (my $ready = $channel->next) { serve($ready) }    # until $ready->read gives undef
    after($channel->timeout, sub { $channel->tick });       # heartbeats and limits

=head1 DESCRIPTION

There is nothing to build. The library is F<libsse.so.0.2>, where the system finds it, or the path in
the environment variable C<SSE_LIBRARY>.

The module fits any event loop: it calls nothing by itself. After a call that publishes, sends, closes or
sets the time, ask C<next> until it gives C<undef>.

Strings are bytes, as for C<syswrite>: encode text as UTF-8 first. What the library refuses is thrown as
an L<SSE::Error|/SSE::Error>.

=cut

use v5.36;

our $VERSION = '0.2.0';

use Carp ();
use FFI::Platypus;
use FFI::Platypus::Buffer qw(grow scalar_to_pointer set_used_length);
use Time::HiRes ();

use constant {
    OK => 0, AGAIN => 1, FINISHED => 2, GAP => 3, ARG => -1, RANGE => -2, SPACE => -5,
    PREFLIGHT => 0x400, GAPS => 0x2000,
};

# The functions of the library: their arguments, as the headers declare them, and their result.
my @text = qw(string size_t);
my $ffi  = FFI::Platypus->new(api => 2, lib => $ENV{SSE_LIBRARY} // 'libsse.so.0.2');
$ffi->mangler(sub ($name) {"sse$name"});
for (
    [['int'] => 'string', '_status_text'],
    [['int'] => 'int', '_status_closed'],
    [[(@text) x 3, 'uint32', @text, qw(opaque size_t size_t*)] => 'int', '_event_encode_parts'],
    [[@text] => 'int', '_http_accepts'],
    [[qw(int int uint32 uint32), (@text) x 2, qw(size_t opaque size_t size_t* size_t*)] => 'int', '_http_field_parts'],
    [[qw(int int uint32 uint32 int), @text, 'opaque'] => 'int', '_http_send_parts'],
    [[] => 'size_t', qw(_writer_overhead _channel_size _subscriber_size)],
    [[qw(opaque size_t uint32)] => 'opaque', '_writer_init'],
    [['opaque', (@text) x 3] => 'int', qw(_writer_send_parts _subscriber_send_parts)],
    [['opaque', @text] => 'int', '_writer_comment'],
    [[qw(opaque uint32)] => 'int', '_writer_retry'],
    [[qw(opaque opaque size_t size_t*)] => 'int', qw(_writer_read _subscriber_read)],
    [['opaque'] => 'int', qw(_writer_close _subscriber_close _subscriber_leave)],
    [[qw(uint32 size_t)] => 'size_t', '_history_size'],
    [[qw(opaque size_t uint32 uint32 uint64), @text] => 'opaque', '_history_init'],
    [[qw(opaque opaque uint32 uint32 uint64)] => 'int', '_channel_init'],
    [['opaque', (@text) x 3, qw(uint64 uint64)] => 'int', '_channel_publish_parts'],
    [[qw(opaque uint64)] => 'int', qw(_channel_tick _channel_timeout)],
    [['opaque'] => 'opaque', '_channel_next'],
    [['opaque', (@text) x 2, qw(uint32 uint32 uint32 uint32)] => 'int', '_channel_drain'],
    [[qw(opaque int)] => 'uint64', '_channel_count'],
    [[qw(opaque opaque opaque opaque uint32), (@text) x 2] => 'int', '_subscriber_join'],
    [[qw(opaque opaque size_t)] => 'int', '_subscriber_set_filter'],
    [[qw(opaque uint32 uint32 uint32)] => 'int', '_subscriber_set_limits'],
    [['opaque'] => 'uint64', '_subscriber_behind'],
    )
{
    my ($arguments, $result, @names) = @$_;
    $ffi->attach($_ => $arguments => $result) for @names;
}

# Strings, or undef, as the library takes them.
sub _text (@strings) {
    for (grep { defined } @strings) {
        $_ = "$_";    # an object becomes text once
        utf8::downgrade($_, 1) or Carp::croak('Wide character: encode text as UTF-8');
    }
    return map { ($_, length($_) // 0) } @strings;
}

# A number that the library gets as it is: a tag that became 0 would be for everybody.
sub _number ($number, $max = 0xffff_ffff) {
    no warnings 'uninitialized';
    return $number if $number =~ /\A[0-9]+\z/ && $number <= $max && $number + 0 eq $number;
    return SSE::Error->throw(RANGE);
}

# True for OK and GAP, false for AGAIN. Dies for what else there is.
sub _check ($status) {
    return $status != AGAIN if $status >= 0 && $status != FINISHED;
    return (_status_closed($status) ? 'SSE::Closed' : 'SSE::Error')->throw($status);
}

# The bytes that a function gives; undef: none now; empty: there will be none.
sub _read ($function, @arguments) {
    my $max = _number(pop @arguments, ~0 >> 1);
    grow(my $bytes = '', $max);
    my $status = $function->(@arguments, scalar_to_pointer($bytes), $max, \my $length);
    return _read($function, @arguments, $length) if $status == SPACE;
    return undef if $status == AGAIN;
    _check($status) unless $status == FINISHED;
    set_used_length($bytes, $length);
    return $bytes;
}

=head1 FUNCTIONS

=head2 SSE::encode($data, type => $type, id => $id, comment => $comment, retry_ms => $ms)

The bytes of an event. All options can be absent.

=cut

sub encode ($data, %part) {
    my @head = (_text(@part{qw(comment type id)}), _number($part{retry_ms} // 0));
    return _read(\&_event_encode_parts, @head, _text($data // ''), 256);
}

=head2 SSE::accepts($accept)

Whether a client with this C<Accept> field, or C<undef>, takes a stream. If not, answer 406.

=cut

sub accepts ($accept) { return _http_accepts(_text($accept)) == 1 }

=head2 SSE::fields(status => 200, origin => '*', methods => 'POST')

The fields of an answer, as a list of names and values: of the stream (200), of the answer to OPTIONS
(204), or of a refusal: 405 has C<Allow>, with the methods of the route.

=cut

sub fields (%with) {
    my $status = $with{status} // 200;
    my @answer = (0, $status, $status == 204 ? PREFLIGHT : 0, 0, _text(@with{qw(origin methods)}));
    my ($size, @fields) = 512 + length(($with{origin} // '') . ($with{methods} // ''));
    while (1) {
        grow(my $bytes = '', $size);
        my @to = (@fields / 2, scalar_to_pointer($bytes), $size, \my $name, \my $value);
        my $result = _http_field_parts(@answer, @to);
        return @fields if $result == FINISHED;
        _check($result);
        set_used_length($bytes, $name + 1 + $value);
        push @fields, unpack "a$name x a$value", $bytes;
    }
}

=head2 SSE::now_ms

The clock of C<tick> and C<timeout>.

=cut

sub now_ms { return int 1000 * Time::HiRes::clock_gettime(Time::HiRes::CLOCK_MONOTONIC()) }

=head1 SSE::Error

Its C<status> is the number of what is wrong, its C<message> the text; as a string it is the text and the
line that made the call. An B<SSE::Closed> is one, too: the stream is over, and no more can be done.

=cut

package SSE::Error {
    use overload '""' => sub ($error, @) { $error->message . $error->{where} }, fallback => 1;
    sub status ($error)  { return $error->{status} }
    sub message ($error) { return SSE::_status_text($error->{status}) }

    sub throw ($class, $status) {
        local @Carp::Internal{qw(SSE SSE::Error SSE::Writer SSE::Channel SSE::Client)} = (1) x 5;
        die bless {status => $status, where => Carp::shortmess('')}, $class;
    }
}

package SSE::Closed { our @ISA = 'SSE::Error' }

# Memory that the library keeps pointers to.
package SSE::Memory {
    use FFI::Platypus::Memory qw(calloc free);
    sub new ($class, $size) { return bless \calloc(1, $size), $class }
    sub CLONE_SKIP { return 1 }    # another interpreter thread gets none of it
    sub DESTROY ($memory) { free($$memory) if ${^GLOBAL_PHASE} ne 'DESTRUCT' }    # in any order then
}

=head1 SSE::Writer

The queue of one client, without a channel.

=over

=item SSE::Writer->new($capacity)

It holds so many bytes, at least 64.

=item $writer->send($data, type => $type, id => $id), $writer->comment($text), $writer->retry($ms)

Queue an event, a comment, the time until the client reconnects. False: the queue is full, and nothing
was queued.

=item $writer->read($max)

As with C<sysread>: bytes; C<undef> if there are none now; the empty string at the end.

=item $writer->close

Accept no more. What is queued can be read.

=back

=cut

package SSE::Writer {

    sub new ($class, $capacity = 4096) {
        my $size   = SSE::_writer_overhead() + SSE::_number($capacity);
        my $memory = SSE::Memory->new($size);
        SSE::_writer_init($$memory, $size, 0) // SSE::_check(SSE::ARG);
        return bless {memory => $memory, at => $$memory}, $class;
    }

    sub send ($writer, $data, %part) {
        return SSE::_check(SSE::_writer_send_parts($writer->{at}, SSE::_text(@part{qw(type id)}, $data // '')));
    }

    sub comment ($writer, $text) { return SSE::_check(SSE::_writer_comment($writer->{at}, SSE::_text($text))) }
    sub retry ($writer, $ms)     { return SSE::_check(SSE::_writer_retry($writer->{at}, SSE::_number($ms))) }
    sub read ($writer, $max)     { return SSE::_read(\&SSE::_writer_read, $writer->{at}, $max) }
    sub close ($writer)          { return SSE::_check(SSE::_writer_close($writer->{at})) }
    sub CLONE_SKIP               { return 1 }
}

=head1 SSE::Channel

Publishes each event to all its clients, and keeps the latest ones for those that come back.

=over

=item SSE::Channel->new($name, epoch => $ms, events => 1000, capacity => 1048576, heartbeat_ms => 15000)

The name differs between the channels of a program, and the epoch between its runs: it is the time of the
start. The channel keeps so many events, in so many bytes. A client that was sent nothing for so long gets
a heartbeat.

=item $channel->join(last_event_id => $header, query => $query, tags => [@numbers], %more)

A new L<client|/SSE::Client>. C<last_event_id> and C<query> are the field and the query of its request.
It sees the events with its tags and those with tag 0; without C<tags>, all. A client that reads nothing
for C<stall_ms>, 30000, is closed, unless that is 0; it is told to reconnect after C<retry_ms>.
C<capacity>, 4096, is that of its queue, for the rest of an event and those for it alone. C<user> is
anything of the program's.

The program keeps the client. One that is dropped has left the channel.

=item $channel->publish($data, type => $type, tag => 0, key => 0)

Only clients with this tag see it; all if it is 0 or not given. C<undef>, and what is no whole number, are
refused. Call C<tick> before it, if that is seldom called.

=item $channel->tick($now_ms), $channel->timeout($now_ms)

Set the time; the milliseconds until that is due: -1 is never. Without an argument it is now.

=item $channel->next

The next client that has something to read, or was closed; C<undef>: none. It is given again when all was
read and more has come.

=item $channel->drain(retry_ms => 1000, window_ms => 2000, limit_ms => 2000)

Send all clients away: each reconnects after C<retry_ms> and up to C<window_ms> more. Those that do not
read are closed after C<limit_ms>, which counts from the latest C<tick>: call that before.

=item $channel->count($counter)

C<subscribers>, C<joined>, C<resumed>, C<events>, C<bytes>, C<gaps>, C<closed> or C<heartbeats>.

=back

=cut

package SSE::Channel {
    use Scalar::Util qw(weaken);

    our @COUNTERS = qw(subscribers joined resumed events bytes gaps closed heartbeats);
    my %number = map { $COUNTERS[$_] => $_ } 0 .. $#COUNTERS;

    sub new ($class, $name, %with) {
        my $events  = SSE::_number($with{events} // 1000);
        my $size    = SSE::_history_size($events, SSE::_number($with{capacity} // 1 << 20));
        my $epoch   = SSE::_number($with{epoch} // int(1000 * Time::HiRes::time()), ~0);
        my $history = SSE::Memory->new($size);
        my $memory  = SSE::Memory->new(SSE::_channel_size());
        SSE::_history_init($$history, $size, $events, 0, $epoch, SSE::_text($name)) // SSE::_check(SSE::ARG);
        my @times = (SSE::_number($with{heartbeat_ms} // 15_000), 0, $with{now_ms} // SSE::now_ms());
        SSE::_check(SSE::_channel_init($$memory, $$history, @times));
        return bless {memory => $memory, at => $$memory, history => $history, clients => {}}, $class;
    }

    sub join ($channel, %with) {
        my $client = SSE::Client->new($channel, %with);
        weaken($channel->{clients}{$client->{at}} = $client);
        return $client;
    }

    sub publish ($channel, $data, %with) {
        my @text    = SSE::_text($with{type}, undef, $data // '');
        my @numbers = map { exists $with{$_} ? SSE::_number($with{$_}, ~0) : 0 } qw(tag key);
        return SSE::_check(SSE::_channel_publish_parts($channel->{at}, @text, @numbers));
    }

    sub tick ($channel, $now_ms = SSE::now_ms()) { return SSE::_check(SSE::_channel_tick($channel->{at}, $now_ms)) }
    sub timeout ($channel, $now_ms = SSE::now_ms()) { return SSE::_channel_timeout($channel->{at}, $now_ms) }

    sub next ($channel) {
        my $at = SSE::_channel_next($channel->{at}) // return undef;
        return $channel->{clients}{$at};
    }

    sub drain ($channel, %with) {
        my @times = ($with{retry_ms} // 1000, $with{window_ms} // 2000, 0, $with{limit_ms} // 2000);
        SSE::_number($_) for @times;
        return SSE::_check(SSE::_channel_drain($channel->{at}, SSE::_text(undef, undef), @times));
    }

    sub count ($channel, $counter) {
        return SSE::_channel_count($channel->{at}, $number{$counter} // Carp::croak("no counter $counter"));
    }

    sub CLONE_SKIP { return 1 }
}

=head1 SSE::Client

=over

=item $client->read($max)

As with C<sysread>: bytes; C<undef> if there are none now; the empty string at the end of the stream.
Throws an B<SSE::Closed> if the channel has closed it: it has stalled, say.

=item $client->send($data, type => $type)

An event for this client alone. False: its queue is full, and nothing was queued.

=item $client->close, $client->leave

End the stream, after what was published before. Leave at once: the connection is lost.

=item $client->gap, $client->behind, $client->user

Whether events are missing that it has asked for: a gap event says so. How many events it has not read.
What was given to C<join>.

=back

=cut

package SSE::Client {
    use List::Util qw(uniqnum);

    sub new ($class, $channel, %with) {
        my $queue  = SSE::Writer->new($with{capacity} // 4096);
        my $memory = SSE::Memory->new(SSE::_subscriber_size());
        my $client = bless {
            memory => $memory, at => $$memory, queue => $queue, channel => $channel, user => $with{user},
            tags => pack('Q*', sort { $a <=> $b } uniqnum(map { SSE::_number($_, ~0) } ($with{tags} // [])->@*)),
        }, $class;
        my $at = $client->{at};
        SSE::_check(SSE::_http_send_parts(0, 200, 0, SSE::_number($with{retry_ms} // 0), 0, undef, 0, $queue->{at}));
        my @ids    = SSE::_text(@with{qw(last_event_id query)});
        my $status = SSE::_subscriber_join($at, $channel->{at}, $queue->{at}, undef, SSE::GAPS, @ids);
        $client->{gap} = SSE::_check($status) && $status == SSE::GAP;
        if ($with{tags}) {    # which the library borrows
            my ($tags, $size) = FFI::Platypus::Buffer::scalar_to_buffer($client->{tags});
            SSE::_check(SSE::_subscriber_set_filter($at, $tags, $size / 8));
        }
        SSE::_check(SSE::_subscriber_set_limits($at, 0, SSE::_number($with{stall_ms} // 30_000), 0));
        return $client;
    }

    sub send ($client, $data, %part) {
        my @text = SSE::_text($part{type}, undef, $data // '');
        return SSE::_check(SSE::_subscriber_send_parts($client->{at}, @text));
    }

    sub read ($client, $max) { return SSE::_read(\&SSE::_subscriber_read, $client->{at}, $max) }
    sub close ($client)      { return SSE::_check(SSE::_subscriber_close($client->{at})) }
    sub leave ($client)      { return SSE::_subscriber_leave($client->{at}) == SSE::OK }
    sub behind ($client)     { return SSE::_subscriber_behind($client->{at}) }
    sub gap ($client)        { return $client->{gap} }
    sub user ($client)       { return $client->{user} }
    sub CLONE_SKIP           { return 1 }

    sub DESTROY ($client) {
        return if ${^GLOBAL_PHASE} eq 'DESTRUCT';
        $client->leave;
        delete $client->{channel}{clients}{$client->{at}};
    }
}

1;
