# SPDX-License-Identifier: MIT
# probe.pl - the commands of README.md for the module of Perl:
#
#     perl -I examples/languages/perl probe.pl [--gc]
#
# Perl has no collection: it frees at once what is not referenced any more. So --gc changes nothing here, and
# run.py lets malloc overwrite what is freed.
use v5.36;

use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

use SSE;

use constant DATA => 'hello from libsse !';

my ($writer, $channel, %client);

sub hex_of ($bytes) { return length $bytes ? unpack 'H*', $bytes : '.' }

sub text ($word) { return $word eq '-' ? undef : $word eq '.' ? '' : pack 'H*', $word }

sub queued ($is_queued) { return $is_queued ? 'ok' : 'again' }

sub bytes ($bytes) {
    return 'again'    if !defined $bytes;
    return 'closed 2' if $bytes eq '';
    return 'ok ' . hex_of($bytes);
}

sub make_channel ($name, $epoch, $events, $capacity, $heartbeat_ms, $now_ms) {
    %client  = ();
    $channel = SSE::Channel->new($name, epoch => $epoch, events => $events, capacity => $capacity,
        heartbeat_ms => $heartbeat_ms, now_ms => $now_ms);
    return 'ok';
}

sub join_channel ($k, $header, $query, $tags, $capacity, $stall_ms, $retry_ms, $now_ms) {
    delete $client{$k};
    $channel->tick($now_ms);
    $client{$k} = $channel->join(last_event_id => text($header), query => text($query), capacity => $capacity,
        stall_ms => $stall_ms, retry_ms => $retry_ms, user => $k, $tags eq '-' ? () : (tags => [$tags eq '.' ? () : split /,/, $tags]));
    return $client{$k}->gap ? 'gap' : 'ok';
}

my %bench = (
    encode => sub { SSE::encode(DATA, type => 'tick') },
    send   => sub {
        $writer->send(DATA, type => 'tick');
        $writer->read(4096);
    },
    publish => sub {
        $channel->publish(DATA, type => 'tick');
        while (my $client = $channel->next) {
            $client->read(4096);
            $client->read(4096);
        }
    },
);

sub bench ($what, $times) {
    $writer = SSE::Writer->new(4096);
    make_channel('bench', 1, 1000, 1 << 20, 15_000, 0);
    join_channel(1, ('-') x 3, 4096, 0, 0, 0);
    $client{1}->read(4096);
    my $start = clock_gettime(CLOCK_MONOTONIC);
    $bench{$what}->() for 1 .. $times;
    return sprintf 'ok %.1f', (clock_gettime(CLOCK_MONOTONIC) - $start) * 1e9 / $times;
}

my %command = (
    encode => sub ($comment, $type, $id, $retry_ms, $data) {
        return 'skip' if $data eq '-';
        return bytes(SSE::encode(text($data), type => text($type), id => text($id), comment => text($comment),
            retry_ms => $retry_ms));
    },
    writer => sub ($capacity) {
        $writer = SSE::Writer->new($capacity);
        return 'ok';
    },
    send    => sub ($type, $id, $data) { queued($writer->send(text($data), type => text($type), id => text($id))) },
    comment => sub ($text) { queued($writer->comment(text($text))) },
    retry   => sub ($ms) { queued($writer->retry($ms)) },
    read    => sub ($max) { bytes($writer->read($max)) },
    close   => sub { queued($writer->close) },
    channel => sub ($name, @numbers) { make_channel(text($name), @numbers) },
    join    => \&join_channel,
    publish => sub ($type, $data, $tag, $key, $now_ms) {
        $channel->tick($now_ms);
        return queued($channel->publish(text($data), type => text($type), tag => $tag, key => $key));
    },
    tick  => sub ($now_ms) { queued($channel->tick($now_ms)) },
    ready => sub {
        my @ready;
        while (my $client = $channel->next) { push @ready, $client->user }
        return "ok @ready" =~ s/ $//r;
    },
    throw => sub {
        my $is_done = eval {
            while (my $client = $channel->next) { die $client->user . "\n" }
            1;
        };
        return $is_done ? 'ok' : 'thrown ' . $@ =~ s/\n//r;
    },
    take => sub ($k, $max) { bytes($client{$k}->read($max)) },
    tell => sub ($k, $type, $data) { queued($client{$k}->send(text($data), type => text($type))) },
    end  => sub ($k) { queued($client{$k}->close) },
    leave  => sub ($k) { queued($client{$k}->leave) },
    forget => sub ($k) {
        delete $client{$k};
        return 'ok';
    },
    behind  => sub ($k) { 'ok ' . $client{$k}->behind },
    count   => sub ($number) { 'ok ' . $channel->count($SSE::Channel::COUNTERS[$number]) },
    timeout => sub ($now_ms) { 'ok ' . $channel->timeout($now_ms) },
    drain   => sub ($retry_ms, $window_ms, $limit_ms) {
        return queued($channel->drain(retry_ms => $retry_ms, window_ms => $window_ms, limit_ms => $limit_ms));
    },
    accepts => sub ($accept) { 'ok ' . (SSE::accepts(text($accept)) ? 1 : 0) },
    fields  => sub ($status, $origin, $methods) {
        my @fields = SSE::fields(status => $status, origin => text($origin), methods => text($methods));
        my @words;
        while (my ($name, $value) = splice @fields, 0, 2) { push @words, hex_of($name) . '=' . hex_of($value) }
        return "ok @words";
    },
    bench => \&bench,
);

$| = 1;
while (defined(my $line = <STDIN>)) {
    my ($name, @words) = split ' ', $line;
    my $answer = eval { $command{$name}->(@words) } // do {
        my $error = $@;
        die $error if !ref $error || !$error->isa('SSE::Error');
        ($error->isa('SSE::Closed') ? 'closed ' : 'error ') . $error->status;
    };
    say $answer;
}
