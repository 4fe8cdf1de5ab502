// SPDX-License-Identifier: MIT
// FormatTest.cs - tests what an application makes of its orders.
//
//     mcs -langversion:latest FormatTest.cs Sse.cs && mono FormatTest.exe

using System;
using System.Text;
using LibSse;

internal static class FormatTest
{
    // The function under test, of an application with orders.
    private static byte[] OrderShipped(string id, string item) =>
        SseFormat.Encode("{\"item\": \"" + item + "\"}", type: "shipped", id: id);

    private static void Check(bool condition, string what)
    {
        if (!condition)
            throw new InvalidOperationException(what);
    }

    private static int Main()
    {
        string text = Encoding.UTF8.GetString(OrderShipped("41", "crème brûlée"));
        Check(text == "event: shipped\nid: 41\ndata: {\"item\": \"crème brûlée\"}\n\n", text);

        try
        {
            OrderShipped("41\ndata: forged", "tea");
            Check(false, "a line break in an id was not refused");
        }
        catch (SseException e)
        {
            Check(e.Status == -4, e.Message);
        }
        Console.WriteLine("2 tests passed");
        return 0;
    }
}
