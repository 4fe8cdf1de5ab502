// SPDX-License-Identifier: MIT
package sse;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntSupplier;
import java.util.function.Supplier;

/**
 * Server-Sent Events by libsse, for 64 bits. It is compiled with the folder jna, or with panama and
 * that of the JDK, panama17 or panama22: see build.sh. It loads libsse.so.0.2, or what the
 * environment variable SSE_LIBRARY names.
 *
 * <pre>{@code
 * Sse.Channel channel = new Sse.Channel("/events");
 * channel.publish(new Sse.Event("price", "42"), 0, 0);
 * try (Sse.Client client = channel.join(new Sse.Join(lastEventId, query))) {
 *     client.transferTo(exchange.getResponseBody());
 * }
 * }</pre>
 *
 * Memory is that of direct buffers: it is freed when the collector finds that nothing refers to it.
 */
public final class Sse {
    /** A value has a byte that its field cannot carry, such as a line break in an id. */
    public static final int FIELD = -4;

    /** The object does not allow it now: the stream is closed, the channel drains. */
    public static final int STATE = -6;

    private static final int AGAIN = 1;
    private static final int END = 2;
    private static final int GAP = 3;
    private static final int RANGE = -2;
    private static final int SPACE = -5;
    private static final int FATAL = -100;
    private static final int PREFLIGHT = 0x400;
    private static final int JOIN_GAPS = 0x2000;

    private static final LibSse LIB =
            Backend.load(Objects.requireNonNullElse(System.getenv("SSE_LIBRARY"), "libsse.so.0.2"));

    private Sse() {}

    /** What the library refuses, and the end of a stream where something is sent to it. */
    public static final class SseException extends RuntimeException {
        private static final long serialVersionUID = 1;

        /** The number in sse/status.h. */
        private final int status;

        SseException(int status) {
            super(LIB.sse_status_text(status));
            this.status = status;
        }

        /** Returns the number in sse/status.h, such as {@link Sse#FIELD}. */
        public int status() {
            return status;
        }

        /** Returns whether the stream is over. */
        public boolean isClosed() {
            return LIB.sse_status_closed(status) != 0;
        }
    }

    /**
     * An event.
     *
     * @param type its type; null: the client uses "message"
     * @param id null in a channel, which numbers its events; empty: the client forgets its last
     *     event ID
     * @param data any number of lines
     */
    public record Event(String type, String id, byte[] data) {
        /** Refuses null data. */
        public Event {
            Objects.requireNonNull(data);
        }

        /** An event with text and without an id. */
        public Event(String type, String data) {
            this(type, null, utf8(data));
        }
    }

    /**
     * Returns the bytes of an event.
     *
     * @param comment lines that clients ignore; null: none
     * @param retryMs the reconnection time; 0: none
     */
    public static byte[] encode(Event event, byte[] comment, long retryMs) {
        byte[] type = utf8(event.type);
        byte[] id = utf8(event.id);
        long[] len = new long[1];
        byte[] dst = new byte[256 + event.data.length];
        for (;;) {
            int status = LIB.sse_event_encode_parts(comment, len(comment), type, len(type), id,
                    len(id), uint32(retryMs), event.data, len(event.data), dst, len(dst), len);
            if (status != SPACE) {
                check(status);
                return Arrays.copyOf(dst, (int) len[0]);
            }
            dst = new byte[Math.toIntExact(len[0])];
        }
    }

    /** Returns whether a client with this field Accept takes a stream; null: there is none. */
    public static boolean accepts(String accept) {
        byte[] field = utf8(accept);
        return LIB.sse_http_accepts(field, len(field)) != 0;
    }

