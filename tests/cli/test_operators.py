"""What is for this machine alone: the metrics, and the test clock."""

import pytest

from ostiary.app import debug
from ostiary.effects import SystemEffects
from ostiary.errors import PermissionDenied
from ostiary.http.message import Request, Response

FORBIDDEN = 403


async def scraped(peer_ip: str, headers: dict[str, str], *, for_all: bool = False) -> int:
    """The status of a request for the metrics."""
    show = debug.metrics(lambda: b"", for_all=for_all)["GET", "/metrics"]
    named = {name.encode(): value.encode() for name, value in headers.items()}
    try:
        answer: Response = await show(Request("GET", "/metrics", named, peer_ip=peer_ip))
    except PermissionDenied as refusal:
        return refusal.http_status
    return answer.status


@pytest.mark.parametrize("host", ["localhost", "localhost:8080", "127.0.0.1:8080", "[::1]:8080"])
async def test_metrics_for_this_machine(host: str) -> None:
    """By whatever name it calls itself."""
    for peer_ip in ("127.0.0.1", "::1"):
        assert await scraped(peer_ip, {"host": host}) == 200
    assert await scraped("203.0.113.9", {"host": host}) == FORBIDDEN
    assert await scraped("203.0.113.9", {"host": host}, for_all=True) == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "id.example.com"},
        {"host": "localhost", "x-forwarded-for": "203.0.113.9"},
        {"host": "localhost", "forwarded": "for=203.0.113.9"},
        {"host": "localhost", "via": "1.1 proxy"},
        {"host": "evil.example:8080"},
        {"host": "[::1"},
        {"host": ""},
    ],
)
async def test_what_a_proxy_here_hands_on(headers: dict[str, str]) -> None:
    """It comes from this machine's address, and from anywhere; so does a page whose name was made to lead here."""
    assert await scraped("127.0.0.1", headers) == FORBIDDEN
    assert await scraped("127.0.0.1", headers, for_all=True) == 200


async def test_clock_for_this_machine() -> None:
    """Nobody elsewhere moves time."""
    advance = debug.clock(SystemEffects())["POST", "/debug/clock"]
    body = b'{"advance":"1s"}'
    here = Request("POST", "/debug/clock", {b"host": b"localhost"}, peer_ip="127.0.0.1", body=body)
    assert (await advance(here)).status == 200
    with pytest.raises(PermissionDenied):
        await advance(
            Request("POST", "/debug/clock", {b"host": b"x.example"}, peer_ip="127.0.0.1", body=body)
        )
