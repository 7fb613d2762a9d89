"""The endpoints for operators: alive, ready, metrics, and the test clock."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

import msgspec

from ostiary.app.readiness import Readiness
from ostiary.config.settings import is_here
from ostiary.effects import SystemEffects
from ostiary.errors import InvalidArgument, PermissionDenied
from ostiary.http.message import Endpoint, Header, Request, Response

_TEXT: Final[Header] = (b"content-type", b"text/plain; charset=utf-8")
_PROMETHEUS: Final[Header] = (b"content-type", b"text/plain; version=0.0.4; charset=utf-8")
_JSON: Final[Header] = (b"content-type", b"application/json")
_UNSTORED: Final[Header] = (b"cache-control", b"no-store")
_SECONDS: Final = re.compile(r"([0-9]{1,10}(?:\.[0-9]{1,9})?)s", re.ASCII)
_FORWARDED: Final = frozenset((b"forwarded", b"x-forwarded-for", b"via"))
Routes = dict[tuple[str, str], Endpoint]


def health(readiness: Readiness) -> Routes:
    """``/debug/healthz`` says that the event loop answers, ``/debug/ready`` that work can be done."""

    async def alive(_: Request) -> Response:
        return Response(200, (_TEXT, _UNSTORED), b"ok\n")

    async def ready(_: Request) -> Response:
        problems = await readiness.problems()
        text = "\n".join(problems) if problems else "ok"
        return Response(503 if problems else 200, (_TEXT, _UNSTORED), f"{text}\n".encode())

    async def validate(_: Request) -> Response:
        problems = await readiness.problems()
        body = msgspec.json.encode({"ready": not problems, "problems": problems})
        return Response(503 if problems else 200, (_JSON, _UNSTORED), body)

    return {
        ("GET", "/debug/healthz"): alive,
        ("GET", "/debug/ready"): ready,
        ("GET", "/debug/validate"): validate,
    }


def metrics(text: Callable[[], bytes], *, for_all: bool) -> Routes:
    """``/metrics`` in Prometheus' text format, for this machine unless it is for all."""

    async def show(request: Request) -> Response:
        if not for_all:
            _require_local(request, "metrics_for_all")
        return Response(200, (_PROMETHEUS, _UNSTORED), text())

    return {("GET", "/metrics"): show}


def clock(effects: SystemEffects) -> Routes:
    """``POST /debug/clock {"advance":"300s"}`` moves the server's time forward and answers with it."""

    async def advance(request: Request) -> Response:
        _require_local(request, "test_clock")
        try:
            text = msgspec.json.decode(request.body, type=dict[str, str]).get("advance", "")
        except msgspec.MsgspecError:
            text = ""
        seconds = _SECONDS.fullmatch(text)
        if seconds is None:
            raise InvalidArgument(
                "clock.form", "The time to advance is missing", hint='send {"advance":"300s"}'
            )
        effects.advance(timedelta(seconds=float(seconds[1])))
        return Response(200, (_JSON, _UNSTORED), msgspec.json.encode({"now": effects.now()}))

    return {("POST", "/debug/clock"): advance}


def _require_local(request: Request, setting: str) -> None:
    """Raise unless it comes from this machine: and not from a proxy here, nor a page whose name was made to lead here."""
    if not (is_here(request.peer_ip.partition("%")[0]) and _names_us(request)) or not _FORWARDED.isdisjoint(
        request.headers
    ):
        raise PermissionDenied(
            f"debug.{setting}.not_local", "Only for this machine", hint=f"see the setting {setting}"
        )


def _names_us(request: Request) -> bool:
    try:
        return is_here(urlsplit(f"//{request.header(b'host')}").hostname or "")
    except ValueError:
        return False
