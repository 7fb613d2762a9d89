"""The serving process: takes the folder, prepares it at the first start, answers until it is told to leave."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from structlog.typing import FilteringBoundLogger

from ostiary import __version__
from ostiary.app.beginning import Alice, alice, begin
from ostiary.app.composition import compose
from ostiary.app.installation import SERVE_NODE, Installation, opened
from ostiary.app.readiness import Readiness
from ostiary.app.welcome import welcome
from ostiary.config import Settings, Trouble
from ostiary.http.one_port import Shared
from ostiary.http.serve import Server, run, serve, tls_context
from ostiary.logs import open_log
from ostiary.storage.folder import FolderInUse, locked, prepare

CLEAN, FAILED = 0, 1


def serve_until_told(settings: Settings) -> int:
    """Serve; the exit status. Raises Trouble when the set-up does not allow it."""
    process = _Process(settings)
    try:
        prepare(settings.data)
        with locked(settings.data):
            run(process.main)
    except FolderInUse as error:
        raise Trouble(f"{error} One process serves a data folder; stop that one first.") from None
    except OSError as error:
        raise Trouble(_refused(settings, error)) from None
    return FAILED if process.failed else CLEAN


class _Process:
    """One life of the server."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.failed = False

    async def main(self) -> None:
        settings = self._settings
        loop = asyncio.get_running_loop()
        fatal: asyncio.Future[BaseException] = loop.create_future()

        def on_fatal(error: BaseException) -> None:
            loop.call_soon_threadsafe(_settle, fatal, error)

        async with opened(settings, SERVE_NODE, on_fatal) as installation:
            await begin(installation)
            guest = await alice(installation) if settings.dev else None
            log = open_log(
                sys.stderr,
                console=_is_console(settings),
                level=settings.log_level,
                now=installation.effects.now,
            )
            async with _outbox(installation, on_fatal):
                await self._serve(installation, guest, log, fatal)

    async def _serve(
        self,
        installation: Installation,
        guest: Alice | None,
        log: FilteringBoundLogger,
        fatal: "asyncio.Future[BaseException]",
    ) -> None:
        settings, store = self._settings, installation.store
        readiness = Readiness(store, installation.effects, settings.data, lambda: store.queued)
        server = Server(compose(installation, readiness, log), http2=_http2, now=installation.effects.now)

        def ready(port: int) -> None:
            _say(welcome(settings, port, guest))
            log.info("server.started", version=__version__, address=settings.host, port=port)

        def draining() -> None:
            readiness.leaving = readiness.leaving or "the server is leaving"
            log.info("server.draining")

        def fail(done: "asyncio.Future[BaseException]") -> None:
            if done.cancelled():
                return
            self.failed = True
            readiness.leaving = "the server has failed"
            log.error("server.failed", exc_info=done.result())
            os.kill(os.getpid(), signal.SIGTERM)

        fatal.add_done_callback(fail)
        tls = (
            tls_context(settings.tls_cert, settings.tls_key)
            if settings.tls_cert and settings.tls_key
            else None
        )
        notice_s = 0 if settings.is_local or self.failed else settings.drain_notice_s
        await serve(
            server,
            settings.host,
            settings.port,
            tls=tls,
            ready=ready,
            draining=draining,
            notice_s=notice_s,
            drain_s=settings.drain_s,
        )
        log.info("server.stopped", failed=self.failed)


@asynccontextmanager
async def _outbox(
    installation: Installation, on_fatal: Callable[[BaseException], None]
) -> AsyncIterator[None]:
    """With ``--dev``, mail and SMS go to files and to the console meanwhile."""
    if not installation.settings.dev:
        yield
        return
    from ostiary.delivery.folder import Folder
    from ostiary.delivery.outbox import Outbox

    folder = Folder(installation.settings.data / "outbox", _say)
    outbox = Outbox(installation.store, installation.effects, installation.sealer, folder.send)
    task = asyncio.create_task(outbox.run())
    task.add_done_callback(lambda done: None if done.cancelled() else on_fatal(_error_of(done)))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _settle(fatal: "asyncio.Future[BaseException]", error: BaseException) -> None:
    if not fatal.done():
        fatal.set_result(error)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _error_of(task: "asyncio.Task[None]") -> BaseException:
    return task.exception() or RuntimeError("the outbox worker ended")


def _http2() -> Callable[[Shared], asyncio.Protocol]:
    """Loaded when the first client speaks it."""
    from ostiary.http.http2 import Http2

    return Http2


def _is_console(settings: Settings) -> bool:
    if settings.log_format == "auto":
        return settings.dev or sys.stderr.isatty()
    return settings.log_format == "console"


def _refused(settings: Settings, error: OSError) -> str:
    where = f"{settings.host}:{settings.port}"
    return f"Cannot serve on {where} with data in {settings.data}: {error.strerror or error}."
