// SPDX-License-Identifier: MIT
// probe.cs - drives examples/languages/csharp/Sse.cs by commands on the standard input: see run.py.

using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using LibSse;

internal static class Probe
{
    private static readonly byte[] Buffer = new byte[1 << 16];
    private static readonly Dictionary<string, SseClient> Clients =
        new Dictionary<string, SseClient>();
    private static readonly ConditionalWeakTable<SseClient, string> Names =
        new ConditionalWeakTable<SseClient, string>(); // also of those that only the channel keeps
    private static SseWriter writer;
    private static SseChannel channel;
    private static long now;

    private delegate bool Reader(byte[] buffer, int offset, int count, out int taken);

    private static int Main(string[] args)
    {
        bool collects = args.Contains("--gc");
        string line;

        if (args.Contains("--waits"))
            return Waits();
        while ((line = Console.In.ReadLine()) != null)
        {
            if (collects)
                Collect();
            string answer = Answer(line.Split(' '));
            if (collects)
                Collect();
            Console.Out.WriteLine(answer);
            Console.Out.Flush();
        }
        return 0;
    }

    // What no command does: clients that wait, on several threads.
    private static int Waits()
    {
        SseClient client;
        using (var quiet = new SseChannel("quiet", heartbeatMs: 50))
        {
            client = quiet.Join();
            client.Read(Buffer, 0, 4096);
            Check(client.Read(Buffer, 0, 4096) > 0, "the only client gets a heartbeat");
            Check(client.Read(Buffer, 4096, 0) == 0, "a read of no bytes");
            var stop = new CancellationTokenSource(20);
            SseClient still = new SseChannel("still").Join();
            still.Read(Buffer, 0, 4096);
            Task<int> read = still.ReadAsync(new byte[64], 0, 64, stop.Token);
            Check(Fails<OperationCanceledException>(() => read.GetAwaiter().GetResult()),
                  "a read is cancelled");
            read = still.ReadAsync(new byte[64], 0, 64);
            still.Dispose();
            Check(Fails<ObjectDisposedException>(() => read.GetAwaiter().GetResult()),
                  "a client is disposed while a read waits");
            client = quiet.Join(stallMs: 50);
            Check(client.Aborted.WaitHandle.WaitOne(5000), "a client that stalls is aborted");
        }

        long time = 0;
        var channel = new SseChannel("by hand", clock: () => time);
        client = channel.Join(stallMs: 50);
        Check(channel.Ready().Single() == client, "it has its first bytes");
        while ((time += 20) < 1000)
            channel.Tick();
        Check(Fails<SseException>(() => client.Send("late")), "a send learns of the end");
        Check(client.Aborted.WaitHandle.WaitOne(5000), "and so does the application");

        foreach (int size in new[] { -1, -100, int.MinValue })
            Check(Fails<ArgumentOutOfRangeException>(() => channel.Join(capacity: size)) &&
                  Fails<ArgumentOutOfRangeException>(() => new SseWriter(size)) &&
                  Fails<ArgumentOutOfRangeException>(() => new SseChannel("a", capacity: size)),
                  "a size that is no size");

        var busy = new SseChannel("busy", capacity: 4096);
        Task[] tasks = Enumerable.Range(0, 12).Select(i => Task.Factory.StartNew(
            () => Use(busy, i), TaskCreationOptions.LongRunning)).ToArray();
        Thread.Sleep(500);
        busy.Dispose();
        Check(Task.WaitAll(tasks, 5000), "all threads end with their channel");
        Console.WriteLine("clients that wait");
        return 0;
    }

    private static void Use(SseChannel channel, int number)
    {
        var random = new Random(number);
        var buffer = new byte[512];
        try
        {
            while (true)
            {
                using (SseClient client = channel.Join(tags: new ulong[] { 2, 1 }))
                    for (int i = random.Next(20); i > 0; i--)
                    {
                        channel.Publish("some news", tag: (ulong)random.Next(3));
                        client.Read(buffer, 0, random.Next(1, buffer.Length));
                    }
                channel.Join(stallMs: 1); // and forgotten
            }
        }
        catch (ObjectDisposedException)
        {
        }
    }

    private static bool Fails<T>(Action action) where T : Exception
    {
        try
        {
            action();
            return false;
        }
        catch (T)
        {
            return true;
        }
    }

    private static void Check(bool isTrue, string what)
    {
        if (!isTrue)
            throw new InvalidOperationException(what);
    }

