"""Requests at a steady pace, whatever the replies take: what `cairn bench service` does, for peers and us alike."""

import asyncio
import urllib.parse

CONNECTIONS = 32


def at_a_steady_pace(url, body, headers, per_second, seconds, clock):
    """Posts `body` so often; for each reply the time of `clock` when it was sent, and its headers in lower case."""
    return asyncio.run(_pace(urllib.parse.urlsplit(url), body, headers, per_second, seconds, clock))


async def _pace(url, body, headers, per_second, seconds, clock):
    asked = Asked(url, body, headers, clock)
    loop = asyncio.get_running_loop()
    opened = [await loop.create_connection(lambda: Connection(asked), url.hostname, url.port) for _ in range(CONNECTIONS)]
    begin = loop.time()
    for number in range(round(per_second * seconds)):
        if (early := begin + number / per_second - loop.time()) > 0:
            await asyncio.sleep(early)
        asked.ask()
    await asyncio.wait_for(asked.all_replied(), 60)
    for transport, _ in opened:
        transport.close()
    return asked.replies


class Asked:
    """What is asked for: by a connection that is free, or else by the next one to become so."""

    def __init__(self, url, body, headers, clock):
        lines = {"Host": url.netloc, "Content-Type": "application/json", "Content-Length": len(body), **headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self.request = f"POST {url.path} HTTP/1.1\r\n{head}\r\n".encode() + body
        self.clock, self.free, self.late, self.under_way, self.replies = clock, [], [], 0, []

    def ask(self):
        """A request that finds no connection free counts as sent now all the same."""
        self.under_way += 1
        if self.free:
            self.free.pop().send(self.request, self.clock())
        else:
            self.late.append(self.clock())

    def replied(self, connection, sent, status, headers):
        if status not in (b"200", b"204"):
            raise SystemExit(f"a request at a steady pace was answered with {status.decode()}")
        self.replies.append((sent, headers))
        self.under_way -= 1
        if self.late:
            connection.send(self.request, self.late.pop(0))
        else:
            self.free.append(connection)

    async def all_replied(self):
        while self.under_way:
            await asyncio.sleep(0.01)


class Connection(asyncio.Protocol):
    """One request at a time."""

    def __init__(self, asked):
        self.asked, self.received, self.sent = asked, b"", None

    def connection_made(self, transport):
        self.transport = transport
        self.asked.free.append(self)

    def send(self, request, sent):
        self.sent = sent
        self.transport.write(request)

    def data_received(self, data):
        self.received += data
        head, end, body = self.received.partition(b"\r\n\r\n")
        if not end:
            return
        status, *lines = head.split(b"\r\n")
        headers = dict(line.lower().split(b": ", 1) for line in lines)
        if len(body) >= int(headers.get(b"content-length", 0)):
            self.received = b""
            self.asked.replied(self, self.sent, status.split(b" ", 2)[1], headers)
