// SPDX-License-Identifier: MIT
package sse;

import java.nio.ByteBuffer;

/**
 * The functions of the shared library, as the headers of sse/*.h declare them on a system of 64
 * bits: a size_t is a long. A direct buffer is memory that the library keeps; an array is copied
 * to the library and back, and null is NULL. {@link Backend} implements it.
 */
interface LibSse {
    String sse_status_text(int status);

    int sse_status_closed(int status);

    int sse_event_encode_parts(byte[] comment, long commentLen, byte[] type, long typeLen,
            byte[] id, long idLen, int retryMs, byte[] data, long dataLen, byte[] dst, long cap,
            long[] len);

    long sse_writer_overhead();

    long sse_writer_init(ByteBuffer memory, long size, int flags);

    int sse_writer_send_parts(ByteBuffer writer, byte[] type, long typeLen, byte[] id, long idLen,
            byte[] data, long dataLen);

    int sse_writer_comment(ByteBuffer writer, byte[] text, long len);

    int sse_writer_retry(ByteBuffer writer, int retryMs);

    int sse_writer_read(ByteBuffer writer, byte[] dst, long cap, long[] len);

    int sse_writer_close(ByteBuffer writer);

    int sse_http_accepts(byte[] accept, long len);

    int sse_http_field_parts(int version, int status, int flags, int retryMs, byte[] origin,
            long originLen, byte[] methods, long methodsLen, long index, byte[] dst, long cap,
            long[] nameLen, long[] valueLen);

    int sse_http_send_parts(int version, int status, int flags, int retryMs, int first,
            byte[] origin, long originLen, ByteBuffer writer);

    long sse_history_size(int events, long capacity);

    long sse_history_init(ByteBuffer memory, long size, int events, int flags, long epoch,
            byte[] name, long nameLen);

    long sse_channel_size();

    int sse_channel_init(ByteBuffer channel, ByteBuffer history, int heartbeatMs, int turnBytes,
            long nowMs);

    int sse_channel_publish_parts(ByteBuffer channel, byte[] type, long typeLen, byte[] id,
            long idLen, byte[] data, long dataLen, long tag, long key);

    int sse_channel_tick(ByteBuffer channel, long nowMs);

    long sse_channel_next(ByteBuffer channel);

    int sse_channel_timeout(ByteBuffer channel, long nowMs);

    int sse_channel_drain(ByteBuffer channel, byte[] type, long typeLen, byte[] data, long dataLen,
            int retryMs, int windowMs, int overMs, int limitMs);

    long sse_channel_count(ByteBuffer channel, int counter);

    long sse_subscriber_size();

    int sse_subscriber_join(ByteBuffer subscriber, ByteBuffer channel, ByteBuffer queue, long user,
            int flags, byte[] header, long headerLen, byte[] query, long queryLen);

    int sse_subscriber_set_filter(ByteBuffer subscriber, ByteBuffer tags, long count);

    int sse_subscriber_set_limits(ByteBuffer subscriber, int paceMs, int stallMs, int ageMs);

    int sse_subscriber_send_parts(ByteBuffer subscriber, byte[] type, long typeLen, byte[] id,
            long idLen, byte[] data, long dataLen);

    int sse_subscriber_read(ByteBuffer subscriber, byte[] dst, long cap, long[] len);

    int sse_subscriber_close(ByteBuffer subscriber);

    int sse_subscriber_leave(ByteBuffer subscriber);

    int sse_subscriber_status(ByteBuffer subscriber);

    long sse_subscriber_behind(ByteBuffer subscriber);
}
