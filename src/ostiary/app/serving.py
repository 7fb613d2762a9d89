"""The serving process: takes the folder, prepares it at the first start, answers until it is told to leave."""

import asyncio
import errno
import os
import signal
import sys
from collections.abc import Callable

import msgspec
from structlog.typing import FilteringBoundLogger

from ostiary import __version__
from ostiary.app.beginning import begin
from ostiary.app.certificate import context_of
from ostiary.app.delivery import delivering
from ostiary.app.installation import SERVE_NODE, Installation, opened
from ostiary.app.named_files import require_files
from ostiary.app.readiness import Readiness
from ostiary.app.schedule import schedule
from ostiary.app.staged import Staged
from ostiary.app.surface import surface
from ostiary.app.welcome import Alice, welcome
from ostiary.config.settings import Settings, Trouble
from ostiary.crypto.hash_pool import processors
from ostiary.http.admission import Most, possible
from ostiary.http.connection import Shared
from ostiary.http.proxies import BehindProxies, Proxies
from ostiary.http.serve import Server, run, serve
from ostiary.logs import open_log
from ostiary.storage.folder import FolderInUse, locked, prepare

CLEAN, FAILED = 0, 1


def serve_until_told(settings: Settings) -> int:
    """Serve; the exit status. Raises Trouble when the set-up does not allow it."""
    require_files(settings)
    try:
        prepare(settings.data)
        with locked(settings.data):
            return _serve(settings) if settings.workers == 1 else _serve_by_workers(settings)
    except FolderInUse as error:
        raise Trouble(f"{error} One process serves a data folder; stop that one first.") from None
    except OSError as error:
        raise Trouble(_refused(settings, error)) from None


def _serve(settings: Settings, worker: int | None = None, keeper: int | None = None) -> int:
    """In this process; ``worker`` is its number among several, which end when the pipe ``keeper`` does."""
    failed = False

    async def main() -> None:
        nonlocal failed
        failed = await _live(settings, worker, keeper)

    run(main)
    return FAILED if failed else CLEAN


def _serve_by_workers(settings: Settings) -> int:
    from ostiary.app.workers import Workers, shared_port

    kept, port = shared_port(settings.host, settings.port)
    hashing = settings.hash_workers or max(1, processors() // settings.workers)
    on_port = msgspec.structs.replace(settings, port=port, hash_workers=hashing)
    asyncio.run(_first_start(settings))  # by one, before there are several

    def serve_as(worker: int) -> int:
        try:
            return _serve(on_port, worker, workers.held)
        except (Trouble, OSError) as error:
            sys.stderr.write(f"ostiary: {error}\n")
            return FAILED

    workers = Workers(settings.workers, serve_as, settings.log_level, console=_is_console(settings))
    with kept:
        return workers.run()


async def _first_start(settings: Settings) -> None:
    async with opened(settings, SERVE_NODE) as installation:
        await begin(installation)
        await _guest(installation)


async def _live(settings: Settings, worker: int | None, keeper: int | None) -> bool:
    """From the first start to the last answer; whether the store or a worker failed meanwhile."""
    loop = asyncio.get_running_loop()
    if keeper is not None:
        loop.add_reader(keeper, _orphaned, loop, keeper)
    fatal: asyncio.Future[BaseException] = loop.create_future()

    def on_fatal(error: BaseException) -> None:
        loop.call_soon_threadsafe(_settle, fatal, error)

    async with opened(settings, SERVE_NODE, on_fatal) as installation:
        await begin(installation)
        guest = await _guest(installation)
        store, now = installation.store, installation.effects.now
        log = open_log(sys.stderr, console=_is_console(settings), level=settings.log_level, now=now)
        readiness = Readiness(
            store,
            installation.effects,
            settings.data,
            lambda: store.queued,
            compares_clocks=not settings.test_clock,
        )
        watch = _Watch(settings, readiness, log, guest, is_first=not worker)
        fatal.add_done_callback(watch.fail)
        proxies = Proxies(settings.proxies)
        most = Most(possible(settings.connections), settings.connections_per_address, is_proxy=proxies.has)
        staged = Staged(surface(installation, readiness, log), on_fatal)
        app = BehindProxies(staged, proxies) if settings.proxies else staged
        async with delivering(installation, on_fatal, _say), schedule(installation, on_fatal):
            await _answer(settings, staged, Server(app, http2=_http2, now=now, most=most), watch)
    log.info("server.stopped", failed=watch.failed)
    return watch.failed


async def _guest(installation: Installation) -> Alice | None:
    if not installation.settings.dev:
        return None
    from ostiary.app.dev import alice

    return await alice(installation)


async def _answer(
    settings: Settings,
    staged: Staged,
    server: Server,
    watch: "_Watch",
) -> None:
    def ready(port: int) -> None:
        watch.ready(port)
        staged.begin()

    await serve(
        server,
        settings.host,
        settings.port,
        tls=context_of(settings),
        is_shared=settings.workers > 1,
        ready=ready,
        draining=watch.drain,
        notice_s=settings.notice_s,
        drain_s=settings.drain_s,
    )


class _Watch:
    """What is said and marked when the server begins, leaves or fails."""

    def __init__(
        self,
        settings: Settings,
        readiness: Readiness,
        log: FilteringBoundLogger,
        guest: Alice | None,
        *,
        is_first: bool,
    ) -> None:
        self._settings = settings
        self._is_first = is_first
        self._readiness = readiness
        self._log = log
        self._guest = guest
        self.failed = False

    def ready(self, port: int) -> None:
        """The first screen goes before the first line of the log."""
        if self._is_first:
            _say(welcome(self._settings, port, self._guest))
        self._log.info("server.started", version=__version__, address=self._settings.host, port=port)

    def drain(self) -> None:
        """Balancers are told first."""
        self._readiness.leaving = self._readiness.leaving or "the server is leaving"
        self._log.info("server.draining")

    def fail(self, error: "asyncio.Future[BaseException]") -> None:
        """Nobody knows what is on the disk: leave, and say so by the exit status."""
        if error.cancelled():
            return
        self.failed = True
        self._readiness.leaving = "the server has failed"
        self._log.error("server.failed", exc_info=error.result())
        os.kill(os.getpid(), signal.SIGTERM)


def _orphaned(loop: asyncio.AbstractEventLoop, keeper: int) -> None:
    """Nobody would start us anew, nor tell us to leave: so we leave."""
    loop.remove_reader(keeper)
    os.kill(os.getpid(), signal.SIGTERM)


def _settle(fatal: "asyncio.Future[BaseException]", error: BaseException) -> None:
    if not fatal.done():
        fatal.set_result(error)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


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
    reason = f"{error.filename}: {error.strerror}" if error.filename else error.strerror or str(error)
    advice = " Stop what has it, or choose another one: --port." if error.errno == errno.EADDRINUSE else ""
    return f"Cannot serve on {where} with data in {settings.data}: {reason}.{advice}"
