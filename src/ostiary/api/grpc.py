"""gRPC and gRPC-Web, on the same methods as the other transports.

Not connectrpc's server: it reads a message before anybody is authenticated, and takes 0.2 to 0.4 s to load.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from protobuf import DescMethod, Message

from ostiary.api.dispatch import Dispatcher, Method
from ostiary.api.grpc_wire import Dialect, Frames, Reply, dialect, timeout_s
from ostiary.api.problem import Problems
from ostiary.api.strict.from_binary import from_binary
from ostiary.api.strict.from_json import from_json, judge_of
from ostiary.api.strict.shape import Shape, Shapes
from ostiary.core.network import network_of
from ostiary.errors import OstiaryError, ResourceExhausted, Unimplemented
from ostiary.http.application import Failures
from ostiary.http.message import Gone, Receive, Scope, Send, joined

STREAMS_OF_ADDRESS: Final = 200  # open at once, of RPCs that anybody may call and that go on for ever
_AHEAD: Final = 4  # messages that are read before they are asked for
_OK: Final = (b"grpc-status", b"0")
Talk = Callable[[AsyncIterator[Any]], AsyncIterator[Any]]


@dataclass(frozen=True, slots=True)
class StreamMethod:
    """An RPC that streams, open to anybody. ``talk`` takes the messages that come and gives those that go."""

    desc: DescMethod
    talk: Talk

    @property
    def path(self) -> str:
        """Where it is called."""
        return f"/{self.desc.parent.type_name}/{self.desc.name}"


class Grpc:
    """The ASGI application behind the content types of gRPC."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        problems: Problems,
        failures: Failures,
        streams: tuple[StreamMethod, ...] = (),
    ) -> None:
        """Take the methods of the dispatcher, and those that stream."""
        shapes = Shapes(judge_of)
        self._dispatcher = dispatcher
        self._problems = problems
        self._failures = failures
        self._streams: Mapping[str, tuple[StreamMethod, Shape]] = {
            stream.path: (stream, shapes.of(stream.desc.input)) for stream in streams
        }
        self._open: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        headers = joined(scope["headers"])
        speech = dialect(headers[b"content-type"])
        if speech is None or not (speech.web or "http.response.trailers" in scope.get("extensions", {})):
            await send({"type": "http.response.start", "status": 415, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body", "body": b""})
            return
        frames = Frames(receive, headers.get(b"grpc-encoding", b"identity"), text=speech.text)
        reply = Reply(send, speech, headers.get(b"grpc-accept-encoding", b""))
        request_id, path = headers.get(b"x-request-id", b""), scope["path"]
        client = scope.get("client")
        peer_ip = client[0] if client else ""
        try:
            work = self._answer(path, headers, peer_ip, frames, reply, speech)
            await self._failures.guard(work, request_id, path)
        except Gone:
            return
        except OstiaryError as error:
            language = headers.get(b"accept-language", b"").decode("latin-1")
            await reply.end(self._problems.grpc(error, language))
        else:
            await reply.end([_OK])

    async def _answer(
        self,
        path: str,
        headers: dict[bytes, bytes],
        peer_ip: str,
        frames: Frames,
        reply: Reply,
        speech: Dialect,
    ) -> None:
        method = self._dispatcher.methods.get(path)
        if method is None:
            with self._counted(path, network_of(peer_ip)):
                await self._stream(path, frames, reply, speech)
            return
        data = await frames.only()
        await reply.message(await self._unary(method, headers, peer_ip, data, speech))

    @contextmanager
    def _counted(self, path: str, address: str) -> Iterator[None]:
        """Count a stream while it is open; raises ResourceExhausted beyond what an address may have of them."""
        if path in self._streams and self._open[address] >= STREAMS_OF_ADDRESS:
            hint = f"an address has {STREAMS_OF_ADDRESS} streams open at most"
            raise ResourceExhausted("calls.too_many_streams", "Too many calls", hint=hint, retry_after_s=1)
        self._open[address] += 1
        try:
            yield
        finally:
            self._open[address] -= 1
            if not self._open[address]:
                del self._open[address]

    async def _unary(
        self, method: Method, headers: dict[bytes, bytes], peer_ip: str, data: bytes, speech: Dialect
    ) -> bytes:
        limit_s = timeout_s(headers.get(b"grpc-timeout"))
        call = await self._dispatcher.admit(method, headers, peer_ip)
        if speech.json:
            answer = method.answer_json(call, method.read_json(data))
        else:
            answer = method.answer_binary(call, method.read_binary(data))
        return await (answer if limit_s is None else self._dispatcher.within(limit_s, answer))

    async def _stream(self, path: str, frames: Frames, reply: Reply, speech: Dialect) -> None:
        found = self._streams.get(path)
        if found is None:
            raise Unimplemented("", f"unknown method {path[:200]}")
        stream, shape = found
        read = from_json if speech.json else from_binary
        heard: asyncio.Queue[Message | None] = asyncio.Queue(_AHEAD)

        async def listen() -> None:
            while (data := await frames.next()) is not None:
                await heard.put(read(shape, stream.desc.input.type, data))
            await heard.put(None)
            await frames.gone()

        async def talk() -> None:
            async for message in stream.talk(_each(heard)):
                await reply.message(message.to_json().encode() if speech.json else message.to_binary())

        await _first_of(talk(), listen())


async def _each(heard: "asyncio.Queue[Message | None]") -> AsyncIterator[Message]:
    while (message := await heard.get()) is not None:
        yield message


async def _first_of(talking: Awaitable[None], listening: Awaitable[None]) -> None:
    """Wait for the end of either (who is gone hears nothing), and end the other."""
    tasks = [asyncio.ensure_future(talking), asyncio.ensure_future(listening)]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    for task in done:
        task.result()
