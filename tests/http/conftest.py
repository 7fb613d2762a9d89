"""A server with short times and a few endpoints that misbehave on demand."""

import asyncio
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest
import structlog

from ostiary.http.admission import Most
from ostiary.http.application import Application, Failures, plain
from ostiary.http.connection import Times
from ostiary.http.message import Receive, Request, Response, Scope, Send
from ostiary.http.router import Route, Router
from tests.transports.port import Port

TIMES = Times(header_s=0.4, body_s=0.4, write_s=0.4, idle_s=0.4, tick_s=0.05)


@dataclass
class Site:
    """A server, and what became of it."""

    events: list[str] = field(default_factory=list)
    port: Port | None = None
    fails: bool = False
    at_once: bool = False
    pause_s: float = 0.5

    @property
    def number(self) -> int:
        """Its port."""
        assert self.port is not None
        return self.port.number

    async def start(self) -> None:
        """The application's life begins."""
        if self.fails:
            raise RuntimeError("no luck today")
        self.events.append("start")

    async def stop(self) -> None:
        """The application's life ends."""
        self.events.append("stop")

    async def echo(self, request: Request) -> Response:
        """How much was sent."""
        return Response(200, ((b"content-type", b"text/plain"),), b"%d" % len(request.body))

    async def slow(self, _: Request) -> Response:
        """An answer that takes its time."""
        self.events.append("slow began")
        await asyncio.sleep(self.pause_s)
        self.events.append("slow ended")
        return Response(200, (), b"slow")

    async def fault(self, _: Request) -> Response:
        """What nobody foresaw."""
        raise RuntimeError("a fault")

    async def empty(self, _: Request) -> Response:
        """No content."""
        return Response(204, ())

    async def large(self, _: Request) -> Response:
        """Eight megabytes."""
        return Response(200, (), b"x" * (8 << 20))

    async def medium(self, _: Request) -> Response:
        """One megabyte."""
        return Response(200, (), b"x" * (1 << 20))

    async def address(self, request: Request) -> Response:
        """Who asks, and how."""
        return Response(200, (), f"{request.peer_ip} {request.scheme} {request.header(b'host')}".encode())


async def no_streams(scope: Scope, receive: Receive, send: Send) -> None:
    """No gRPC here."""
    raise AssertionError(scope, receive, send)


def application(site: Site, *, fails: bool = False) -> Application:
    """The application of that site."""

    async def unknown(_: Request) -> Response:
        return Response(404, ())

    site.fails = fails
    routes: dict[tuple[str, str], Route] = {
        ("POST", "/echo"): plain(site.echo),
        ("GET", "/echo"): plain(site.echo),
        ("GET", "/slow"): plain(site.slow),
        ("GET", "/fault"): plain(site.fault),
        ("GET", "/empty"): plain(site.empty),
        ("GET", "/large"): plain(site.large),
        ("GET", "/medium"): plain(site.medium),
        ("GET", "/address"): plain(site.address),
    }
    routes = {place: replace(route, at_once=site.at_once) for place, route in routes.items()}
    router = Router(routes, unknown=plain(unknown), wrong_method=plain(unknown))
    failures = Failures(structlog.wrap_logger(structlog.ReturnLogger(), processors=[]), lambda: "1")
    return Application(router, failures, no_streams, site)


def serve(site: Site, times: Times = TIMES, most: Most | None = None) -> Port:
    """Start it."""
    site.port = Port(application(site), times=times, most=most)
    return site.port.start()


@pytest.fixture(params=["by ASGI", "at once"])
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    """A server for one test."""
    site = Site(at_once=request.param == "at once")
    port = serve(site)
    yield site
    if "stop" not in site.events:
        port.stop()


@pytest.fixture
def raw(site: Site) -> Iterator[socket.socket]:
    """A connection, and nothing sent yet."""
    with socket.create_connection(("127.0.0.1", site.number), timeout=5) as raw:
        yield raw


def read_all(raw: socket.socket) -> bytes:
    """All until the server closes."""
    content = b""
    while chunk := raw.recv(1 << 16):
        content += chunk
    return content
