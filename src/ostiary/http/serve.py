"""Listens, runs the application's life, and drains on SIGTERM."""

import asyncio
import signal
import ssl
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

import uvloop

from ostiary.http.admission import Most
from ostiary.http.connection import Shared, Times
from ostiary.http.message import App, Event
from ostiary.http.one_port import OnePort

_STEP_S: Final = 0.02
_BACKLOG: Final = 2048

Http2 = Callable[[], Callable[[Shared], asyncio.Protocol]]


class StartFailed(Exception):
    """The application refused to start."""


class Life:
    """The application's lifespan, in ASGI's words."""

    def __init__(self, app: App) -> None:
        """Nothing has begun."""
        self._app = app
        self._asked: asyncio.Queue[Event] = asyncio.Queue()
        self._answered: asyncio.Queue[Event] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin.

        Raises: whatever the application raised.
        """
        self._task = asyncio.create_task(self._run())
        await self._ask("lifespan.startup")

    async def stop(self) -> None:
        """End what began."""
        await self._ask("lifespan.shutdown")

    async def _run(self) -> None:
        await self._app({"type": "lifespan", "asgi": {"version": "3.0"}}, self._asked.get, self._answered.put)

    async def _ask(self, question: str) -> None:
        if self._task is None or self._task.done():
            return
        await self._asked.put({"type": question})
        answer = asyncio.create_task(self._answered.get())
        await asyncio.wait({answer, self._task}, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            answer.cancel()
            self._task.result()
            raise StartFailed(question)
        if answer.result()["type"].endswith(".failed"):
            raise StartFailed(answer.result().get("message", ""))


class Server:
    """A listening port. ``port`` is the real one once started, also when 0 was asked for."""

    def __init__(
        self,
        app: App,
        *,
        http2: Http2,
        now: Callable[[], datetime],
        times: Times | None = None,
        most: Most | None = None,
    ) -> None:
        """Nothing is open yet. ``http2`` loads and gives the class of HTTP/2 connections; ``now`` is for Date."""
        self._app = app
        self._http2 = http2
        self._now = now
        self._times = times or Times()
        self._most = most or Most()
        self._life = Life(app)
        self.port = 0

    async def start(
        self, host: str, port: int, *, tls: ssl.SSLContext | None = None, is_shared: bool = False
    ) -> None:
        """Begin the application's life, then listen; ``is_shared``: on a port that other processes have too."""
        loop = asyncio.get_running_loop()
        await self._life.start()
        self._shared = Shared(self._app, self._http2, self._now, self._times, self._most)
        self._listener = await loop.create_server(
            lambda: OnePort(self._shared),
            host,
            port,
            ssl=tls,
            backlog=_BACKLOG,
            reuse_port=is_shared or None,
            ssl_handshake_timeout=self._times.header_s if tls else None,
        )
        self.port = self._listener.sockets[0].getsockname()[1]
        self._ticker = loop.call_later(self._times.tick_s, self._tick)

    async def stop(self, drain_s: float) -> None:
        """Accept nothing new, finish what is being answered (so long at most), end the application's life."""
        self._listener.close()
        shared = self._shared
        loop = asyncio.get_running_loop()
        until_s = loop.time() + drain_s
        for connection in tuple(shared.connections):
            connection.shutdown()
        while (shared.connections or shared.state.tasks) and loop.time() < until_s:  # noqa: ASYNC110  uvicorn's sets
            await asyncio.sleep(_STEP_S)
        for task in tuple(shared.state.tasks):
            task.cancel()
        self._ticker.cancel()
        await self._life.stop()

    def _tick(self) -> None:
        self._shared.tick()
        self._ticker = asyncio.get_running_loop().call_later(self._times.tick_s, self._tick)


def tls_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """TLS 1.2 or newer, HTTP/2 preferred over HTTP/1.1."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key, password=lambda: "")  # nobody is there to be asked for one
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context


async def serve(
    server: Server,
    host: str,
    port: int,
    *,
    tls: ssl.SSLContext | None = None,
    is_shared: bool = False,
    ready: Callable[[int], None] = lambda _: None,
    draining: Callable[[], None] = lambda: None,
    notice_s: float = 0,
    drain_s: float = 20,
) -> None:
    """Serve until SIGTERM or SIGINT.

    ``ready`` is called with the port once it listens. On the signal ``draining`` is called (readiness turns red),
    for ``notice_s`` everything is still answered, then what is being answered has ``drain_s`` to finish. A second
    signal ends it at once.
    """
    told, hurried = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def tell() -> None:
        (hurried if told.is_set() else told).set()

    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, tell)
    await server.start(host, port, tls=tls, is_shared=is_shared)
    ready(server.port)
    await told.wait()
    draining()
    orderly = asyncio.create_task(_leave(server, notice_s, drain_s))
    hurry = asyncio.create_task(hurried.wait())
    await asyncio.wait({orderly, hurry}, return_when=asyncio.FIRST_COMPLETED)
    hurry.cancel()
    if not orderly.done():
        orderly.cancel()
    else:
        orderly.result()


async def _leave(server: Server, notice_s: float, drain_s: float) -> None:
    await asyncio.sleep(notice_s)
    await server.stop(drain_s)


def run(main: Callable[[], "asyncio._CoroutineLike[None]"]) -> None:
    """Run to the end on the fast event loop."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())  # type: ignore[arg-type]
