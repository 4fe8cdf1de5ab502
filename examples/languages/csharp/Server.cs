// SPDX-License-Identifier: MIT
// Server.cs - a small server with a stream of events, over TcpListener.
//
//     mcs -langversion:latest -r:Mono.Posix Server.cs Sse.cs
//     mono Server.exe 8080
//     curl -N 'http://127.0.0.1:8080/events?user=anna'
//     curl -d 'It rains.' 'http://127.0.0.1:8080/publish?type=weather'
//
// HttpListener cannot cut off a client that does not read: its Abort first sends the end of the
// body, in the middle of an event. In ASP.NET Core the method Events is the same, with
// response.Body, and HttpContext.Abort in place of Close.

using System;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using LibSse;
using Mono.Unix;
using Mono.Unix.Native;

internal static class Server
{
    private const int BodyMax = 32 * 1024;
    private static readonly Encoding Latin1 = Encoding.GetEncoding("iso-8859-1");
    private static readonly int StallMs = Setting("APP_STALL_MS", 30000);
    private static readonly SseChannel Channel =
        new SseChannel("server", heartbeatMs: Setting("APP_HEARTBEAT_MS", 15000));
    private static int sending;

    private static int Setting(string name, int usual) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), out int value) ? value : usual;

    private static int Main(string[] args)
    {
        var listener = new TcpListener(IPAddress.Loopback, int.Parse(args[0]));
        var end = new[] { new UnixSignal(Signum.SIGTERM), new UnixSignal(Signum.SIGINT) };
        int tickMs = Setting("APP_TICK_MS", -1);

        listener.Start(1024);
        Console.WriteLine("http://127.0.0.1:" + args[0] + "/");
        Task accept = Accept(listener);
        while (UnixSignal.WaitAny(end, tickMs > 0 ? tickMs : -1) >= end.Length)
            Channel.Publish(SseChannel.Now().ToString(), "tick");
        Channel.Drain(retryMs: 1000, windowMs: 2000, limitMs: 2000);
        while (Channel.Count(SseCounter.Subscribers) > 0 || Volatile.Read(ref sending) > 0)
            Thread.Sleep(10);
        return accept.IsFaulted ? 1 : 0;
    }

    private static async Task Accept(TcpListener listener)
    {
        while (true)
        {
            TcpClient connection = await listener.AcceptTcpClientAsync();
            _ = Serve(connection);
        }
    }

    // One request for each connection. The end of the connection is that of the content.
    private static async Task Serve(TcpClient connection)
    {
        using (connection)
        {
            try
            {
                connection.NoDelay = true;
                NetworkStream stream = connection.GetStream();
                var input = new StreamReader(stream, Latin1);
                string[] words = (await input.ReadLineAsync() ?? "").Split(' ');
                var fields = new WebHeaderCollection();
                string line;
                while (!string.IsNullOrEmpty(line = await input.ReadLineAsync()))
                    fields.Add(line);
                var url = new Uri(new Uri("http://127.0.0.1/"), words.ElementAtOrDefault(1));
                if (url.AbsolutePath == "/events")
                    await Events(connection, words[0], url, fields);
                else if (url.AbsolutePath == "/publish")
                    await Publish(stream, words[0], url, fields, input);
                else if (url.AbsolutePath == "/status")
                    await Status(stream, words[0]);
                else
                    await Answer(stream, 404);
            }
            catch (Exception e) when (e is IOException || e is InvalidOperationException ||
                                      e is SocketException || e is ArgumentException ||
                                      e is FormatException || e is SseException)
            {
                // The client has gone or was cut off, or it does not speak HTTP.
            }
        }
    }

    private static async Task Events(TcpClient connection, string method, Uri url,
                                     WebHeaderCollection fields)
    {
        bool isPreflight = method == "OPTIONS", isGet = method == "GET";
        int status = isPreflight ? 204 : !isGet && method != "HEAD" ? 405 :
            SseFormat.Accepts(fields["Accept"]) ? 200 : 406;
        ulong user = Tag(Query(url, "user"));
        ulong[] tags = user == 0 ? new ulong[0] : new[] { user };
        SseClient client = null;
        try
        {
            if (status == 200 && isGet)
                client = Channel.Join(fields["Last-Event-ID"], url.Query, tags, StallMs);
        }
        catch (SseException)
        {
            status = 503; // it drains
        }
        using (client)
        {
            string[] head = SseFormat.Headers(status, "*", isPreflight)
                .Select(field => field.Name + ": " + field.Value).ToArray();
            await Answer(connection.GetStream(), status, null, head);
            if (client == null)
                return;
            Interlocked.Increment(ref sending);
            try
            {
                using (client.Aborted.Register(connection.Close))
                    await client.CopyToAsync(connection.GetStream(), 16 * 1024);
            }
            finally
            {
                Interlocked.Decrement(ref sending);
            }
        }
    }

    private static async Task Publish(NetworkStream stream, string method, Uri url,
                                      WebHeaderCollection fields, StreamReader input)
    {
        int length, status = 204;
        if (method != "POST")
            await Answer(stream, 405, null, "Allow: POST");
        else if (!int.TryParse(fields["Content-Length"], out length) || length < 0)
            await Answer(stream, 411);
        else if (length > BodyMax)
            await Answer(stream, 413);
        else
        {
            var body = new char[length];
            if (length > 0 && await input.ReadBlockAsync(body, 0, length) < length)
                return;
            try
            {
                Channel.Publish(Latin1.GetBytes(body), Query(url, "type"), Tag(Query(url, "user")));
            }
            catch (SseException)
            {
                status = 400;
            }
            await Answer(stream, status);
        }
    }

    private static Task Status(NetworkStream stream, string method)
    {
        if (method != "GET" && method != "HEAD")
            return Answer(stream, 405, null, "Allow: GET, HEAD");
        var counts = from SseCounter counter in Enum.GetValues(typeof(SseCounter))
                     select "\"" + counter.ToString().ToLower() + "\": " + Channel.Count(counter);
        string text = "{" + string.Join(", ", counts) + "}\n";
        return Answer(stream, 200, method == "GET" ? text : "", "Content-Type: application/json",
                      "Content-Length: " + text.Length);
    }

    private static Task Answer(NetworkStream stream, int status, string content = null,
                               params string[] fields)
    {
        string head = string.Join("\r\n", fields.Prepend("HTTP/1.1 " + status + " ")
            .Append("Date: " + DateTime.UtcNow.ToString("R")).Append("Connection: close"));
        byte[] bytes = Latin1.GetBytes(head + "\r\n\r\n" + content);
        return stream.WriteAsync(bytes, 0, bytes.Length);
    }

    private static string Query(Uri url, string name) =>
        (from pair in url.Query.TrimStart('?').Split('&')
         where pair.StartsWith(name + "=")
         select Uri.UnescapeDataString(pair.Substring(name.Length + 1).Replace('+', ' ')))
        .FirstOrDefault();

    private static ulong Tag(string user) => // not 0, which is everybody
        string.IsNullOrEmpty(user) ? 0 : Math.Max(1, Encoding.UTF8.GetBytes(user).Aggregate(
            14695981039346656037ul, (hash, b) => unchecked((hash ^ b) * 1099511628211ul)));
}
