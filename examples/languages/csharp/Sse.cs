// SPDX-License-Identifier: MIT
// Sse.cs - Server-Sent Events with libsse: one event, one client, or a channel with many clients.
//
// Add this file to your project: mcs -langversion:latest Sse.cs App.cs, or .NET 6 and later. The
// runtime finds libsse.so.0.2 next to the program, or as the system finds its libraries.
//
//     var channel = new SseChannel("/news");
//     using (var client = channel.Join(lastEventId, query))   // in the handler of a request
//         await client.CopyToAsync(response.OutputStream);    // returns when the stream ends
//     channel.Publish("It rains.", type: "weather");          // from any thread
//     channel.Drain();
//
// A string is sent as UTF-8. A type or id with half of a surrogate pair is refused.

using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Win32.SafeHandles;
using static LibSse.Native;
using Size = System.UIntPtr;

namespace LibSse
{
    /// <summary>The library refused a call, or a stream has ended.</summary>
    public sealed class SseException : Exception
    {
        /// <summary>Makes the exception for a status of the library.</summary>
        public SseException(int status)
            : base(Marshal.PtrToStringAnsi(sse_status_text(status))) => Status = status;

        /// <summary>The number in <c>sse/status.h</c>.</summary>
        public int Status { get; }

        /// <summary>Whether the stream is over, so that no later call can succeed.</summary>
        public bool Closed => sse_status_closed(Status) != 0;
    }

    /// <summary>Data or a comment: a string, or bytes of any kind.</summary>
    public readonly struct SseText
    {
        internal readonly byte[] Bytes;

        private SseText(byte[] bytes) => Bytes = bytes;

        /// <summary>Half of a surrogate pair becomes U+FFFD.</summary>
        public static implicit operator SseText(string text) =>
            new SseText(text == null ? null : Encoding.UTF8.GetBytes(text));

        /// <summary>The bytes are sent as they are.</summary>
        public static implicit operator SseText(byte[] bytes) => new SseText(bytes);
    }

    /// <summary>The format and the HTTP headers, without a connection.</summary>
    public static class SseFormat
    {
        /// <summary>Encodes one event, with the blank line that ends it.</summary>
        /// <exception cref="SseException">A part cannot be sent.</exception>
        public static byte[] Encode(SseText data, string type = null, string id = null,
                                    SseText comment = default, int retryMs = 0)
        {
            byte[] c = comment.Bytes, t = Field(type), i = Field(id), d = data.Bytes, bytes = null;
            int status;
            Size need;
            while ((status = sse_event_encode_parts(c, Length(c), t, Length(t), i, Length(i),
                                                    (uint)retryMs, d, Length(d), bytes,
                                                    Length(bytes), out need)) == NoSpace)
                bytes = new byte[(int)need];
            Done(status);
            return bytes;
        }

        /// <summary>Whether a request with this Accept header, or null, can get a stream.</summary>
        public static bool Accepts(string accept)
        {
            byte[] bytes = Field(accept);
            return sse_http_accepts(bytes, Length(bytes)) != 0;
        }

        /// <summary>The headers of an answer.</summary>
        /// <param name="status">200 for a stream, 204, or a refusal from 400 to 599.</param>
        /// <param name="origin">The page that may read it, or "*"; null: no CORS.</param>
        /// <param name="preflight">The status is 204 and the request was OPTIONS.</param>
        /// <param name="methods">Of the route, for Allow; null: GET, HEAD, OPTIONS.</param>
        public static IReadOnlyList<(string Name, string Value)> Headers(
            int status = 200, string origin = null, bool preflight = false, string methods = null)
        {
            var list = new List<(string, string)>();
            byte[] from = Field(origin), allow = Field(methods);
            byte[] text = new byte[256 + (int)Length(from) + (int)Length(allow)];
            int result;
            Size name, value;
            while ((result = sse_http_field_parts(
                        0, status, preflight ? Preflight : 0, 0, from, Length(from), allow,
                        Length(allow), (Size)(uint)list.Count, text, Length(text), out name,
                        out value)) == 0)
                list.Add((Encoding.UTF8.GetString(text, 0, (int)name),
                          Encoding.UTF8.GetString(text, (int)name + 1, (int)value)));
            return result == End ? list : throw new SseException(result);
        }
    }