    /**
     * Returns the fields of an answer: 200 is the stream, 204 answers OPTIONS, 400 to 599 refuse.
     *
     * @param origin of pages that may read it, or "*"; null: those of the server alone
     * @param methods of the route, for Allow; none: GET, HEAD, OPTIONS
     */
    public static List<Map.Entry<String, String>> fields(
            int status, String origin, String... methods) {
        List<Map.Entry<String, String>> fields = new ArrayList<>();
        byte[] from = utf8(origin);
        byte[] allow = utf8(methods.length == 0 ? null : String.join(", ", methods));
        byte[] dst = new byte[256 + (int) (len(from) + len(allow))];
        long[] name = new long[1];
        long[] value = new long[1];
        for (;;) {
            int result = LIB.sse_http_field_parts(0, status, status == 204 ? PREFLIGHT : 0, 0, from,
                    len(from), allow, len(allow), fields.size(), dst, len(dst), name, value);
            if (result == END) {
                return fields;
            }
            check(result);
            fields.add(Map.entry(text(dst, 0, name[0]), text(dst, name[0] + 1, value[0])));
        }
    }

    /** A queue of whole events for one client. One thread uses it at a time. */
    public static final class Writer {
        private final ByteBuffer queue;

        /** Makes a queue of so many bytes, at least 64. */
        public Writer(int capacity) {
            queue = queue(capacity);
            if (LIB.sse_writer_init(queue, queue.capacity(), 0) == 0) {
                throw new IllegalArgumentException("capacity: " + capacity);
            }
        }

        /** Queues an event. Returns false where it does not fit now. */
        public boolean send(Event event) {
            byte[] type = utf8(event.type);
            byte[] id = utf8(event.id);
            return check(LIB.sse_writer_send_parts(queue, type, len(type), id, len(id), event.data,
                    len(event.data))) != AGAIN;
        }

        /** Queues a comment, which clients ignore. Returns false where it does not fit now. */
        public boolean comment(byte[] text) {
            return check(LIB.sse_writer_comment(queue, text, len(text))) != AGAIN;
        }

        /** Queues a reconnection time. Returns false where it does not fit now. */
        public boolean retry(long ms) {
            return check(LIB.sse_writer_retry(queue, uint32(ms))) != AGAIN;
        }

        /** Moves queued bytes to dst. Returns how many: 0: none now; -1: it is the end. */
        public int read(byte[] dst) {
            long[] len = new long[1];
            return taken(LIB.sse_writer_read(queue, dst, len(dst), len), len);
        }

        /** Ends the stream: what is queued can still be read. */
        public void end() {
            LIB.sse_writer_close(queue);
        }
    }

    /** What a channel counts, since its start. */
    public enum Counter {
        /** Clients now. */ SUBSCRIBERS,
        /** Clients that joined. */ JOINED,
        /** Clients that went on after a last event ID. */ RESUMED,
        /** Events. */ EVENTS,
        /** Bytes that clients took. */ BYTES,
        /** Gap events. */ GAPS,
        /** Clients that were closed for an error. */ CLOSED,
        /** Heartbeats. */ HEARTBEATS
    }

    /**
     * A client that joins.
     *
     * @param lastEventId the field of the request; null: none
     * @param query that of the URL, which can have the id as lastEventId; null: none
     * @param tags events that it sees, next to those for everybody; null: all
     * @param stallMs it is closed after this time without a byte taken; 0: never
     * @param retryMs its reconnection time; 0: its own
     * @param capacity bytes of its queue, at least 512
     */
    public record Join(String lastEventId, String query, long[] tags, long stallMs, long retryMs,
            int capacity) {
        /** A client that sees all events, and is closed when it stalls for half a minute. */
        public Join(String lastEventId, String query) {
            this(lastEventId, query, null, 30_000, 0, 33 * 1024);
        }
    }

    /**
     * Publishes each event to all its clients, and keeps the latest ones for those that come back.
     * Any thread may use a channel and its clients.
     */
    public static final class Channel {
        private final ByteBuffer memory;
        private final ByteBuffer history;
        private final ReentrantLock lock = new ReentrantLock();
        private final Map<Long, Client> clients = new HashMap<>();
        private final boolean isManual;
        private CompletableFuture<Void> timer = new CompletableFuture<>();
        private long dueMs = Long.MAX_VALUE;

