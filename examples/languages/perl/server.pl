# SPDX-License-Identifier: MIT
# server.pl - an application on Mojolicious:
#
#     perl -I. server.pl 8080        Debian: libmojolicious-perl
use v5.36;

use Compress::Zlib qw(crc32);
use Mojo::IOLoop;
use Mojo::Server::Daemon;
use Mojo::Util qw(encode);
use Mojolicious::Lite -signatures;

use SSE;

use constant BODY_MAX => 32 * 1024;

my $channel = SSE::Channel->new('/events', heartbeat_ms => $ENV{APP_HEARTBEAT_MS} // 15_000);
my %clients;    # by the connection of each
my ($timer, $is_draining);

# Send what a client has, a piece at a time: the next one when this one is written.
sub send_to ($client) {
    my $c     = $client->user;
    my $bytes = eval { $client->read(16_384) };
    return Mojo::IOLoop->stream($c->tx->connection)->close if $@;    # it has stalled, say
    return if !defined $bytes;
    return $c->finish if $bytes eq '';
    return $c->write_chunk($bytes => sub { send_to($client) });
}

# Send what there is, and come back when it is time.
sub serve () {
    while (my $client = $channel->next) { send_to($client) }
    Mojo::IOLoop->remove($timer) if $timer;
    my $timeout = $channel->timeout;
    $timer = $timeout < 0 ? undef : Mojo::IOLoop->timer($timeout / 1000 => \&tick);
}

sub tick (@) {
    $channel->tick;
    serve();
}

sub drain (@) {
    return if $is_draining++;
    $channel->tick;
    $channel->drain;
    serve();
    Mojo::IOLoop->stop if !%clients;
}

# The number of the user that the query names; 0: none. A real application knows it from a session.
sub tag ($c) {
    my $user = param($c, 'user');
    return length $user ? 1 << 32 | crc32($user) : 0;
}

sub param ($c, $name) { return encode('UTF-8', $c->req->url->query->param($name) // '') }

sub add_fields ($c, $status, $methods = undef) {
    my @fields = SSE::fields(status => $status, origin => '*', methods => $methods);
    while (my ($name, $value) = splice @fields, 0, 2) { $c->res->headers->add($name => $value) }
    return $c;
}

sub stream ($c) {
    $channel->tick;
    my $client = eval {
        $channel->join(
            last_event_id => $c->req->headers->header('Last-Event-ID'), query => $c->req->url->query->to_string,
            tags => [tag($c) || ()], stall_ms => $ENV{APP_STALL_MS} // 30_000, capacity => BODY_MAX + 1024,
            retry_ms => 1000, user => $c);
    } or return add_fields($c, 503)->rendered(503);    # all are being sent away
    my $id = $c->tx->connection;
    $clients{$id} = $client;
    $c->on(finish => sub {
        delete($clients{$id})->leave;
        Mojo::IOLoop->stop if $is_draining && !%clients;
    });
    add_fields($c, 200)->inactivity_timeout(0)->render_later;
    return serve();
}

any '/events' => sub ($c) {
    my $method = $c->req->method;
    my $status = $method eq 'OPTIONS' ? 204 : $method !~ /^(?:GET|HEAD)$/ ? 405 : 200;
    $status = 406 if $status == 200 && !SSE::accepts($c->req->headers->accept);
    return stream($c) if $status == 200 && $method eq 'GET';
    return add_fields($c, $status)->rendered($status);
};

post '/publish' => sub ($c) {
    my $body = $c->req->body;
    return $c->rendered(413) if $c->req->is_limit_exceeded || length $body > BODY_MAX;
    $channel->tick;
    eval { $channel->publish($body, type => param($c, 'type'), tag => tag($c)) } or return $c->rendered(400);
    serve();
    return $c->rendered(204);
};
any '/publish' => sub ($c) { add_fields($c, 405, 'POST')->rendered(405) };

get '/status' => sub ($c) {
    $c->render(json => {map { $_ => $channel->count($_) } @SSE::Channel::COUNTERS});
};

app->max_request_size(64 * 1024)->log->level('error');
my $port   = shift // 8080;
my $daemon = Mojo::Server::Daemon->new(app => app, listen => ["http://127.0.0.1:$port"], silent => 1)->start;
Mojo::IOLoop->recurring($ENV{APP_TICK_MS} / 1000 => sub {
    $channel->tick;
    $channel->publish(SSE::now_ms(), type => 'tick');
    serve();
}) if $ENV{APP_TICK_MS};
$SIG{INT} = $SIG{TERM} = sub { Mojo::IOLoop->next_tick(\&drain) };
$| = 1;
say "http://127.0.0.1:$port/";
Mojo::IOLoop->start;