    private static void Collect()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
    }

    private static string Answer(string[] words)
    {
        try
        {
            return Run(words);
        }
        catch (SseException e)
        {
            return (e.Closed ? "closed " : "error ") + e.Status;
        }
    }

    private static string Run(string[] w)
    {
        switch (w[0])
        {
        case "encode":
            return w[5] == "-" ? "skip" : "ok " + Hex(SseFormat.Encode(
                Bytes(w[5]), Text(w[2]), Text(w[3]), Bytes(w[1]), Ms(w[4])));
        case "writer":
            writer = new SseWriter(Ms(w[1]));
            return "ok";
        case "send":
            return Queued(writer.Send(Bytes(w[3]), Text(w[1]), Text(w[2])));
        case "comment":
            return Queued(writer.Comment(Bytes(w[1])));
        case "retry":
            return Queued(writer.Retry(Ms(w[1])));
        case "read":
            return Taken(writer.TryRead, w[1]);
        case "close":
            writer.Complete();
            return "ok";
        case "channel":
            Clients.Clear();
            now = Number(w[6]);
            channel = new SseChannel(Text(w[1]), ulong.Parse(w[2]), Ms(w[3]), Ms(w[4]), Ms(w[5]),
                                     () => now);
            return "ok";
        case "join":
            now = Number(w[8]);
            channel.Tick();
            ulong[] tags = w[4] == "-" ? null : w[4] == "." ? new ulong[0] :
                w[4].Split(',').Select(ulong.Parse).ToArray();
            SseClient client = channel.Join(Text(w[2]), Text(w[3]), tags, Ms(w[6]), Ms(w[5]),
                                            Ms(w[7]));
            Clients[w[1]] = client;
            Names.Add(client, w[1]);
            return client.Gap ? "gap" : "ok";
        case "publish":
            now = Number(w[5]);
            channel.Tick();
            channel.Publish(Bytes(w[2]), Text(w[1]), ulong.Parse(w[3]), ulong.Parse(w[4]));
            return "ok";
        case "tick":
            now = Number(w[1]);
            channel.Tick();
            return "ok";
        case "ready":
            return string.Join(" ", new[] { "ok" }.Concat(channel.Ready().Select(Name)));
        case "take":
            return Taken(Clients[w[1]].TryRead, w[2]);
        case "tell":
            return Queued(Clients[w[1]].Send(Bytes(w[3]), Text(w[2])));
        case "end":
            Clients[w[1]].Complete();
            return "ok";
        case "leave":
            Clients[w[1]].Dispose();
            return "ok";
        case "forget":
            Clients.Remove(w[1]);
            return "ok";
        case "behind":
            return "ok " + Clients[w[1]].Behind;
        case "count":
            return "ok " + channel.Count((SseCounter)Ms(w[1]));
        case "timeout":
            long before = now;
            now = Number(w[1]);
            int wait = channel.NextTick();
            now = before; // to ask is not to tick
            return "ok " + wait;
        case "drain":
            channel.Drain(Ms(w[1]), Ms(w[2]), Ms(w[3]));
            return "ok";
        case "accepts":
            return SseFormat.Accepts(Text(w[1])) ? "ok 1" : "ok 0";
        case "fields":
            var headers = SseFormat.Headers(int.Parse(w[1]), Text(w[2]), w[1] == "204", Text(w[3]));
            return string.Join(" ", new[] { "ok" }.Concat(headers.Select(
                field => Hex(Encoding.UTF8.GetBytes(field.Name)) + "=" +
                         Hex(Encoding.UTF8.GetBytes(field.Value)))));
        case "throw":
            try
            {
                foreach (SseClient first in channel.Ready())
                    throw new InvalidDataException(Name(first));
                return "ok";
            }
            catch (InvalidDataException e)
            {
                return "thrown " + e.Message;
            }
        case "bench":
            return "ok " + Bench(w[1], Ms(w[2])).ToString("F1", CultureInfo.InvariantCulture);
        default:
            throw new ArgumentException(w[0]);
        }
    }

    private static double Bench(string what, int times)
    {
        byte[] data = Encoding.UTF8.GetBytes("hello from libsse !");
        int taken;
        Action once;

        if (what == "encode")
        {
            once = () => SseFormat.Encode(data, "tick");
        }
        else if (what == "send")
        {
            var queue = new SseWriter(4096);
            once = () =>
            {
                queue.Send(data, "tick");
                queue.TryRead(Buffer, 0, 4096, out taken);
            };
        }
        else
        {
            var many = new SseChannel("bench", clock: () => 0);
            SseClient one = many.Join();
            while (one.TryRead(Buffer, 0, 4096, out taken))
                ;
            once = () =>
            {
                many.Publish(data, "tick");
                foreach (SseClient ready in many.Ready())
                    while (ready.TryRead(Buffer, 0, 4096, out taken))
                        ;
            };
        }
        for (int i = 0; i < 1000; i++)
            once();
        Stopwatch clock = Stopwatch.StartNew();
        for (int i = 0; i < times; i++)
            once();
        return clock.Elapsed.TotalMilliseconds * 1e6 / times;
    }

    private static string Taken(Reader read, string max)
    {
        int taken;

        if (!read(Buffer, 0, Ms(max), out taken))
            return "again";
        return taken == 0 ? "closed 2" : "ok " + Hex(Buffer.Take(taken).ToArray());
    }

    private static string Queued(bool done) => done ? "ok" : "again";

    private static string Name(SseClient client)
    {
        string name;

        return Names.TryGetValue(client, out name) ? name : throw new KeyNotFoundException();
    }

    private static long Number(string word) => long.Parse(word, CultureInfo.InvariantCulture);

    private static int Ms(string word) => unchecked((int)Number(word));

    private static byte[] Bytes(string word)
    {
        if (word == "-")
            return null;
        if (word == ".")
            return new byte[0];
        return Enumerable.Range(0, word.Length / 2)
            .Select(i => Convert.ToByte(word.Substring(2 * i, 2), 16)).ToArray();
    }

    // Bytes that are not UTF-8 become a string that is not text.
    private static string Text(string word)
    {
        byte[] bytes = Bytes(word);

        try
        {
            return bytes == null ? null : new UTF8Encoding(false, true).GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return "\ud800";
        }
    }

    private static string Hex(byte[] bytes) => bytes.Length == 0 ? "." :
        string.Concat(bytes.Select(b => b.ToString("x2", CultureInfo.InvariantCulture)));
}