        /** Makes a channel that keeps 1000 events and 1 MiB, and sends heartbeats each 15 s. */
        public Channel(String name) {
            this(name, System.currentTimeMillis(), 1000, 1 << 20, 15_000);
        }

        /**
         * Makes a channel that keeps its time by itself.
         *
         * @param name another one for each channel of the program
         * @param epoch another one in each run of the program: the time of day
         * @param events the most events that it keeps
         * @param capacity the most bytes that it keeps
         * @param heartbeatMs the silence after which a client gets a heartbeat; 0: none
         */
        public Channel(String name, long epoch, int events, long capacity, long heartbeatMs) {
            this(name, epoch, events, capacity, heartbeatMs, System.nanoTime() / 1_000_000, false);
        }

        /**
         * Makes a channel for an event loop: the program calls {@link #tick} before, and
         * {@link #ready} after it has called other methods. No thread can wait for a client.
         *
         * @param nowMs the monotonic clock of the program
         */
        public static Channel manual(String name, long epoch, int events, long capacity,
                long heartbeatMs, long nowMs) {
            return new Channel(name, epoch, events, capacity, heartbeatMs, nowMs, true);
        }

        private Channel(String name, long epoch, int events, long capacity, long heartbeatMs,
                long nowMs, boolean isManual) {
            this.isManual = isManual;
            byte[] bytes = utf8(name);
            memory = memory(LIB.sse_channel_size());
            history = memory(LIB.sse_history_size(events, capacity));
            if (LIB.sse_history_init(history, history.capacity(), events, 0, epoch, bytes,
                    len(bytes)) == 0) {
                throw new IllegalArgumentException("name, events or capacity");
            }
            check(LIB.sse_channel_init(memory, history, uint32(heartbeatMs), 0, nowMs));
        }

        private <T> T locked(Supplier<T> function) {
            lock.lock();
            try {
                return function.get();
            } finally {
                lock.unlock();
                Reference.reachabilityFence(this);
            }
        }

        /** Calls the library at the present time, and wakes the threads that wait for it. */
        private int call(IntSupplier function) {
            return locked(() -> {
                if (isManual) {
                    return check(function.getAsInt());
                }
                long now = System.nanoTime() / 1_000_000;
                LIB.sse_channel_tick(memory, now);
                int status = function.getAsInt();
                while (next() != null) {
                    continue;
                }
                int wait = LIB.sse_channel_timeout(memory, now);
                if (wait >= 0 && now + wait < dueMs) {
                    dueMs = now + wait;
                    timer.cancel(false);
                    timer = CompletableFuture.runAsync(this::onTime,
                            CompletableFuture.delayedExecutor(wait, TimeUnit.MILLISECONDS));
                }
                return check(status);
            });
        }

        private void onTime() {
            call(() -> {
                dueMs = Long.MAX_VALUE;
                return 0;
            });
        }

        private Client next() {
            Client client = clients.get(LIB.sse_channel_next(memory));
            if (client != null) {
                client.more.signalAll();
                client.learn(LIB.sse_subscriber_status(client.memory));
            }
            return client;
        }

        /**
         * Returns the next client of a channel that is manual: it has something to take, or the
         * library has closed it. null: there is none now.
         */
        public Client ready() {
            return locked(this::next);
        }

        /**
         * Publishes an event.
         *
         * @param tag the clients that have this tag see it; 0: all clients
         * @param key what the event is the newest state of; 0: nothing
         */
        public void publish(Event event, long tag, long key) {
            byte[] type = utf8(event.type);
            byte[] id = utf8(event.id);
            call(() -> LIB.sse_channel_publish_parts(memory, type, len(type), id, len(id),
                    event.data, len(event.data), tag, key));
        }

