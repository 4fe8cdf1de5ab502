"""HTTP/1.1, as much as the programs here need: a request with a short answer."""

import asyncio


async def request(port, method, path, body=b"", limit=3.0):
    """Status and content of an answer that ends its connection."""
    reader, writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", port), limit)
    try:
        writer.write(b"%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"
                     % (method.encode(), path.encode(), len(body), body))
        answer = await asyncio.wait_for(reader.read(), limit)
    finally:
        writer.transport.abort()
    head, end, content = answer.partition(b"\r\n\r\n")
    if not end:
        raise ConnectionError("no answer")
    return int(head.split(None, 2)[1]), content