    /// <summary>A queue of whole events for one client. One thread at a time.</summary>
    public sealed class SseWriter : IDisposable
    {
        private readonly Memory memory;

        /// <summary>Makes an empty queue of at least 64 bytes.</summary>
        public SseWriter(int capacity)
        {
            long size = (long)sse_writer_overhead() + NotNegative(capacity);
            memory = new Memory(size);
            Made(sse_writer_init(memory.At(0), (Size)(ulong)size, 0));
            GC.KeepAlive(memory);
        }

        /// <summary>Queues an event. Returns false where it does not fit now.</summary>
        /// <exception cref="SseException">It cannot be sent, or never fits.</exception>
        public bool Send(SseText data, string type = null, string id = null)
        {
            byte[] t = Field(type), i = Field(id), d = data.Bytes;
            return Done(sse_writer_send_parts(memory, t, Length(t), i, Length(i), d, Length(d)));
        }

        /// <summary>Queues a comment. Returns false where it does not fit now.</summary>
        public bool Comment(SseText text) =>
            Done(sse_writer_comment(memory, text.Bytes, Length(text.Bytes)));

        /// <summary>Queues a reconnection time. Returns false where it does not fit now.</summary>
        public bool Retry(int ms) => Done(sse_writer_retry(memory, (uint)ms));

        /// <summary>Moves bytes out of the queue. Returns false where there are none now; true with
        /// 0 bytes taken where the stream has ended.</summary>
        public bool TryRead(byte[] buffer, int offset, int count, out int taken) =>
            Took(sse_writer_read(memory, ref At(buffer, offset, count), (Size)(uint)count,
                                 out Size length), length, out taken);

        /// <summary>Ends the stream after what is queued.</summary>
        public void Complete() => Done(sse_writer_close(memory));

        /// <summary>Frees the queue.</summary>
        public void Dispose() => memory.Dispose();
    }

    /// <summary>What a channel counts, since its start.</summary>
    public enum SseCounter
    {
        /// <summary>Clients now.</summary>
        Subscribers,
        /// <summary>Joins.</summary>
        Joined,
        /// <summary>Joins that went on after a last event ID without a gap.</summary>
        Resumed,
        /// <summary>Events published.</summary>
        Events,
        /// <summary>Bytes read, by all clients.</summary>
        Bytes,
        /// <summary>Gap events.</summary>
        Gaps,
        /// <summary>Clients that the library closed for an error.</summary>
        Closed,
        /// <summary>Heartbeats.</summary>
        Heartbeats,
    }

    /// <summary>Publishes events to its clients, and keeps the latest ones for those that come
    /// back. Any thread may use a channel and its clients at any time.</summary>
    /// <remarks>It has a timer for heartbeats and limits. A channel with a clock of its program has
    /// none, for a loop that serves all clients: the program calls <see cref="Tick"/> when it is
    /// due and before it publishes, and reads from the clients that <see cref="Ready"/> gives.
    /// </remarks>
    public sealed class SseChannel : IDisposable
    {
        // Also the lock of all of this. It refers to the memory of the channel and of its clients.
        internal readonly Dictionary<IntPtr, SseClient> Clients =
            new Dictionary<IntPtr, SseClient>();
        private readonly Memory memory;
        private readonly Func<long> clock;
        private readonly Timer timer; // null: the program has the clock

        /// <summary>Makes a channel without clients.</summary>
        /// <param name="name">Differs between the channels of a program, such as the path.</param>
        /// <param name="epoch">Differs between runs; null: the milliseconds since 1970.</param>
        /// <param name="events">The most events that are kept.</param>
        /// <param name="capacity">Bytes for encoded events.</param>
        /// <param name="heartbeatMs">A client that got nothing so long gets a heartbeat.</param>
        /// <param name="clock">Milliseconds, monotonic, such as <see cref="Now"/>: the program
        /// calls Tick and Ready; null: the channel does.</param>
        public SseChannel(string name, ulong? epoch = null, int events = 1000,
                          int capacity = 1 << 20, int heartbeatMs = 15000, Func<long> clock = null)
        {
            byte[] n = Field(name);
            Size history = sse_history_size(NotNegative(events), (Size)NotNegative(capacity));
            long size = (long)sse_channel_size();
            memory = new Memory(size + (long)history);
            this.clock = clock ?? Now;
            timer = clock == null ? new Timer(Beat) : null;
            Made(sse_history_init(
                memory.At(size), history, (uint)events, 0,
                epoch ?? (ulong)DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), n, Length(n)));
            Done(sse_channel_init(memory, memory.At(size), (uint)heartbeatMs, 0,
                                  (ulong)this.clock()));
        }

