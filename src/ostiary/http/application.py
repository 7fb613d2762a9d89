"""The ASGI application: finds the route, reads the body, sends what the endpoint answers.

The only place that catches ``Exception``: whatever was not foreseen becomes a 500 with a request id, and the log
has the same id.
"""

import re
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, Protocol, TypeVar

from structlog.typing import FilteringBoundLogger

from ostiary.errors import CredentialRefused, Internal, OstiaryError
from ostiary.http.guard import for_origin, is_preflight, preflight
from ostiary.http.message import (
    NO_CONTENT,
    Answering,
    AsgiApp,
    ContentTooLarge,
    Event,
    Gone,
    Header,
    Peer,
    Receive,
    Request,
    Response,
    Scope,
    Send,
    joined,
    read_body,
)
from ostiary.http.router import Match, Route, Router

AnswerT = TypeVar("AnswerT")
_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}\Z")
_GRPC: Final = b"application/grpc"
_SMALL: Final = 1 << 16  # bytes of a body that is collected without its sender being slowed down


class Unexpected(Internal):
    """A fault of ours. The log entry with ``request_id`` says which."""

    def __init__(self, request_id: str) -> None:
        """Keep the id that the caller is told."""
        super().__init__("", "An internal error occurred")
        self.request_id = request_id


class Lifespan(Protocol):
    """What begins and ends with the server."""

    async def start(self) -> None:
        """Begin; an error keeps the server from starting."""
        ...

    async def stop(self) -> None:
        """End, after the last answer was sent."""
        ...


class Failures:
    """Turns what was not foreseen into :class:`Unexpected`, and logs it."""

    def __init__(self, log: FilteringBoundLogger, new_request_id: Callable[[], str]) -> None:
        """Log there, name faults so."""
        self._log = log
        self._new_request_id = new_request_id

    async def guard(self, answer: Awaitable[AnswerT], request_id: bytes, path: str) -> AnswerT:
        """What the awaitable gives; any error that is not an OstiaryError becomes one."""
        try:
            return await answer
        except OstiaryError as error:
            self.note(error, path)
            raise
        except Exception as error:
            raise self.unexpected(error, request_id, path) from error

    def unexpected(self, error: Exception, request_id: bytes, path: str) -> Unexpected:
        """Log the error under the caller's own request id, if that is well-formed, or a new one."""
        name = request_id.decode() if _REQUEST_ID.match(request_id) else self._new_request_id()
        self._log.error("request.failed", request_id=name, path=path, exc_info=error)
        return Unexpected(name)

    def note(self, error: OstiaryError, path: str) -> None:
        """Log what an error has to say to us: faults of ours always, others if they carry a word for the log."""
        if isinstance(error, Internal) and not isinstance(error, CredentialRefused):
            self._log.error("request.failed", path=path, id=error.id, debug=error.debug, exc_info=error)
        elif error.debug:
            self._log.info("request.refused", path=path, id=error.id, debug=error.debug)


