"""A real server on a loopback port, in a thread of its own."""

import asyncio
import ssl
import threading
from collections.abc import Callable
from datetime import UTC, datetime

import uvloop

from ostiary.http.admission import Most
from ostiary.http.connection import Shared, Times
from ostiary.http.message import App
from ostiary.http.serve import Server


def http2() -> Callable[[Shared], asyncio.Protocol]:
    """What the composition root hands in: HTTP/2, loaded when it is first spoken."""
    from ostiary.http.http2 import Http2

    return Http2


class Port:
    """Serves from ``start`` to ``stop``."""

    def __init__(
        self,
        app: App,
        *,
        tls: ssl.SSLContext | None = None,
        times: Times | None = None,
        most: Most | None = None,
    ) -> None:
        """Serve that application on a free port."""
        self.app = app
        self._tls = tls
        self._times = times
        self._most = most
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.drain_s = 5.0

    def start(self) -> "Port":
        """Listen."""
        self._thread.start()
        assert self._started.wait(10)
        return self

    def stop(self) -> None:
        """Drain and end."""
        self._loop.call_soon_threadsafe(self._leave.set)
        self._thread.join(15)
        assert not self._thread.is_alive()

    def on_loop(self, action: Callable[[], None]) -> None:
        """Run something where the server runs."""
        self._loop.call_soon_threadsafe(action)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._main())

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._leave = asyncio.Event()
        server = Server(
            self.app,
            http2=http2,
            now=lambda: datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
            times=self._times,
            most=self._most,
        )
        await server.start("127.0.0.1", 0, tls=self._tls)
        self.number = server.port
        self.server = server
        self._started.set()
        await self._leave.wait()
        await server.stop(self.drain_s)
