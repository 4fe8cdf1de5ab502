// SPDX-License-Identifier: MIT

import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import sse.Sse;

/** Threads that wait, and that share a channel: {@code java -ea SseTest}. */
final class SseTest {
    private static final ExecutorService THREADS = Executors.newCachedThreadPool();

    private static Sse.Channel channel(long heartbeatMs) {
        return new Sse.Channel("/events", 1, 1000, 1 << 20, heartbeatMs);
    }

    private static Sse.Client join(Sse.Channel channel, long stallMs) {
        Sse.Client client = channel.join(new Sse.Join(null, null, null, stallMs, 0, 65_536));
        assert client.poll(new byte[4096]) > 0; // the first bytes, and a place
        return client;
    }

    private static Sse.Event event(String data) {
        return new Sse.Event(null, data);
    }

    private static <T> Future<T> soon(Callable<T> task) {
        return THREADS.submit(() -> {
            Thread.sleep(20);
            return task.call();
        });
    }

    private static String take(Sse.Client client) throws InterruptedException {
        byte[] bytes = new byte[4096];
        int n = client.take(bytes);
        return n < 0 ? null : new String(bytes, 0, n, StandardCharsets.UTF_8);
    }

    static void takeWaitsForAnEvent() throws Exception {
        Sse.Channel channel = channel(0);
        try (Sse.Client client = join(channel, 0)) {
            soon(() -> {
                channel.publish(event("hello"), 0, 0);
                return null;
            });
            String taken = take(client);
            assert taken.endsWith("data: hello\n\n") : taken;
        }
    }

    static void takeEndsWithTheStreamWithCloseAndWithAnInterrupt() throws Exception {
        Sse.Channel channel = channel(0);
        Sse.Client client = join(channel, 0);
        client.end();
        assert take(client) == null;

        Sse.Client closed = join(channel, 0);
        soon(() -> {
            closed.close();
            return null;
        });
        try {
            assert take(closed) == null;
        } catch (Sse.SseException e) {
            assert e.status() == Sse.STATE : e;
        }

        Thread here = Thread.currentThread();
        soon(() -> {
            here.interrupt();
            return null;
        });
        try (Sse.Client interrupted = join(channel, 0)) {
            take(interrupted);
            assert false;
        } catch (InterruptedException e) {
            assert !here.isInterrupted();
        }
    }

    static void aChannelKeepsTimeForItsOnlyClient() throws Exception {
        try (Sse.Client client = join(channel(30), 0)) {
            for (int i = 0; i < 3; i++) {
                String taken = take(client);
                assert taken.equals(":\n\n") : taken;
            }
        }
    }

    /** Fills the socket of a client that never reads, until something ends the write to it. */
    private static void block(Sse.Channel channel, Sse.Client client) throws Exception {
        try (ServerSocketChannel listener = ServerSocketChannel.open()) {
            listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            try (SocketChannel theirs = SocketChannel.open(listener.getLocalAddress());
                    SocketChannel ours = listener.accept()) {
                assert theirs.isConnected();
                THREADS.execute(() -> {
                    while (channel.count(Sse.Counter.SUBSCRIBERS) > 0) {
                        channel.publish(event("x".repeat(30_000)), 0, 0);
                    }
                });
                client.transferTo(Channels.newOutputStream(ours));
                assert false;
            } catch (ClosedByInterruptException e) {
                assert !Thread.currentThread().isInterrupted();
            }
        }
    }

    static void aWriteToAClientThatHasStalledEnds() throws Exception {
        Sse.Channel channel = channel(20); // there are heartbeats to take
        try (Sse.Client client = join(channel, 200)) {
            block(channel, client);
        }
        assert channel.count(Sse.Counter.CLOSED) == 1;
    }

    static void closeEndsAWriteThatBlocks() throws Exception {
        Sse.Channel channel = channel(0);
        Sse.Client client = join(channel, 0);
        THREADS.submit(() -> {
            long taken = -1;
            while (taken != (taken = channel.count(Sse.Counter.BYTES)) || taken == 0) {
                Thread.sleep(300); // until the write blocks
            }
            client.close();
            return null;
        });
        block(channel, client);
    }

    static void aNumberOutOfRangeIsRefusedAndNothingJoins() {
        Sse.Channel channel = channel(0);
        for (long stallMs : new long[] {-1, 1L << 32}) {
            try {
                join(channel, stallMs);
                assert false;
            } catch (Sse.SseException e) {
                assert channel.count(Sse.Counter.SUBSCRIBERS) == 0;
            }
        }
        try {
            new Sse.Channel("/events", 1, 0, 1 << 20, 0);
            assert false;
        } catch (IllegalArgumentException e) {
            assert e.getMessage().contains("events");
        }
    }

    static void threadsShareAChannel() throws Exception {
        int clients = 20;
        int events = 200;
        Sse.Channel channel = channel(15_000);
        List<Future<String>> streams = new ArrayList<>();
        for (int i = 0; i < clients; i++) {
            Sse.Client client = join(channel, 0);
            streams.add(THREADS.submit(() -> {
                ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                try (client) {
                    client.transferTo(bytes);
                }
                return bytes.toString(StandardCharsets.UTF_8);
            }));
        }
        CountDownLatch published = new CountDownLatch(4);
        for (int i = 0; i < 4; i++) {
            THREADS.execute(() -> {
                for (int n = 0; n < events / 4; n++) {
                    channel.publish(event("x"), 0, 0);
                }
                published.countDown();
            });
        }
        published.await();
        channel.drain(1000, 0, 0);
        for (Future<String> stream : streams) {
            int got = stream.get().split("data: x\n").length - 1;
            assert got == events : got;
        }
        assert channel.count(Sse.Counter.SUBSCRIBERS) == 0;
    }

    public static void main(String[] arguments) throws Exception {
        if (!SseTest.class.desiredAssertionStatus()) {
            throw new IllegalStateException("run it with -ea");
        }
        try {
            takeWaitsForAnEvent();
            takeEndsWithTheStreamWithCloseAndWithAnInterrupt();
            aChannelKeepsTimeForItsOnlyClient();
            aWriteToAClientThatHasStalledEnds();
            closeEndsAWriteThatBlocks();
            aNumberOutOfRangeIsRefusedAndNothingJoins();
            threadsShareAChannel();
        } finally {
            THREADS.shutdownNow();
            THREADS.awaitTermination(5, TimeUnit.SECONDS);
        }
        System.out.println("7 tests passed");
    }
}