        /// <summary>The monotonic clock of the system in milliseconds.</summary>
        public static long Now() => Stopwatch.GetTimestamp() / (Stopwatch.Frequency / 1000);

        /// <summary>Publishes an event.</summary>
        /// <param name="data">The data of the event.</param>
        /// <param name="type">Its type; null: "message".</param>
        /// <param name="tag">Clients with tags get it if they have this one; 0: all do.</param>
        /// <param name="key">What the event is the newest state of; 0: nothing.</param>
        /// <exception cref="SseException">It cannot be sent. Nothing was published.</exception>
        public void Publish(SseText data, string type = null, ulong tag = 0, ulong key = 0)
        {
            byte[] t = Field(type), d = data.Bytes;
            Locked(() => sse_channel_publish_parts(memory, t, Length(t), null, Size.Zero, d,
                                                   Length(d), tag, key));
        }

        /// <summary>Lets a client join at the place where it was.</summary>
        /// <param name="lastEventId">The header Last-Event-ID, or null.</param>
        /// <param name="query">The query of the URL, or null: it can have the id, too.</param>
        /// <param name="tags">Those it gets, besides 0; null: the events of all tags.</param>
        /// <param name="stallMs">A client that reads nothing for so long is closed.</param>
        /// <param name="capacity">Bytes of its queue: its largest usual event, and 1 KiB.</param>
        /// <param name="retryMs">The reconnection time that it is told first; 0: none.</param>
        /// <returns>The client. The channel keeps it until its stream ends or it is disposed.
        /// </returns>
        /// <exception cref="SseException">The channel drains: answer 503.</exception>
        public SseClient Join(string lastEventId = null, string query = null,
                              IEnumerable<ulong> tags = null, int stallMs = 30000,
                              int capacity = 33 * 1024, int retryMs = 1000)
        {
            var client = new SseClient(this, tags, capacity, retryMs);
            byte[] id = Field(lastEventId), q = Field(query);
            Locked(() => client.Join(memory, id, q, stallMs));
            return client;
        }

        /// <summary>Does what is due by now: heartbeats, limits, farewells.</summary>
        public void Tick() => Locked(() => sse_channel_tick(memory, (ulong)clock()));

        /// <summary>The milliseconds until <see cref="Tick"/> is due; -1: it is not.</summary>
        public int NextTick() => Ask(() => sse_channel_timeout(memory, (ulong)clock()));

        /// <summary>The clients that have something to read or were closed, each once. Read from
        /// each until there is nothing; a loop may be left early.</summary>
        public IEnumerable<SseClient> Ready()
        {
            while (Next() is SseClient client)
                yield return client;
        }

        /// <summary>Sends all clients away, after what was published, with a farewell. It is done
        /// when there are no subscribers.</summary>
        /// <param name="retryMs">The shortest time after which they come back.</param>
        /// <param name="windowMs">Over so long a time the returns are spread.</param>
        /// <param name="limitMs">A client that has not read all by then is closed.</param>
        public void Drain(int retryMs = 1000, int windowMs = 2000, int limitMs = 2000) =>
            Locked(() => sse_channel_drain(memory, null, Size.Zero, null, Size.Zero, (uint)retryMs,
                                           (uint)windowMs, 0, (uint)limitMs));

        /// <summary>One of the counters.</summary>
        public ulong Count(SseCounter counter) =>
            Ask(() => sse_channel_count(memory, (int)counter));

        /// <summary>Disposes of all clients, and frees the history.</summary>
        public void Dispose()
        {
            lock (Clients)
            {
                foreach (SseClient client in new List<SseClient>(Clients.Values))
                    client.Dispose();
                timer?.Dispose();
                memory.Dispose();
            }
        }

        // Makes a call; with the timer at the time of now, and wakes those that it concerns.
        internal bool Locked(Func<int> call)
        {
            lock (Clients)
            {
                if (timer == null)
                    return Done(call());
                sse_channel_tick(memory, (ulong)clock());
                int status = call();
                while (Next() != null)
                    ;
                timer.Change(NextTick(), Timeout.Infinite);
                return Done(status);
            }
        }

