// SPDX-License-Identifier: MIT
package sse;

/**
 * The functions of the shared library, as the headers of sse/*.h declare them on a system of 64
 * bits: a pointer and a size_t are a long, 0 is NULL. {@link Backend} implements it.
 */
interface LibSse {
    String sse_status_text(int status);

    int sse_status_closed(int status);

    int sse_event_encode_parts(long comment, long commentLen, long type, long typeLen, long id,
            long idLen, int retryMs, long data, long dataLen, long dst, long cap, long len);

    long sse_writer_overhead();

    long sse_writer_init(long memory, long size, int flags);

    int sse_writer_send_parts(long writer, long type, long typeLen, long id, long idLen, long data,
            long dataLen);

    int sse_writer_comment(long writer, long text, long len);

    int sse_writer_retry(long writer, int retryMs);

    int sse_writer_read(long writer, long dst, long cap, long len);

    int sse_writer_close(long writer);

    int sse_http_accepts(long accept, long len);

    int sse_http_field_parts(int version, int status, int flags, int retryMs, long origin,
            long originLen, long index, long dst, long cap, long nameLen, long valueLen);

    int sse_http_send_parts(int version, int status, int flags, int retryMs, int first, long origin,
            long originLen, long writer);

    long sse_history_size(int events, long capacity);

    long sse_history_init(long memory, long size, int events, int flags, long epoch, long name,
            long nameLen);

    long sse_channel_size();

    int sse_channel_init(long channel, long history, int heartbeatMs, int turnBytes, long nowMs);

    int sse_channel_publish_parts(long channel, long type, long typeLen, long id, long idLen,
            long data, long dataLen, long tag, long key);

    int sse_channel_tick(long channel, long nowMs);

    long sse_channel_next(long channel);

    int sse_channel_timeout(long channel, long nowMs);

    int sse_channel_drain(long channel, long type, long typeLen, long data, long dataLen,
            int retryMs, int windowMs, int overMs, int limitMs);

    long sse_channel_count(long channel, int counter);

    long sse_subscriber_size();

    int sse_subscriber_join(long subscriber, long channel, long queue, long user, int flags,
            long header, long headerLen, long query, long queryLen);

    int sse_subscriber_set_filter(long subscriber, long tags, long count);

    int sse_subscriber_set_limits(long subscriber, int paceMs, int stallMs, int ageMs);

    int sse_subscriber_send_parts(long subscriber, long type, long typeLen, long id, long idLen,
            long data, long dataLen);

    int sse_subscriber_read(long subscriber, long dst, long cap, long len);

    int sse_subscriber_close(long subscriber);

    int sse_subscriber_leave(long subscriber);

    int sse_subscriber_status(long subscriber);

    long sse_subscriber_behind(long subscriber);
}
