// SPDX-License-Identifier: MIT

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.zip.CRC32;
import sse.Sse;

/**
 * Shows {@link Sse} with the HttpServer of the JDK: a thread for each stream.
 *
 * <pre>
 * java Server 8080
 * curl -N http://127.0.0.1:8080/events &amp;
 * curl -d hello http://127.0.0.1:8080/publish
 * </pre>
 */
final class Server {
    private static final int RETRY_MS = 1000;
    private static final int WINDOW_MS = 2000;
    private static final int LIMIT_MS = 2000;
    private static final int BODY_MAX = 32 * 1024;

    private final long stallMs = setting("APP_STALL_MS", 30_000);
    private final long tickMs = setting("APP_TICK_MS", 0);
    private final Sse.Channel channel = new Sse.Channel("/events", System.currentTimeMillis(), 1000,
            1 << 20, setting("APP_HEARTBEAT_MS", 15_000));

    private static long setting(String name, long usual) {
        String value = System.getenv(name);
        return value == null ? usual : Long.parseLong(value);
    }

    /** Returns a value of the query, or "". */
    private static String parameter(HttpExchange exchange, String name) {
        String query = exchange.getRequestURI().getRawQuery();
        return Arrays.stream((query == null ? "" : query).split("&"))
                .filter(pair -> pair.startsWith(name + "="))
                .map(pair -> pair.substring(name.length() + 1))
                .map(value -> URLDecoder.decode(value, StandardCharsets.UTF_8))
                .findFirst().orElse("");
    }

    /**
     * Returns the number of a user, 0 for nobody. A real application has numbers of its users, and
     * knows from a session who asks.
     */
    private static long userTag(HttpExchange exchange) {
        String user = parameter(exchange, "user");
        CRC32 crc = new CRC32();
        crc.update(user.getBytes(StandardCharsets.UTF_8));
        return user.isEmpty() ? 0 : crc.getValue() | 1L << 32;
    }

    private static void answer(HttpExchange exchange, int status, long length, String... methods)
            throws IOException {
        for (Map.Entry<String, String> field : Sse.fields(status, "*", methods)) {
            exchange.getResponseHeaders().add(field.getKey(), field.getValue());
        }
        exchange.sendResponseHeaders(status, length);
    }

    private void events(HttpExchange exchange) throws IOException {
        String method = exchange.getRequestMethod();
        List<String> accept = exchange.getRequestHeaders().get("Accept");
        if (method.equals("OPTIONS")) {
            answer(exchange, 204, -1);
        } else if (!method.equals("GET") && !method.equals("HEAD")) {
            answer(exchange, 405, -1);
        } else if (!Sse.accepts(accept == null ? null : String.join(",", accept))) {
            answer(exchange, 406, -1);
        } else if (method.equals("HEAD")) {
            answer(exchange, 200, -1);
        } else {
            stream(exchange);
        }
    }

    private void stream(HttpExchange exchange) throws IOException {
        long user = userTag(exchange);
        Sse.Join join = new Sse.Join(
                exchange.getRequestHeaders().getFirst("Last-Event-ID"),
                exchange.getRequestURI().getRawQuery(),
                user == 0 ? new long[0] : new long[] {user}, // next to the events for everybody
                stallMs, RETRY_MS, 33 * 1024);
        try (Sse.Client client = channel.join(join)) {
            answer(exchange, 200, 0);
            client.transferTo(exchange.getResponseBody());
        } catch (InterruptedException e) {
            throw new InterruptedIOException();
        }
    }

    private void publish(HttpExchange exchange) throws IOException {
        if (!exchange.getRequestMethod().equals("POST")) {
            answer(exchange, 405, -1, "POST");
            return;
        }
        byte[] data = exchange.getRequestBody().readNBytes(BODY_MAX + 1);
        if (data.length > BODY_MAX) {
            exchange.sendResponseHeaders(413, -1);
            return;
        }
        String type = parameter(exchange, "type");
        Sse.Event event = new Sse.Event(type.isEmpty() ? null : type, null, data);
        channel.publish(event, userTag(exchange), 0);
        exchange.sendResponseHeaders(204, -1);
    }

    private void status(HttpExchange exchange) throws IOException {
        byte[] json = Arrays.stream(Sse.Counter.values())
                .map(c -> "\"%s\": %d".formatted(c.name().toLowerCase(), channel.count(c)))
                .collect(Collectors.joining(", ", "{", "}\n")).getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().add("Content-Type", "application/json");
        exchange.sendResponseHeaders(200, json.length);
        exchange.getResponseBody().write(json);
    }

    private void handle(HttpExchange exchange) throws IOException {
        try {
            switch (exchange.getRequestURI().getPath()) {
                case "/events" -> events(exchange);
                case "/publish" -> publish(exchange);
                case "/status" -> status(exchange);
                default -> exchange.sendResponseHeaders(404, -1);
            }
        } catch (IllegalArgumentException | Sse.SseException e) {
            if (exchange.getResponseCode() >= 0) {
                throw new IOException(e); // the connection is closed, so that the body has no end
            }
            boolean drains = e instanceof Sse.SseException it && it.status() == Sse.STATE;
            exchange.sendResponseHeaders(drains ? 503 : 400, -1);
        }
        exchange.close();
    }

    private void tick() {
        long nowMs = System.nanoTime() / 1_000_000; // on Linux, CLOCK_MONOTONIC
        channel.publish(new Sse.Event("tick", Long.toString(nowMs)), 0, 0);
    }

    private void start(int port) throws IOException {
        System.setProperty("sun.net.httpserver.nodelay", "true");
        InetAddress here = InetAddress.getLoopbackAddress();
        HttpServer server = HttpServer.create(new InetSocketAddress(here, port), 1000);
        ExecutorService threads = Executors.newCachedThreadPool();
        ScheduledExecutorService timer = Executors.newScheduledThreadPool(1);
        server.createContext("/", this::handle);
        server.setExecutor(threads);
        server.start();
        if (tickMs > 0) {
            timer.scheduleAtFixedRate(this::tick, tickMs, tickMs, TimeUnit.MILLISECONDS);
        }
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            timer.shutdown();
            channel.drain(RETRY_MS, WINDOW_MS, LIMIT_MS);
            threads.shutdown();
            try {
                threads.awaitTermination(LIMIT_MS + 1000, TimeUnit.MILLISECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            Runtime.getRuntime().halt(0); // or a signal would end the program with another code
        }));
        System.out.printf("http://127.0.0.1:%d/%n", server.getAddress().getPort());
    }

    public static void main(String[] arguments) throws IOException {
        new Server().start(Integer.parseInt(arguments[0]));
    }
}
