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
            ulong[] tags = w[4] == "-" ? null : w[4] == "." ? new ulong[0] :
                w[4].Split(',').Select(ulong.Parse).ToArray();
            SseClient client = channel.Join(Text(w[2]), Text(w[3]), tags, Ms(w[6]), Ms(w[5]),
                                            Ms(w[7]));
            Clients[w[1]] = client;
            Names.Add(client, w[1]);
            return client.Gap ? "gap" : "ok";
        case "publish":
            now = Number(w[5]);
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
            Clients[w[1]].Leave();
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
            return string.Join(" ", new[] { "ok" }.Concat(SseFormat.Headers(200, Text(w[1])).Select(
                field => Hex(Encoding.UTF8.GetBytes(field.Key)) + "=" +
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