        internal T Ask<T>(Func<T> question)
        {
            lock (Clients)
                return question();
        }

        private SseClient Next()
        {
            lock (Clients)
            {
                IntPtr s = sse_channel_next(memory);
                return s == IntPtr.Zero ? null : Clients[s].Notify();
            }
        }

        private void Beat(object state)
        {
            lock (Clients)
                if (!memory.IsClosed)
                    Tick();
        }
    }

    /// <summary>One client of a channel: the stream of its bytes, for one reader.</summary>
    public sealed class SseClient : Stream
    {
        private readonly SseChannel channel;
        private readonly Memory memory; // the subscriber, the tags, the queue
        private readonly IntPtr filter, queue;
        private readonly int count; // of tags
        private readonly SemaphoreSlim news = new SemaphoreSlim(0);
        private readonly CancellationTokenSource aborted = new CancellationTokenSource();

        internal SseClient(SseChannel channel, IEnumerable<ulong> tags, int capacity, int retryMs)
        {
            long[] sorted = tags?.OrderBy(tag => tag).Select(tag => (long)tag).ToArray();
            long size = (long)sse_writer_overhead() + NotNegative(capacity);
            int start = (int)sse_subscriber_size();
            this.channel = channel;
            count = sorted?.Length ?? 0;
            memory = new Memory(start + 8L * count + size);
            Marshal.Copy(new byte[start], 0, memory.At(0), start);
            if (sorted != null)
                Marshal.Copy(sorted, 0, filter = memory.At(start), count);
            queue = Made(sse_writer_init(memory.At(start + 8L * count), (Size)(ulong)size, 0));
            Done(sse_http_send_parts(0, 200, 0, (uint)retryMs, 0, null, Size.Zero, queue));
        }

        /// <summary>Whether the first event says that events were missed.</summary>
        public bool Gap { get; private set; }

        /// <summary>Cancelled when the library has closed the stream for an error, such as a client
        /// that has stalled: then end a write that is under way.</summary>
        public CancellationToken Aborted => aborted.Token;

        /// <summary>How many events of the channel it has not taken.</summary>
        public ulong Behind => channel.Ask(() => sse_subscriber_behind(memory));

        /// <inheritdoc/>
        public override bool CanRead => true;
        /// <inheritdoc/>
        public override bool CanSeek => false;
        /// <inheritdoc/>
        public override bool CanWrite => false;
        /// <inheritdoc/>
        public override long Length => throw new NotSupportedException();
        /// <inheritdoc/>
        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        /// <summary>Sends an event to this client alone; it is not kept for a reconnect. Returns
        /// false where it does not fit now.</summary>
        /// <exception cref="SseException">It cannot be sent, or the stream is over.</exception>
        public bool Send(SseText data, string type = null, string id = null)
        {
            byte[] t = Field(type), i = Field(id), d = data.Bytes;
            return channel.Locked(() => Learn(sse_subscriber_send_parts(
                memory, t, Length(t), i, Length(i), d, Length(d))));
        }

        /// <summary>Ends the stream after what was published or sent.</summary>
        /// <exception cref="SseException">The stream is over.</exception>
        public void Complete() => channel.Locked(() => Learn(sse_subscriber_close(memory)));

        /// <summary>Reads what there is now. Returns false where there is nothing; true with 0
        /// bytes taken where the stream has ended.</summary>
        /// <exception cref="SseException">The library has closed the stream.</exception>
        public bool TryRead(byte[] buffer, int offset, int count, out int taken)
        {
            lock (channel.Clients)
                return Took(Learn(sse_subscriber_read(memory, ref At(buffer, offset, count),
                                                      (Size)(uint)count, out Size length)),
                            length, out taken);
        }

        /// <summary>Waits for bytes, and reads them; 0: the stream has ended.</summary>
        /// <exception cref="SseException">The library has closed the stream.</exception>
        public override int Read(byte[] buffer, int offset, int count)
        {
            int taken = 0;
            while (count > 0 && !TryRead(buffer, offset, count, out taken))
                news.Wait();
            return taken;
        }

        /// <inheritdoc cref="Read(byte[], int, int)"/>
        public override async Task<int> ReadAsync(byte[] buffer, int offset, int count,
                                                  CancellationToken stop)
        {
            int taken = 0;
            while (count > 0 && !TryRead(buffer, offset, count, out taken))
                await news.WaitAsync(stop).ConfigureAwait(false);
            return taken;
        }

        /// <inheritdoc/>
        public override void Flush() { }
        /// <inheritdoc/>
        public override long Seek(long offset, SeekOrigin origin) =>
            throw new NotSupportedException();
        /// <inheritdoc/>
        public override void SetLength(long value) => throw new NotSupportedException();
        /// <inheritdoc/>
        public override void Write(byte[] buffer, int offset, int count) =>
            throw new NotSupportedException();

        /// <summary>Leaves the channel at once. The finalizer does not: the channel keeps its
        /// clients.</summary>
        protected override void Dispose(bool disposing)
        {
            lock (channel.Clients)
            {
                if (!memory.IsClosed)
                    Forget(sse_subscriber_leave(memory));
                memory.Dispose(); // a read that waits finds that
            }
            base.Dispose(disposing);
        }

        internal int Join(Memory to, byte[] id, byte[] query, int stallMs)
        {
            int status = sse_subscriber_join(memory, to, queue, IntPtr.Zero, JoinGaps, id,
                                             Length(id), query, Length(query));
            if (status < 0)
                return status;
            Gap = status == SseGap;
            if (filter != IntPtr.Zero)
                sse_subscriber_set_filter(memory, filter, (Size)(uint)count);
            sse_subscriber_set_limits(memory, 0, (uint)stallMs, 0);
            channel.Clients.Add(memory.At(0), this);
            return status;
        }

        // The channel has named this client: it has something to read, or the library closed it.
        internal SseClient Notify()
        {
            Learn(sse_subscriber_status(memory));
            Wake();
            return this;
        }

        // A result that says that the stream is over is the last that the channel knows of it.
        private int Learn(int status) => sse_status_closed(status) != 0 ? Forget(status) : status;

        private int Forget(int status)
        {
            if (channel.Clients.Remove(memory.At(0)) && status < 0)
                Task.Run((Action)aborted.Cancel); // not under the lock: it calls others
            Wake();
            return status;
        }

        private void Wake()
        {
            if (news.CurrentCount == 0)
                news.Release();
        }
    }

    // Memory that the library points into: the collector does not move it.
    internal sealed class Memory : SafeHandleZeroOrMinusOneIsInvalid
    {
        internal Memory(long bytes) : base(true) => SetHandle(Marshal.AllocHGlobal((IntPtr)bytes));

        internal IntPtr At(long offset) => (IntPtr)((long)handle + offset);

        protected override bool ReleaseHandle()
        {
            Marshal.FreeHGlobal(handle);
            return true;
        }
    }

    internal static class Native
    {
        internal const int End = 2, SseGap = 3, NoSpace = -5;
        internal const uint Preflight = 0x400, JoinGaps = 0x2000;
        private const string Library = "libsse.so.0.2";

        // Half of a surrogate pair becomes NUL, which no type and no id can carry.
        private static readonly Encoding Strict = Encoding.GetEncoding(
            "utf-8", new EncoderReplacementFallback("\0"), DecoderFallback.ReplacementFallback);

        internal static byte[] Field(string text) => text == null ? null : Strict.GetBytes(text);

        internal static uint NotNegative(int size) =>
            size >= 0 ? (uint)size : throw new ArgumentOutOfRangeException(nameof(size));

        internal static Size Length(byte[] bytes) => (Size)(uint)(bytes?.Length ?? 0);

        internal static ref byte At(byte[] buffer, int offset, int count) =>
            ref new ArraySegment<byte>(buffer, offset, count).Array[offset];

        // True: it is done; false: SSE_AGAIN.
        internal static bool Done(int status) =>
            status < 0 || status == End ? throw new SseException(status) : status != 1;

        internal static bool Took(int status, Size length, out int taken)
        {
            taken = (int)length;
            return status == End || Done(status);
        }

        // NULL: the size, or another argument, is out of bounds.
        internal static IntPtr Made(IntPtr it) =>
            it != IntPtr.Zero ? it : throw new SseException(-1);

        [DllImport(Library)] internal static extern IntPtr sse_status_text(int status);
        [DllImport(Library)] internal static extern int sse_status_closed(int status);
        [DllImport(Library)] internal static extern int sse_event_encode_parts(
            byte[] comment, Size commentLen, byte[] type, Size typeLen, byte[] id, Size idLen, uint
            retryMs, byte[] data, Size dataLen, byte[] to, Size capacity, out Size length);
        [DllImport(Library)] internal static extern int sse_http_accepts(byte[] accept, Size len);
        [DllImport(Library)] internal static extern int sse_http_field_parts(
            int version, int status, uint flags, uint retryMs, byte[] origin, Size originLen,
            byte[] methods, Size methodsLen, Size index, byte[] to, Size capacity, out Size name,
            out Size value);
        [DllImport(Library)] internal static extern int sse_http_send_parts(
            int version, int status, uint flags, uint retryMs, int first, byte[] origin, Size
            originLen, IntPtr writer);
        [DllImport(Library)] internal static extern Size sse_writer_overhead();
        [DllImport(Library)] internal static extern IntPtr sse_writer_init(
            IntPtr at, Size size, uint flags);
        [DllImport(Library)] internal static extern int sse_writer_send_parts(
            Memory writer, byte[] type, Size typeLen, byte[] id, Size idLen, byte[] data, Size
            dataLen);
        [DllImport(Library)] internal static extern int sse_writer_comment(
            Memory writer, byte[] text, Size len);
        [DllImport(Library)] internal static extern int sse_writer_retry(Memory writer, uint ms);
        [DllImport(Library)] internal static extern int sse_writer_read(
            Memory writer, ref byte to, Size capacity, out Size length);
        [DllImport(Library)] internal static extern int sse_writer_close(Memory writer);
        [DllImport(Library)] internal static extern Size sse_history_size(
            uint events, Size capacity);
        [DllImport(Library)] internal static extern IntPtr sse_history_init(
            IntPtr at, Size size, uint events, uint flags, ulong epoch, byte[] name, Size nameLen);
        [DllImport(Library)] internal static extern Size sse_channel_size();
        [DllImport(Library)] internal static extern int sse_channel_init(
            Memory channel, IntPtr history, uint heartbeatMs, uint turnBytes, ulong nowMs);
        [DllImport(Library)] internal static extern int sse_channel_publish_parts(
            Memory channel, byte[] type, Size typeLen, byte[] id, Size idLen, byte[] data, Size
            dataLen, ulong tag, ulong key);
        [DllImport(Library)] internal static extern int sse_channel_tick(
            Memory channel, ulong nowMs);
        [DllImport(Library)] internal static extern IntPtr sse_channel_next(Memory channel);
        [DllImport(Library)] internal static extern int sse_channel_timeout(
            Memory channel, ulong nowMs);
        [DllImport(Library)] internal static extern int sse_channel_drain(
            Memory channel, byte[] type, Size typeLen, byte[] data, Size dataLen, uint retryMs, uint
            windowMs, uint overMs, uint limitMs);
        [DllImport(Library)] internal static extern ulong sse_channel_count(
            Memory channel, int counter);
        [DllImport(Library)] internal static extern Size sse_subscriber_size();
        [DllImport(Library)] internal static extern int sse_subscriber_join(
            Memory client, Memory channel, IntPtr queue, IntPtr user, uint flags, byte[] id, Size
            idLen, byte[] query, Size queryLen);
        [DllImport(Library)] internal static extern int sse_subscriber_set_filter(
            Memory client, IntPtr tags, Size count);
        [DllImport(Library)] internal static extern int sse_subscriber_set_limits(
            Memory client, uint paceMs, uint stallMs, uint ageMs);
        [DllImport(Library)] internal static extern int sse_subscriber_send_parts(
            Memory client, byte[] type, Size typeLen, byte[] id, Size idLen, byte[] data, Size
            dataLen);
        [DllImport(Library)] internal static extern int sse_subscriber_read(
            Memory client, ref byte to, Size capacity, out Size len);
        [DllImport(Library)] internal static extern int sse_subscriber_close(Memory client);
        [DllImport(Library)] internal static extern int sse_subscriber_leave(Memory client);
        [DllImport(Library)] internal static extern int sse_subscriber_status(Memory client);
        [DllImport(Library)] internal static extern ulong sse_subscriber_behind(Memory client);
    }
}