        /** Sets the time of a channel that is manual: heartbeats and limits follow it. */
        public void tick(long nowMs) {
            locked(() -> LIB.sse_channel_tick(memory, nowMs));
        }

        /** Returns the milliseconds until {@link #tick} is due; -1: for ever. */
        public int timeout(long nowMs) {
            return locked(() -> LIB.sse_channel_timeout(memory, nowMs));
        }

        /**
         * Sends all clients away; no others can join.
         *
         * @param retryMs when they come back, at the earliest
         * @param windowMs the width of the spread of these times
         * @param limitMs a client that has not gone after this time is closed; 0: there is no limit
         */
        public void drain(long retryMs, long windowMs, long limitMs) {
            call(() -> LIB.sse_channel_drain(memory, null, 0, null, 0, uint32(retryMs),
                    uint32(windowMs), 0, uint32(limitMs)));
        }

        /** Returns a counter. */
        public long count(Counter counter) {
            return locked(() -> LIB.sse_channel_count(memory, counter.ordinal()));
        }

        /** Adds a client. The answer to it is {@link Sse#fields} of 200. */
        public Client join(Join join) {
            Client client = new Client(this, join);
            call(() -> client.join(join));
            return client;
        }
    }

    /**
     * One stream of a channel. One thread reads it at a time. A client that is dropped without
     * {@link #close} stays in its channel until the library closes it, such as when it has stalled.
     */
    public static final class Client implements AutoCloseable {
        private final Channel channel;
        private final Condition more;
        private final ByteBuffer memory = memory(LIB.sse_subscriber_size());
        private final ByteBuffer queue;
        private final ByteBuffer tags;
        private boolean hasGap;
        private Thread writing; // the thread that is outside of the lock, in transferTo
        private boolean wasInterrupted;

        private Client(Channel channel, Join join) {
            this.channel = channel;
            more = channel.lock.newCondition();
            queue = queue(join.capacity);
            long[] sorted = join.tags == null ? new long[0] : join.tags.clone();
            Arrays.sort(sorted);
            tags = memory((long) sorted.length * Long.BYTES);
            tags.asLongBuffer().put(sorted);
        }

        private int join(Join join) {
            byte[] id = utf8(join.lastEventId);
            byte[] query = utf8(join.query);
            int stallMs = uint32(join.stallMs);
            LIB.sse_writer_init(queue, queue.capacity(), 0);
            int status =
                    LIB.sse_http_send_parts(0, 200, 0, uint32(join.retryMs), 0, null, 0, queue);
            if (status == 0) {
                status = LIB.sse_subscriber_join(memory, channel.memory, queue, 0, JOIN_GAPS, id,
                        len(id), query, len(query));
            }
            if (status < 0) {
                return status;
            }
            hasGap = status == GAP;
            channel.clients.put(Backend.address(memory), this);
            if (join.tags != null) {
                LIB.sse_subscriber_set_filter(memory, tags, join.tags.length);
            }
            return LIB.sse_subscriber_set_limits(memory, 0, stallMs, 0);
        }

        /** Returns whether the client came with an id from which the channel cannot go on. */
        public boolean hasGap() {
            return hasGap;
        }

        /** Sends an event without an id to this client alone. Returns false: it has no room. */
        public boolean send(Event event) {
            byte[] type = utf8(event.type);
            byte[] id = utf8(event.id);
            return channel.call(() -> learn(LIB.sse_subscriber_send_parts(memory, type, len(type),
                    id, len(id), event.data, len(event.data)))) != AGAIN;
        }

        /** Ends the stream: the client gets what was published before. */
        public void end() {
            channel.call(() -> learn(LIB.sse_subscriber_close(memory)));
        }

