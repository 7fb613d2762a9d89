"""One HTTP exchange: what came, what goes, and how much of it is taken in."""

import zlib
from collections.abc import Awaitable, Callable, Coroutine, Iterable, MutableMapping, Sequence
from typing import Any, Final, Protocol

from ostiary.errors import InvalidArgument

Scope = MutableMapping[str, Any]
Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]
Header = tuple[bytes, bytes]

NO_CONTENT: Final = 204
MAX_BODY: Final = 1 << 20
MAX_HEADERS: Final = 16 << 10
# what is read and thrown away of a body that is too large, so that its sender can read the answer
_DRAIN: Final = 8 << 20
_GZIP: Final = 31  # zlib's word for "a gzip header and its checksum"


class ContentTooLarge(InvalidArgument):
    """The body, as sent or unpacked, is larger than the limit. ``close``: the rest of it was not read."""

    http_status = 413

    def __init__(self, *, close: bool = False) -> None:
        """Name the limit."""
        super().__init__("", f"request body is larger than {MAX_BODY} bytes")
        self.close = close


class UnsupportedMedia(InvalidArgument):
    """The body's type or encoding is not one we read."""

    http_status = 415


class Gone(InvalidArgument):
    """The client went away before its body was complete; nobody reads the answer."""


Peer = tuple[str, int]  # the client's address and port


class Request:
    """One request. ``variables`` are the decoded segments of the path that its route left open.

    ``headers`` are in lower case; the values of a repeated header are joined by ", ". ``connection`` is that of
    HTTP/1.1, on which each request follows the answer of the one before; None where requests may overlap.
    """

    __slots__ = ("body", "connection", "headers", "method", "path", "peer_ip", "query", "scheme", "variables")

    def __init__(
        self,
        method: str,
        path: str,
        headers: dict[bytes, bytes],
        query: bytes = b"",
        variables: Sequence[str] = (),
        peer_ip: str = "",
        scheme: str = "http",
        body: bytes = b"",
        connection: Peer | None = None,
    ) -> None:
        """Keep the parts."""
        self.connection = connection
        self.method = method
        self.path = path
        self.headers = headers
        self.query = query
        self.variables = variables
        self.peer_ip = peer_ip
        self.scheme = scheme
        self.body = body

    def header(self, name: bytes) -> str:
        """The header's value, or the empty string. Bytes beyond ASCII are read as Latin-1."""
        return self.headers.get(name, b"").decode("latin-1")


class Response:
    """One answer. ``headers`` without Content-Length, which the sender adds."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: Sequence[Header], body: bytes = b"") -> None:
        """Keep the parts."""
        self.status = status
        self.headers = headers
        self.body = body


Endpoint = Callable[[Request], Awaitable[Response]]
Answering = Callable[[bytes], Coroutine[Any, Any, Response]]


class App(Protocol):
    """An ASGI application that answers some requests without ASGI in between."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or see the server's life through."""
        ...

    def at_once(
        self, method: str, path: bytes, query: bytes, headers: list[Header], peer: Peer | None, scheme: str
    ) -> Answering | None:
        """What answers the request once its whole body is there; None for one that ASGI must answer.

        It never raises, and its coroutine may be begun outside of a task.
        """
        ...


def joined(headers: Iterable[Header]) -> dict[bytes, bytes]:
    """Headers by name, with the values of repeated ones joined by ", ". Source: RFC 9110, 5.2."""
    result: dict[bytes, bytes] = {}
    for name, value in headers:
        result[name] = result[name] + b", " + value if name in result else value
    return result


async def read_body(receive: Receive, headers: dict[bytes, bytes]) -> bytes:
    """The whole body as it was sent.

    Raises: ContentTooLarge; Gone.
    """
    announced = headers.get(b"content-length", b"")
    if len(announced) > 7 and int(announced) > _DRAIN:
        raise ContentTooLarge(close=True)
    event = await receive()
    if event["type"] != "http.request":
        raise Gone("", "client went away")
    body: bytes = event.get("body", b"")
    if not event.get("more_body", False):
        if len(body) > MAX_BODY:
            raise ContentTooLarge
        return body
    return await _read_rest(receive, body)


async def _read_rest(receive: Receive, first: bytes) -> bytes:
    chunks = [first]
    size = len(first)
    more = True
    while more:
        event = await receive()
        if event["type"] != "http.request":
            raise Gone("", "client went away")
        more = event.get("more_body", False)
        chunk: bytes = event.get("body", b"")
        size += len(chunk)
        if size <= MAX_BODY:
            chunks.append(chunk)
        elif size > _DRAIN:
            raise ContentTooLarge(close=True)
        else:
            chunks.clear()
    if size > MAX_BODY:
        raise ContentTooLarge
    return b"".join(chunks)


def gunzip(packed: bytes) -> bytes:
    """The content of one gzip member; never more than the limit is unpacked.

    Raises: ContentTooLarge; InvalidArgument.
    """
    unpacker = zlib.decompressobj(_GZIP)
    try:
        content = unpacker.decompress(packed, MAX_BODY + 1)
    except zlib.error:
        raise InvalidArgument("", "request body is not valid gzip") from None
    if len(content) > MAX_BODY:
        raise ContentTooLarge
    if not unpacker.eof or unpacker.unused_data:
        raise InvalidArgument("", "request body is not valid gzip")
    return content


def gzipped(content: bytes) -> bytes:
    """The content as one gzip member, the same for the same content."""
    packer = zlib.compressobj(5, zlib.DEFLATED, _GZIP)
    return packer.compress(content) + packer.flush()