class Application:
    """A router behind ASGI. Requests whose content type begins with ``application/grpc`` go to ``streams``."""

    def __init__(
        self, router: Router, failures: Failures, streams: AsgiApp, lifespan: Lifespan | None
    ) -> None:
        """Take the parts. ``places`` are the routes' methods and paths."""
        self.places = router.places
        self._find = router.find
        self._failures = failures
        self._streams = streams
        self._lifespan = lifespan

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or see the server's life through."""
        kind = scope["type"]
        if kind != "http":
            if kind == "lifespan":
                await self._live(receive, send)
            return
        raw: list[Header] = scope["headers"]
        headers = dict(raw)
        if len(headers) != len(raw):
            headers = joined(raw)
        if scope["http_version"] == "1.1" and not _names_one_host(headers):
            await _send(send, Response(400, ()), close=True)
            return
        method: str = scope["method"]
        if method == "POST" and headers.get(b"content-type", b"").startswith(_GRPC):
            origin = headers.get(b"origin")
            await self._streams(scope, receive, send if origin is None else _cross_origin(send, origin))
            return
        client = scope["client"]
        peer_ip = client[0] if client else ""
        if method == "OPTIONS" and is_preflight(headers):
            method = headers[b"access-control-request-method"].decode("latin-1")
            route, _ = self._route(method, scope)
            await _send(send, preflight(headers) if route.cross_origin else Response(403, ()))
            return
        route, variables = self._route(method, scope)
        request = Request(
            method, scope["path"], headers, scope["query_string"], variables, peer_ip, scope["scheme"]
        )
        request.connection = client if scope["http_version"] == "1.1" else None
        await self._answer(route, request, receive, send)

    def _route(self, method: str, scope: Scope) -> Match:
        try:
            return self._find(method, scope["path"], scope["raw_path"])
        except OstiaryError:  # a path that is no text is nobody's path
            return self._find(method, "", b"")

    def at_once(
        self, method: str, path: bytes, query: bytes, headers: list[Header], peer: Peer | None, scheme: str
    ) -> Answering | None:
        """What answers the request once its body is there; None unless its route is marked so and it is plain."""
        text = path.decode("latin-1")
        route, variables = self._find(method, text, path)
        if not route.at_once or method == "HEAD":
            return None
        named = dict(headers)
        if (
            len(named) != len(headers)
            or not _names_one_host(named)
            or b"transfer-encoding" in named
            or int(named.get(b"content-length", b"0")) > _SMALL
            or named.get(b"content-type", b"").startswith(_GRPC)
        ):
            return None
        peer_ip = peer[0] if peer else ""
        request = Request(method, text, named, query, variables, peer_ip, scheme, connection=peer)
        return partial(self._answered, route, request)

    async def _answered(self, route: Route, request: Request, body: bytes) -> Response:
        request.body = body
        try:
            response = await route.endpoint(request)
        except Exception as error:  # noqa: BLE001  the router's one place, see above
            response = self._refused(route, request, error)
        if b"origin" in request.headers:
            _open_to_origin(route, request, response)
        return response

    async def _answer(self, route: Route, request: Request, receive: Receive, send: Send) -> None:
        try:
            body = await read_body(receive, request.headers) if route.takes_body else b""
        except Gone:
            return
        except ContentTooLarge as error:
            response = self._refused(route, request, error)
            _open_to_origin(route, request, response)
            await _send(send, response, close=error.close)
            return
        await _send(send, await self._answered(route, request, body))

    def _refused(self, route: Route, request: Request, error: Exception) -> Response:
        """The error as the route's clients are told."""
        if isinstance(error, OstiaryError):
            self._failures.note(error, request.path)
            return route.refuse(request, error)
        name = request.headers.get(b"x-request-id", b"")
        return route.refuse(request, self._failures.unexpected(error, name, request.path))

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            event = await receive()
            name = event["type"]
            if self._lifespan is not None:
                await (self._lifespan.start() if name == "lifespan.startup" else self._lifespan.stop())
            await send({"type": f"{name}.complete"})
            if name == "lifespan.shutdown":
                return


def _names_one_host(headers: dict[bytes, bytes]) -> bool:
    """Whether the request says which host is meant, and says it once. Source: RFC 9112, 3.2."""
    return b"," not in headers.get(b"host", b",")


def _open_to_origin(route: Route, request: Request, response: Response) -> None:
    origin = request.headers.get(b"origin")
    if route.cross_origin and origin is not None:
        response.headers = (*response.headers, *for_origin(origin))


async def _send(send: Send, response: Response, *, close: bool = False) -> None:
    body = response.body
    headers = [*response.headers]
    if response.status != NO_CONTENT:
        headers.append((b"content-length", b"%d" % len(body)))
    if close:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _cross_origin(send: Send, origin: bytes) -> Send:
    """A ``send`` that lets scripts of that origin read the answer."""

    async def wrapped(event: Event) -> None:
        if event["type"] == "http.response.start":
            event = {**event, "headers": [*event["headers"], *for_origin(origin)]}
        await send(event)

    return wrapped


def plain(endpoint: Callable[[Request], Awaitable[Response]]) -> Route:
    """A route whose errors are told in one line of text."""

    def refuse(_: Request, error: OstiaryError) -> Response:
        text = f"{error.message} ({error.id})" if error.id else error.message
        if isinstance(error, Unexpected):
            text = f"{text} (request {error.request_id})"
        headers = ((b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store"))
        return Response(error.http_status, headers, text.encode())

    return Route(endpoint, refuse)
