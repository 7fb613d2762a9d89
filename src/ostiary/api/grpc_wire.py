"""The wire of gRPC and gRPC-Web: frames in, frames and trailers out.

Source: gRPC over HTTP/2; gRPC-Web. A frame is a byte of flags, four bytes of length, a message.
"""

import re
import struct
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import Final

from ostiary.errors import InvalidArgument, ResourceExhausted, Unimplemented
from ostiary.http.message import (
    MAX_BODY,
    ContentTooLarge,
    Event,
    Gone,
    Header,
    Receive,
    Send,
    gunzip,
    gzipped,
)

_PREFIX: Final = struct.Struct(">BI")
_PACKED: Final = 1
_TRAILERS: Final = 0x80
_WORTH_PACKING: Final = 1400
_CONTENT_TYPE: Final = re.compile(rb"application/grpc(-web|-web-text)?(\+proto|\+json)?\Z")
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/]+={0,2}")
_TIMEOUT: Final = re.compile(rb"([0-9]{1,8})([HMSmun])\Z")
_UNIT_S: Final = {b"H": 3600.0, b"M": 60.0, b"S": 1.0, b"m": 1e-3, b"u": 1e-6, b"n": 1e-9}


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a content type says: in the body or in real trailers, as text or as bytes, JSON or binary messages."""

    web: bool
    text: bool
    json: bool
    content_type: bytes


def dialect(content_type: bytes) -> Dialect | None:
    """The dialect; None for what we do not speak."""
    match = _CONTENT_TYPE.match(content_type.partition(b";")[0].strip().lower())
    if match is None:
        return None
    kind, codec = match.groups()
    return Dialect(kind is not None, kind == b"-web-text", codec == b"+json", content_type)


def timeout_s(value: bytes | None) -> float | None:
    """Seconds of a ``grpc-timeout``.

    Raises: InvalidArgument.
    """
    if value is None:
        return None
    match = _TIMEOUT.match(value)
    if match is None:
        raise InvalidArgument("", "protocol error: invalid grpc-timeout")
    return int(match[1]) * _UNIT_S[match[2]]


class Frames:
    """The messages of a request, unpacked. No message is larger than the limit."""

    def __init__(self, receive: Receive, encoding: bytes, *, text: bool) -> None:
        """Nothing is read yet."""
        self._receive = receive
        self._encoding = encoding
        self._text = text
        self._buffer = bytearray()
        self._more = True

    async def next(self) -> bytes | None:
        """The next message, or None when there are no more.

        Raises: Gone; InvalidArgument; ResourceExhausted; Unimplemented.
        """
        while len(self._buffer) < _PREFIX.size:
            if not self._more:
                if self._buffer:
                    raise InvalidArgument("", "protocol error: incomplete envelope")
                return None
            await self._fill()
        flags, size = _PREFIX.unpack_from(self._buffer)
        if size > MAX_BODY:
            raise ResourceExhausted("", f"message is larger than {MAX_BODY} bytes")
        end = _PREFIX.size + size
        while len(self._buffer) < end:
            if not self._more:
                raise InvalidArgument("", "protocol error: incomplete envelope")
            await self._fill()
        content = bytes(self._buffer[_PREFIX.size : end])
        del self._buffer[:end]
        return self._unpacked(flags, content)

    async def only(self) -> bytes:
        """The one message of a request that has one."""
        message = await self.next()
        if message is None:
            raise Unimplemented("", "protocol error: unary request has zero messages")
        if await self.next() is not None:
            raise Unimplemented("", "protocol error: unary request has multiple messages")
        return message

    async def gone(self) -> None:
        """Wait until the client is; to be called after the last message.

        Raises: Gone.
        """
        while (await self._receive())["type"] == "http.request":
            pass
        raise Gone("", "client went away")

    async def _fill(self) -> None:
        event = await self._receive()
        if event["type"] != "http.request":
            raise Gone("", "client went away")
        self._more = event.get("more_body", False)
        chunk = event.get("body", b"")
        if self._text:  # a text is read whole: where its pieces end is nobody's business
            while self._more:
                event = await self._receive()
                if event["type"] != "http.request":
                    raise Gone("", "client went away")
                self._more = event.get("more_body", False)
                chunk += event.get("body", b"")
                if len(chunk) > 2 * MAX_BODY:
                    raise ResourceExhausted("", f"message is larger than {MAX_BODY} bytes")
            chunk = _from_text(chunk)
        self._buffer += chunk

    def _unpacked(self, flags: int, content: bytes) -> bytes:
        if not flags & _PACKED:
            return content
        if self._encoding == b"identity":
            raise InvalidArgument("", "protocol error: compressed message without grpc-encoding")
        if self._encoding != b"gzip":
            raise Unimplemented("", "unknown compression: supported encodings are gzip, identity")
        try:
            return gunzip(content)
        except ContentTooLarge:
            raise ResourceExhausted("", f"message is larger than {MAX_BODY} bytes") from None


def _from_text(text: bytes) -> bytes:
    """Base64 in pieces, each with its own padding."""
    try:
        return b"".join(b64decode(piece, validate=True) for piece in _BASE64.findall(text))
    except ValueError:
        raise InvalidArgument("", "protocol error: invalid base64") from None


class Reply:
    """The answer of one call: messages, then the status."""

    def __init__(self, send: Send, speech: Dialect, accept_encoding: bytes) -> None:
        """Nothing is sent yet."""
        self._send = send
        self._speech = speech
        self._packs = b"gzip" in accept_encoding
        self._started = False

    async def message(self, content: bytes) -> None:
        """One message."""
        await self._start()
        flags = 0
        if self._packs and len(content) > _WORTH_PACKING:
            flags, content = _PACKED, gzipped(content)
        await self._body(_PREFIX.pack(flags, len(content)) + content, more=True)

    async def end(self, trailers: list[Header]) -> None:
        """The status: trailers of HTTP/2, or the last frame of gRPC-Web."""
        await self._start()
        if self._speech.web:
            block = b"".join(b"%s: %s\r\n" % trailer for trailer in trailers)
            await self._body(_PREFIX.pack(_TRAILERS, len(block)) + block, more=False)
            return
        await self._body(b"", more=False)
        await self._send({"type": "http.response.trailers", "headers": trailers, "more_trailers": False})

    async def _start(self) -> None:
        if self._started:
            return
        self._started = True
        headers = [
            (b"content-type", self._speech.content_type),
            (b"grpc-accept-encoding", b"identity,gzip"),
            (b"cache-control", b"no-store"),
        ]
        if self._packs:
            headers.append((b"grpc-encoding", b"gzip"))
        start: Event = {"type": "http.response.start", "status": 200, "headers": headers}
        await self._send({**start, "trailers": not self._speech.web})

    async def _body(self, body: bytes, *, more: bool) -> None:
        if self._speech.text:
            body = b64encode(body)
        await self._send({"type": "http.response.body", "body": body, "more_body": more})