        /** Moves bytes to dst, and does not wait. Returns how many: 0: none; -1: it is the end. */
        public int poll(byte[] dst) {
            long[] len = new long[1];
            return channel.locked(() -> {
                int status = LIB.sse_subscriber_read(memory, dst, len(dst), len);
                return taken(learn(status), len);
            });
        }

        /** Lets the channel forget a client that was closed. */
        private int learn(int status) {
            if (LIB.sse_status_closed(status) != 0) {
                forget(status < FATAL);
            }
            return status;
        }

        private void forget(boolean cutsWrite) {
            channel.clients.remove(Backend.address(memory));
            more.signalAll();
            if (cutsWrite && writing != null) {
                wasInterrupted = true;
                writing.interrupt();
            }
        }

        /** Moves bytes to dst, and waits for them. Returns how many, or -1 at the end. */
        public int take(byte[] dst) throws InterruptedException {
            return take(dst, null);
        }

        private int take(byte[] dst, Thread writer) throws InterruptedException {
            channel.lock.lockInterruptibly();
            try {
                writing = null;
                int n = poll(dst);
                while (n == 0) {
                    more.await();
                    n = poll(dst);
                }
                writing = writer;
                return n;
            } finally {
                channel.lock.unlock();
            }
        }

        /**
         * Writes the stream until its end. Any exception means that the connection is to be closed.
         *
         * <p>If the library closes the stream while the write blocks, as that of a client that has
         * stalled, or another thread calls {@link #close}, this interrupts the thread. That ends a
         * write to an InterruptibleChannel, such as that of the JDK's HttpServer, and to any socket
         * in a virtual thread.
         */
        public void transferTo(OutputStream out) throws IOException, InterruptedException {
            byte[] bytes = new byte[32 * 1024];
            try {
                for (int n; (n = take(bytes, Thread.currentThread())) >= 0;) {
                    out.write(bytes, 0, n);
                    out.flush();
                }
            } finally {
                if (channel.locked(this::stopWriting)) {
                    Thread.interrupted(); // it was for this stream alone
                }
            }
        }

        private boolean stopWriting() {
            writing = null;
            return wasInterrupted;
        }

        /** Returns how many events the client has not taken yet. */
        public long behind() {
            return channel.locked(() -> LIB.sse_subscriber_behind(memory));
        }

        /** Leaves the channel at once. It may be called again. */
        @Override
        public void close() {
            channel.call(() -> {
                forget(true);
                return LIB.sse_subscriber_leave(memory);
            });
        }
    }

    private static int check(int status) {
        if (status < 0 || status == END) {
            throw new SseException(status);
        }
        return status;
    }

    private static byte[] utf8(String text) {
        byte[] bytes = text == null ? null : text.getBytes(StandardCharsets.UTF_8);
        if (bytes != null && !new String(bytes, StandardCharsets.UTF_8).equals(text)) {
            throw new SseException(FIELD); // half of a surrogate pair
        }
        return bytes;
    }

    private static String text(byte[] bytes, long offset, long len) {
        return new String(bytes, (int) offset, (int) len, StandardCharsets.UTF_8);
    }

    private static long len(byte[] bytes) {
        return bytes == null ? 0 : bytes.length;
    }

    private static int uint32(long n) {
        if (n < 0 || n > 0xffffffffL) {
            throw new SseException(RANGE);
        }
        return (int) n;
    }

    /** Returns the number of bytes that were read, or -1. */
    private static int taken(int status, long[] len) {
        return status == END ? -1 : check(status) == AGAIN ? 0 : (int) len[0];
    }

    /** Returns zeroed memory that stays where it is. */
    private static ByteBuffer memory(long size) {
        return ByteBuffer.allocateDirect(Math.toIntExact(size)).order(ByteOrder.nativeOrder());
    }

    private static ByteBuffer queue(int capacity) {
        if (capacity < 0) {
            throw new IllegalArgumentException("capacity: " + capacity);
        }
        return memory(LIB.sse_writer_overhead() + capacity);
    }

}
