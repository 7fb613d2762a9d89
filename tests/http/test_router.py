"""Which route a path and a method lead to."""

import pytest

from ostiary.errors import InvalidArgument
from ostiary.http.application import plain
from ostiary.http.message import Request, Response
from ostiary.http.router import Route, Router


async def _nothing(_: Request) -> Response:
    return Response(200, ())


def _router(*places: str) -> tuple[Router, dict[str, Route]]:
    routes = {place: plain(_nothing) for place in places}
    keys = {(place.split(" ")[0], place.split(" ")[1]): route for place, route in routes.items()}
    unknown, wrong = plain(_nothing), plain(_nothing)
    return Router(keys, unknown=unknown, wrong_method=wrong), {**routes, "unknown": unknown, "wrong": wrong}


ROUTER, ROUTES = _router(
    "GET /a", "POST /a/{x}", "GET /a/{x}", "POST /a/new", "PUT /a/{x}/b/{y}", "GET /a/b/b/c", "DELETE /{x}/z",
    "GET /p/{rest...}", "POST /p/q", "GET /p/{x}/s"
)  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path", "place", "variables"),
    [
        ("GET", "/a", "GET /a", ()),
        ("GET", "/a/1", "GET /a/{x}", ("1",)),
        ("POST", "/a/new", "POST /a/new", ()),
        ("GET", "/a/new", "GET /a/{x}", ("new",)),
        ("PUT", "/a/1/b/2", "PUT /a/{x}/b/{y}", ("1", "2")),
        ("GET", "/a/b/b/c", "GET /a/b/b/c", ()),
        ("PUT", "/a/b/b/c", "PUT /a/{x}/b/{y}", ("b", "c")),
        ("DELETE", "/a/z", "DELETE /{x}/z", ("a",)),
        ("HEAD", "/a", "GET /a", ()),
        ("HEAD", "/a/1", "GET /a/{x}", ("1",)),
        ("DELETE", "/a", "wrong", ("GET",)),
        ("PATCH", "/a/z", "wrong", ("DELETE", "GET", "POST")),
        ("GET", "/", "unknown", ()),
        ("GET", "", "unknown", ()),
        ("GET", "/a/", "unknown", ()),
        ("GET", "/a//b/2", "unknown", ()),
        ("GET", "/a/1/b", "unknown", ()),
        ("GET", "*", "unknown", ()),
        ("GET", "/p/1/s", "GET /p/{x}/s", ("1",)),
        ("GET", "/p/1/s/2", "GET /p/{rest...}", ()),
        ("HEAD", "/p/1", "GET /p/{rest...}", ()),
        ("GET", "/p/", "GET /p/{rest...}", ()),
        ("GET", "/p/q", "wrong", ("POST",)),
        ("DELETE", "/p/1", "wrong", ("GET",)),
        ("GET", "/p", "unknown", ()),
    ],
)
def test_find(method: str, path: str, place: str, variables: tuple[str, ...]) -> None:
    """Plain segments go before variables, method by method; variables are never empty."""
    assert ROUTER.find(method, path, path.encode()) == (ROUTES[place], variables)


def test_decoding() -> None:
    """Segments are decoded after the path was split; what is no UTF-8 is refused."""
    assert ROUTER.find("GET", "/a/x/y é", b"/a/x%2Fy%20%C3%A9") == (ROUTES["GET /a/{x}"], ("x/y é",))
    for raw in (b"/a/%ff", b"/a/\xff"):
        with pytest.raises(InvalidArgument):
            ROUTER.find("GET", "/a/?/?", raw)


def test_two_routes_for_one_place() -> None:
    """Two routes of one method for one path are a mistake, whatever their variables are called."""
    with pytest.raises(ValueError, match="two routes"):
        _router("GET /a/{x}", "GET /a/{y}")
