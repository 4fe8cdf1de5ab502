// SPDX-License-Identifier: MIT
package sse;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ReadableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntSupplier;
import java.util.function.LongFunction;
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
    private static final int SPACE = -5;
    private static final int FATAL = -100;
    private static final int PREFLIGHT = 0x400;
    private static final int JOIN_GAPS = 0x2000;

    private static final LibSse LIB =
            Backend.load(Objects.requireNonNullElse(System.getenv("SSE_LIBRARY"), "libsse.so.0.2"));

    private static final ScheduledThreadPoolExecutor TIMERS =
            new ScheduledThreadPoolExecutor(1, Sse::daemon);

    static {
        TIMERS.setRemoveOnCancelPolicy(true);
    }

    private Sse() {}

    private static Thread daemon(Runnable task) {
        Thread thread = new Thread(task, "sse-timers");
        thread.setDaemon(true);
        return thread;
    }

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

        private Arguments arguments() {
            return new Arguments(0, utf8(type), utf8(id), data);
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
        for (int room = 256 + event.data.length;;) {
            Arguments a = new Arguments(room, comment, type, id, event.data);
            int status = LIB.sse_event_encode_parts(a.at(0), a.len(0), a.at(1), a.len(1), a.at(2),
                    a.len(2), uint32(retryMs), a.at(3), a.len(3), a.room(), room, a.out(0));
            if (status != SPACE) {
                check(status);
                return a.bytes(0, a.result(0));
            }
            room = a.result(0);
        }
    }

    /** Returns whether a client with this field Accept takes a stream; null: there is none. */
    public static boolean accepts(String accept) {
        Arguments a = new Arguments(0, utf8(accept));
        return LIB.sse_http_accepts(a.at(0), a.len(0)) != 0;
    }

    /**
     * Returns the fields of an answer: 200 is the stream, 204 answers OPTIONS, 400 to 599 refuse.
     *
     * @param origin of pages that may read it, or "*"; null: those of the server alone
     */
    public static List<Map.Entry<String, String>> fields(int status, String origin) {
        List<Map.Entry<String, String>> fields = new ArrayList<>();
        byte[] from = utf8(origin);
        int room = 256 + (from == null ? 0 : from.length);
        for (;;) {
            Arguments a = new Arguments(room, from);
            int result = LIB.sse_http_field_parts(0, status, status == 204 ? PREFLIGHT : 0, 0,
                    a.at(0), a.len(0), fields.size(), a.room(), room, a.out(0), a.out(1));
            if (result == END) {
                return fields;
            }
            check(result);
            fields.add(Map.entry(new String(a.bytes(0, a.result(0)), StandardCharsets.UTF_8),
                    new String(a.bytes(a.result(0) + 1, a.result(1)), StandardCharsets.UTF_8)));
        }
    }

    /** A queue of whole events for one client. One thread uses it at a time. */
    public static final class Writer implements ReadableByteChannel {
        private final Block block;
        private boolean isOpen = true;

        /** Makes a queue of so many bytes, at least 64. */
        public Writer(int capacity) {
            long size = LIB.sse_writer_overhead() + capacity;
            block = new Block(size);
            if (LIB.sse_writer_init(block.at, size, 0) == 0) {
                throw new IllegalArgumentException("capacity: " + capacity);
            }
        }

        /** Queues an event. Returns false where it does not fit now. */
        public boolean send(Event event) {
            Arguments a = event.arguments();
            return check(block.call(w -> LIB.sse_writer_send_parts(w, a.at(0), a.len(0), a.at(1),
                    a.len(1), a.at(2), a.len(2)))) != AGAIN;
        }

        /** Queues a comment, which clients ignore. Returns false where it does not fit now. */
        public boolean comment(byte[] text) {
            Arguments a = new Arguments(0, text);
            return check(block.call(w -> LIB.sse_writer_comment(w, a.at(0), a.len(0)))) != AGAIN;
        }

        /** Queues a reconnection time. Returns false where it does not fit now. */
        public boolean retry(long ms) {
            return check(block.call(w -> LIB.sse_writer_retry(w, uint32(ms)))) != AGAIN;
        }

        /** Moves queued bytes. Returns how many: 0 where there are none now, -1 at the end. */
        @Override
        public int read(ByteBuffer dst) {
            if (!dst.hasRemaining()) {
                return 0;
            }
            Arguments a = new Arguments(dst.remaining());
            int cap = dst.remaining();
            return a.take(block.call(w -> LIB.sse_writer_read(w, a.room(), cap, a.out(0))), dst);
        }

        @Override
        public boolean isOpen() {
            return isOpen;
        }

        /** Ends the stream: what is queued can still be read. */
        @Override
        public void close() {
            isOpen = false;
            block.call(LIB::sse_writer_close);
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
        /** Refuses a negative capacity. */
        public Join {
            if (capacity < 0) {
                throw new IllegalArgumentException("capacity: " + capacity);
            }
        }

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
        private final Block block;
        private final ReentrantLock lock = new ReentrantLock();
        private final Map<Long, Client> clients = new HashMap<>();
        private final boolean isManual;
        private Future<?> timer = CompletableFuture.completedFuture(null);
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
            long size = LIB.sse_history_size(events, capacity);
            long history = aligned(LIB.sse_channel_size());
            block = new Block(history + size);
            Arguments a = new Arguments(0, utf8(name));
            long h = LIB.sse_history_init(block.at + history, size, events, 0, epoch, a.at(0),
                    a.len(0));
            check(LIB.sse_channel_init(block.at, h, uint32(heartbeatMs), 0, nowMs));
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
                LIB.sse_channel_tick(block.at, now);
                int status = function.getAsInt();
                while (next() != null) {
                    continue;
                }
                int wait = LIB.sse_channel_timeout(block.at, now);
                if (wait >= 0 && now + wait < dueMs) {
                    dueMs = now + wait;
                    timer.cancel(false);
                    timer = TIMERS.schedule(this::onTime, wait, TimeUnit.MILLISECONDS);
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
            Client client = clients.get(LIB.sse_channel_next(block.at));
            if (client != null) {
                client.more.signalAll();
                client.learn(LIB.sse_subscriber_status(client.block.at));
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
            Arguments a = event.arguments();
            call(() -> LIB.sse_channel_publish_parts(block.at, a.at(0), a.len(0), a.at(1), a.len(1),
                    a.at(2), a.len(2), tag, key));
        }

        /** Sets the time of a channel that is manual: heartbeats and limits follow it. */
        public void tick(long nowMs) {
            locked(() -> LIB.sse_channel_tick(block.at, nowMs));
        }

        /** Returns the milliseconds until {@link #tick} is due; -1: for ever. */
        public int timeout(long nowMs) {
            return locked(() -> LIB.sse_channel_timeout(block.at, nowMs));
        }

        /**
         * Sends all clients away; no others can join.
         *
         * @param retryMs when they come back, at the earliest
         * @param windowMs the width of the spread of these times
         * @param limitMs a client that has not gone after this time is closed; 0: there is no limit
         */
        public void drain(long retryMs, long windowMs, long limitMs) {
            call(() -> LIB.sse_channel_drain(block.at, 0, 0, 0, 0, uint32(retryMs),
                    uint32(windowMs), 0, uint32(limitMs)));
        }

        /** Returns a counter. */
        public long count(Counter counter) {
            return locked(() -> LIB.sse_channel_count(block.at, counter.ordinal()));
        }

        /** Adds a client. The answer to it is {@link Sse#fields} of 200. */
        public Client join(Join join) {
            Arguments a = new Arguments(0, utf8(join.lastEventId), utf8(join.query));
            Client client = new Client(this, join);
            call(() -> client.join(join, a));
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
        private final Block block; // the subscriber, its queue, its tags
        private boolean hasGap;
        private Thread writing; // the thread that is outside of the lock, in transferTo
        private boolean wasInterrupted;

        private Client(Channel channel, Join join) {
            this.channel = channel;
            more = channel.lock.newCondition();
            int tags = join.tags == null ? 0 : join.tags.length;
            block = new Block(queue() + aligned(queueSize(join)) + (long) tags * Long.BYTES);
        }

        private static long queue() {
            return aligned(LIB.sse_subscriber_size());
        }

        private static long queueSize(Join join) {
            return LIB.sse_writer_overhead() + join.capacity;
        }

        private int join(Join join, Arguments a) {
            long s = block.at;
            long queue = LIB.sse_writer_init(s + queue(), queueSize(join), 0);
            int status = LIB.sse_http_send_parts(0, 200, 0, uint32(join.retryMs), 0, 0, 0, queue);
            if (status == 0) {
                status = LIB.sse_subscriber_join(s, channel.block.at, queue, 0, JOIN_GAPS, a.at(0),
                        a.len(0), a.at(1), a.len(1));
            }
            if (status < 0) {
                return status;
            }
            hasGap = status == GAP;
            channel.clients.put(s, this);
            if (join.tags != null) {
                int tags = (int) (queue() + aligned(queueSize(join)));
                long[] sorted = join.tags.clone();
                Arrays.sort(sorted);
                for (int i = 0; i < sorted.length; i++) {
                    block.bytes.putLong(tags + i * Long.BYTES, sorted[i]);
                }
                LIB.sse_subscriber_set_filter(s, s + tags, sorted.length);
            }
            return LIB.sse_subscriber_set_limits(s, 0, uint32(join.stallMs), 0);
        }

        /** Returns whether the client came with an id from which the channel cannot go on. */
        public boolean hasGap() {
            return hasGap;
        }

        /** Sends an event without an id to this client alone. Returns false: it has no room. */
        public boolean send(Event event) {
            Arguments a = event.arguments();
            return channel.call(() -> learn(block.call(s -> LIB.sse_subscriber_send_parts(s,
                    a.at(0), a.len(0), a.at(1), a.len(1), a.at(2), a.len(2))))) != AGAIN;
        }

        /** Ends the stream: the client gets what was published before. */
        public void end() {
            channel.call(() -> learn(block.call(LIB::sse_subscriber_close)));
        }

        /** Moves bytes, and does not wait. Returns how many: 0: none now; -1: it is the end. */
        public int poll(ByteBuffer dst) {
            Arguments a = new Arguments(dst.remaining());
            return channel.locked(() -> {
                int cap = dst.remaining();
                int status = block.call(s -> LIB.sse_subscriber_read(s, a.room(), cap, a.out(0)));
                return a.take(learn(status), dst);
            });
        }

        /** Lets the channel forget a client that was closed, and ends a write that blocks. */
        private int learn(int status) {
            if (LIB.sse_status_closed(status) != 0) {
                channel.clients.remove(block.at);
                if (status < FATAL && writing != null) {
                    wasInterrupted = true;
                    writing.interrupt();
                }
            }
            return status;
        }

        /** Moves bytes, and waits for them. Returns how many, or -1 at the end. */
        public int take(ByteBuffer dst) throws InterruptedException {
            return take(dst, null);
        }

        private int take(ByteBuffer dst, Thread writer) throws InterruptedException {
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
         * stalled, this interrupts the thread. That ends a write to an InterruptibleChannel, such
         * as that of the JDK's HttpServer, and to any socket in a virtual thread.
         */
        public void transferTo(OutputStream out) throws IOException, InterruptedException {
            ByteBuffer bytes = ByteBuffer.allocate(32 * 1024);
            try {
                while (take(bytes.clear(), Thread.currentThread()) >= 0) {
                    out.write(bytes.array(), 0, bytes.position());
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
            return channel.locked(() -> block.call(LIB::sse_subscriber_behind));
        }

        /** Leaves the channel at once. It may be called again. */
        @Override
        public void close() {
            channel.call(() -> {
                channel.clients.remove(block.at);
                more.signalAll();
                return block.call(LIB::sse_subscriber_leave);
            });
        }
    }

    /** Direct memory at an address that the library can use. */
    private static final class Block {
        private final ByteBuffer bytes;
        private final long at;

        Block(long size) {
            bytes = ByteBuffer.allocateDirect(Math.toIntExact(size)).order(ByteOrder.nativeOrder());
            at = Backend.address(bytes);
        }

        /** Calls a function with the address, while this is not collected. */
        <T> T call(LongFunction<T> function) {
            try {
                return function.apply(at);
            } finally {
                Reference.reachabilityFence(this);
            }
        }
    }

    /** The arguments of a call that are bytes, and its results, in memory of the thread. */
    private static final class Arguments {
        private static final int OUT = 2 * Long.BYTES; // two results that are a size_t come first
        private static final ThreadLocal<Block> MEMORY =
                ThreadLocal.withInitial(() -> new Block(4096));
        private final Block block;
        private final long[] at;
        private final long[] len;
        private final int room;

        /** Copies parts, each of which can be null, and leaves room for bytes after them. */
        Arguments(int room, byte[]... parts) {
            long size = OUT + (long) room;
            for (byte[] part : parts) {
                size += part == null ? 0 : part.length;
            }
            if (size > MEMORY.get().bytes.capacity()) {
                MEMORY.set(new Block(size));
            }
            block = MEMORY.get();
            at = new long[parts.length];
            len = new long[parts.length];
            block.bytes.clear().position(OUT);
            for (int i = 0; i < parts.length; i++) {
                if (parts[i] != null) {
                    at[i] = block.at + block.bytes.position();
                    len[i] = parts[i].length;
                    block.bytes.put(parts[i]);
                }
            }
            this.room = block.bytes.position();
        }

        long at(int part) {
            return at[part];
        }

        long len(int part) {
            return len[part];
        }

        long room() {
            return block.at + room;
        }

        long out(int i) {
            return block.at + (long) i * Long.BYTES;
        }

        int result(int i) {
            return (int) block.bytes.getLong(i * Long.BYTES);
        }

        /** Returns bytes that the library has put into the room. */
        byte[] bytes(int offset, int len) {
            byte[] bytes = new byte[len];
            block.bytes.get(room + offset, bytes);
            return bytes;
        }

        /** Ends a read into the room. */
        int take(int status, ByteBuffer dst) {
            if (status == END) {
                return -1;
            }
            check(status);
            dst.put(block.bytes.slice(room, result(0)));
            return result(0);
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

    /** A number as the library has it; one that is out of range becomes one that it refuses. */
    private static int uint32(long n) {
        return n < 0 || n > 0xffffffffL ? -1 : (int) n;
    }

    private static long aligned(long size) {
        return (size + 7) & -8;
    }
}
