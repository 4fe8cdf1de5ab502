// SPDX-License-Identifier: MIT

import java.nio.charset.StandardCharsets;
import sse.Sse;

/** The test of an application's own events. It needs no framework: {@code java -ea FormatTest}. */
final class FormatTest {
    /** Of the application: what its clients get when an order was placed. */
    static byte[] placed(String order, int total) {
        byte[] data = "{\n  \"total\": %d\n}".formatted(total).getBytes(StandardCharsets.UTF_8);
        return Sse.encode(new Sse.Event("order", order, data), null, 0);
    }

    static void anOrderIsAnEvent() {
        String bytes = new String(placed("o-1", 12), StandardCharsets.UTF_8);
        String wanted = "event: order\nid: o-1\ndata: {\ndata:   \"total\": 12\ndata: }\n\n";
        assert bytes.equals(wanted) : bytes;
    }

    static void anOrderWithALineBreakIsRefused() {
        try {
            placed("o-1\ndata: forged", 12);
        } catch (Sse.SseException e) {
            assert e.status() == Sse.FIELD : e;
            return;
        }
        assert false : "it was not refused";
    }

    public static void main(String[] arguments) {
        if (!FormatTest.class.desiredAssertionStatus()) {
            throw new IllegalStateException("run it with -ea");
        }
        anOrderIsAnEvent();
        anOrderWithALineBreakIsRefused();
        System.out.println("2 tests passed");
    }
}
