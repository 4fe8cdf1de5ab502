// SPDX-License-Identifier: MIT

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;
import sse.Sse;

/** The probe of the package sse: README.md beside this file has its commands. */
final class Probe {
    /** What the code of an application throws. */
    private static final class Thrown extends RuntimeException {
        private static final long serialVersionUID = 1;

        Thrown(String client) {
            super(client);
        }
    }

    private Deque<String> words;
    private Sse.Writer writer;
    private Sse.Channel channel;
    private final Map<String, Sse.Client> clients = new HashMap<>();
    private final Map<Sse.Client, String> names = new WeakHashMap<>();

    private String word() {
        return words.removeFirst();
    }

    private long number() {
        return Long.parseUnsignedLong(word());
    }

    private int small() {
        return Math.toIntExact(number());
    }

    private byte[] data() {
        String word = word();
        return switch (word) {
            case "-" -> null;
            case "." -> new byte[0];
            default -> HexFormat.of().parseHex(word);
        };
    }

    /** A text, which is UTF-8 in Java: what is not cannot be given to the module at all. */
    private String text() throws CharacterCodingException {
        byte[] data = data();
        return data == null ? null
                : StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(data)).toString();
    }

    private long[] tags() {
        String word = word();
        return word.equals("-") ? null : word.equals(".") ? new long[0]
                : Arrays.stream(word.split(",")).mapToLong(Long::parseUnsignedLong).toArray();
    }

    private static String hex(byte[] data, int len) {
        return len == 0 ? "." : HexFormat.of().formatHex(data, 0, len);
    }

    private static String sent(boolean fits) {
        return fits ? "ok" : "again";
    }

    private static String done(Runnable call) {
        call.run();
        return "ok";
    }

    private String read(ToIntFunction<byte[]> from) {
        byte[] bytes = new byte[small()];
        int n = from.applyAsInt(bytes);
        return n < 0 ? "closed 2" : n == 0 ? "again" : "ok " + hex(bytes, n);
    }

    private String join() throws CharacterCodingException {
        String name = word();
        String header = text();
        String query = text();
        long[] tags = tags();
        int capacity = small();
        Sse.Join join = new Sse.Join(header, query, tags, number(), number(), capacity);
        channel.tick(number());
        if (clients.containsKey(name)) {
            clients.remove(name).close();
        }
        Sse.Client client = channel.join(join);
        clients.put(name, client);
        names.put(client, name);
        return client.hasGap() ? "gap" : "ok";
    }

    /** Serves the clients that are ready with code that fails at the first. */
    private String fail() {
        try {
            for (Sse.Client c = channel.ready(); c != null; c = channel.ready()) {
                throw new Thrown(names.get(c));
            }
            return "ok";
        } catch (Thrown e) {
            return "thrown " + e.getMessage();
        }
    }

    private String ready() {
        StringBuilder all = new StringBuilder("ok");
        for (Sse.Client c = channel.ready(); c != null; c = channel.ready()) {
            all.append(' ').append(names.get(c));
        }
        return all.toString();
    }

    private static void require(boolean isTrue) {
        if (!isTrue) {
            throw new IllegalStateException();
        }
    }

    private String bench(String what, int count) {
        byte[] data = "hello from libsse !".getBytes(StandardCharsets.UTF_8);
        byte[] bytes = new byte[4096];
        Sse.Event event = new Sse.Event("tick", null, data);
        Sse.Writer queue = new Sse.Writer(4096);
        Sse.Channel news = Sse.Channel.manual("bench", 1, 1000, 1 << 20, 0, 0);
        Sse.Client client = news.join(new Sse.Join(null, null));
        require(client.poll(bytes) > 0 && news.ready() == null);
        Runnable once = switch (what) {
            case "encode" -> () -> require(Sse.encode(event, null, 0).length > 0);
            case "send" -> () ->
                require(queue.send(event) && queue.read(bytes) > 0);
            default -> () -> {
                news.publish(event, 0, 0);
                require(news.ready() == client && client.poll(bytes) > 0
                        && client.poll(bytes) == 0);
            };
        };
        for (int i = 0; i < count / 4; i++) {
            once.run(); // until it is compiled
        }
        long start = System.nanoTime();
        for (int i = 0; i < count; i++) {
            once.run();
        }
        return "ok %.1f".formatted((System.nanoTime() - start) / (double) count);
    }

    private String encode() throws CharacterCodingException {
        byte[] comment = data();
        String type = text();
        String id = text();
        long retryMs = number();
        byte[] data = data();
        if (data == null) {
            return "skip"; // an event always has data
        }
        byte[] made = Sse.encode(new Sse.Event(type, id, data), comment, retryMs);
        return "ok " + hex(made, made.length);
    }

    private String publish() throws CharacterCodingException {
        Sse.Event event = new Sse.Event(text(), null, data());
        long tag = number();
        long key = number();
        channel.tick(number());
        return done(() -> channel.publish(event, tag, key));
    }

    private static String fields(int status, String origin, String methods) {
        String[] some = methods == null ? new String[0] : new String[] {methods};
        return Sse.fields(status, origin, some).stream()
                .map(f -> " " + hexed(f.getKey()) + "=" + hexed(f.getValue()))
                .collect(Collectors.joining("", "ok", ""));
    }

    private static String hexed(String text) {
        byte[] data = text.getBytes(StandardCharsets.UTF_8);
        return hex(data, data.length);
    }

    private String make() throws CharacterCodingException {
        clients.clear();
        channel = Sse.Channel.manual(text(), number(), small(), number(), number(), number());
        return "ok";
    }

    private String answer(String command) throws CharacterCodingException {
        return switch (command) {
            case "encode" -> encode();
            case "writer" -> done(() -> writer = new Sse.Writer(small()));
            case "send" -> sent(writer.send(new Sse.Event(text(), text(), data())));
            case "comment" -> sent(writer.comment(data()));
            case "retry" -> sent(writer.retry(number()));
            case "read" -> read(writer::read);
            case "close" -> done(writer::end);
            case "channel" -> make();
            case "join" -> join();
            case "publish" -> publish();
            case "tick" -> done(() -> channel.tick(number()));
            case "ready" -> ready();
            case "throw" -> fail();
            case "take" -> read(clients.get(word())::poll);
            case "tell" -> sent(clients.get(word()).send(new Sse.Event(text(), null, data())));
            case "end" -> done(clients.get(word())::end);
            case "leave" -> done(clients.get(word())::close);
            case "forget" -> done(() -> clients.remove(word()));
            case "behind" -> "ok " + clients.get(word()).behind();
            case "count" -> "ok " + channel.count(Sse.Counter.values()[small()]);
            case "timeout" -> "ok " + channel.timeout(number());
            case "drain" -> done(() -> channel.drain(number(), number(), number()));
            case "accepts" -> Sse.accepts(text()) ? "ok 1" : "ok 0";
            case "fields" -> fields(small(), text(), text());
            case "bench" -> bench(word(), small());
            default -> throw new IllegalArgumentException(command);
        };
    }

    private void run(boolean collects) throws IOException {
        BufferedReader lines = new BufferedReader(
                new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            words = new ArrayDeque<>(List.of(line.split(" ")));
            if (collects) {
                System.gc();
            }
            try {
                System.out.println(answer(word()));
            } catch (CharacterCodingException e) {
                System.out.println("error " + Sse.FIELD);
            } catch (Sse.SseException e) {
                System.out.println((e.isClosed() ? "closed " : "error ") + e.status());
            }
            if (collects) {
                System.gc();
            }
        }
    }

    public static void main(String[] arguments) throws IOException {
        new Probe().run(arguments.length > 0 && arguments[0].equals("--gc"));
    }
}
