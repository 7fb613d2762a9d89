"""Unary Connect, JSON and binary. Source: the Connect protocol, "Unary requests"."""

import re
from collections.abc import Iterator
from typing import Final

from ostiary.api.dispatch import Dispatcher, Method
from ostiary.api.problem import Problems
from ostiary.errors import InvalidArgument, OstiaryError, Unimplemented
from ostiary.http.guard import API_HEADERS
from ostiary.http.message import Header, Request, Response, UnsupportedMedia, gunzip, gzipped
from ostiary.http.router import Route

_JSON: Final = b"application/json"
_PROTO: Final = b"application/proto"
_HEADERS: Final[dict[bytes, tuple[Header, ...]]] = {
    kind: ((b"content-type", kind), *API_HEADERS) for kind in (_JSON, _PROTO)
}
_MILLISECONDS: Final = re.compile(rb"[0-9]{1,10}\Z")
_WORTH_PACKING: Final = 1400  # bytes: what is smaller goes in one packet anyway


def routes(dispatcher: Dispatcher, problems: Problems) -> Iterator[tuple[tuple[str, str], Route]]:
    """Each method: POST and its path, and its route."""
    for method in dispatcher.methods.values():
        yield ("POST", method.path), _route(dispatcher, problems, method)


def _route(dispatcher: Dispatcher, problems: Problems, method: Method) -> Route:
    admit, read_json, read_binary = dispatcher.admit, method.read_json, method.read_binary
    answer_json, answer_binary = method.answer_json, method.answer_binary

    async def endpoint(request: Request) -> Response:
        headers = request.headers
        kind = _kind(headers.get(b"content-type", b""))
        timeout_s = _checked(headers)
        body = _unpacked(request)
        call = await admit(method, headers, request.peer_ip)
        if kind is _JSON:
            answer = answer_json(call, read_json(body))
        else:
            answer = answer_binary(call, read_binary(body))
        content = await (answer if timeout_s is None else dispatcher.within(timeout_s, answer))
        if len(content) > _WORTH_PACKING and b"gzip" in headers.get(b"accept-encoding", b""):
            packed = (*_HEADERS[kind], (b"content-encoding", b"gzip"), (b"vary", b"Accept-Encoding"))
            return Response(200, packed, gzipped(content))
        return Response(200, _HEADERS[kind], content)

    def refuse(request: Request, error: OstiaryError) -> Response:
        if isinstance(error, UnsupportedMedia):
            return Response(415, ((b"accept-post", b"application/json, application/proto"), *API_HEADERS))
        return problems.connect(request, error)

    return Route(endpoint, refuse, cross_origin=True, at_once=method.direct is not None)


def _kind(content_type: bytes) -> bytes:
    """Which of the two forms is spoken."""
    if content_type == _JSON:
        return _JSON
    name, _, parameter = content_type.partition(b";")
    name = name.strip().lower()
    parameter = parameter.strip().lower().replace(b'"', b"")
    if name == _JSON and parameter in (b"", b"charset=utf-8"):
        return _JSON
    if name == _PROTO and not parameter:
        return _PROTO
    raise UnsupportedMedia("", "neither application/json nor application/proto")


def _checked(headers: dict[bytes, bytes]) -> float | None:
    """The caller's time limit; the version, which need not be sent, is the only one there is."""
    version = headers.get(b"connect-protocol-version")
    if version is not None and version != b"1":
        raise InvalidArgument("", 'connect-protocol-version must be "1"')
    timeout = headers.get(b"connect-timeout-ms")
    if timeout is None:
        return None
    if not _MILLISECONDS.match(timeout):
        raise InvalidArgument("", "connect-timeout-ms must be up to ten digits")
    return int(timeout) / 1000


def _unpacked(request: Request) -> bytes:
    encoding = request.headers.get(b"content-encoding")
    if encoding is None or encoding == b"identity":
        return request.body
    if encoding != b"gzip":
        raise Unimplemented("", "unknown compression: supported encodings are gzip, identity")
    return gunzip(request.body) if request.body else b""
