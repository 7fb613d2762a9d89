"""Which endpoint answers a path: a dictionary for plain paths, a small tree for those with variables."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote_to_bytes

from ostiary.errors import InvalidArgument, OstiaryError
from ostiary.http.message import Endpoint, Request, Response

_VARIABLE: Final = "{"
_REST: Final = "...}"


@dataclass(frozen=True, slots=True)
class Route:
    """An endpoint, and the words in which its errors are told."""

    endpoint: Endpoint
    refuse: Callable[[Request, OstiaryError], Response]
    takes_body: bool = True
    cross_origin: bool = False  # scripts of any origin may call it (with a token, never with a cookie)
    at_once: bool = False  # mostly answers without waiting, and does not ask which task it runs in


Match = tuple[Route, tuple[str, ...]]


@dataclass(slots=True)
class _Node:
    methods: dict[str, Route] = field(default_factory=dict)
    children: dict[str, "_Node"] = field(default_factory=dict)
    variable: "_Node | None" = None
    rest: "_Node | None" = None


class Router:
    """Finds routes. ``unknown`` answers unknown paths; ``wrong_method`` gets the allowed methods as variables."""

    def __init__(
        self, routes: Mapping[tuple[str, str], Route], *, unknown: Route, wrong_method: Route
    ) -> None:
        """Take routes by method and path; a segment such as ``{id}`` is a variable.

        A last one such as ``{rest...}`` stands for every path that no other route fits; it is no variable.
        """
        self.places = frozenset(routes)  # method and path of each
        self._plain: dict[str, dict[str, Route]] = {}
        self._last: dict[
            str, dict[str, Route]
        ] = {}  # where only the last segment is a variable, by what is before it
        self._root = _Node()
        self._unknown: Match = (unknown, ())
        self._wrong_method = wrong_method
        for (method, path), route in routes.items():
            self._add(method, path, route)

    def _add(self, method: str, path: str, route: Route) -> None:
        node = self._root
        for segment in path.split("/")[1:]:
            if segment.endswith(_REST):
                node.rest = node.rest or _Node()
                node = node.rest
            elif segment.startswith(_VARIABLE):
                node.variable = node.variable or _Node()
                node = node.variable
            else:
                node = node.children.setdefault(segment, _Node())
        if method in node.methods:
            raise ValueError(f"two routes for {method} {path}")
        node.methods[method] = route
        if _VARIABLE not in path:
            self._plain[path] = node.methods
        before, _, last = path.rpartition("/")
        if last.startswith(_VARIABLE) and not last.endswith(_REST) and _VARIABLE not in before:
            self._last[before] = node.methods

    def find(self, method: str, path: str, raw_path: bytes) -> Match:
        """The route and its variables. ``path`` is decoded, ``raw_path`` is as sent (its segments are decoded here).

        Raises: InvalidArgument for a path that is not UTF-8.
        """
        methods = self._plain.get(path)
        if methods is not None and method in methods:
            return methods[method], ()
        if b"%" not in raw_path:
            before, _, last = path.rpartition("/")
            methods = self._last.get(before)
            if methods is not None and last and method in methods:
                return methods[method], (last,)
        allowed: set[str] = set()
        found = _walk(self._root, _segments(raw_path), (), method, allowed)
        if found is None and method == "HEAD" and "GET" in allowed:  # the server leaves the body out
            found = _walk(self._root, _segments(raw_path), (), "GET", allowed)
        if found is not None:
            return found
        return (self._wrong_method, tuple(sorted(allowed))) if allowed else self._unknown


def _segments(raw_path: bytes) -> list[str]:
    try:
        if b"%" not in raw_path:
            return raw_path.decode().split("/")[1:]
        return [unquote_to_bytes(segment).decode() for segment in raw_path.split(b"/")[1:]]
    except UnicodeDecodeError:
        raise InvalidArgument("", "the path is not valid UTF-8") from None


def _walk(
    node: _Node, segments: list[str], variables: tuple[str, ...], method: str, allowed: set[str]
) -> Match | None:
    """The route for the method; ``allowed`` collects the methods of paths that fit.

    Plain segments go before variables, and these before the rest; a variable is never empty.
    """
    if not segments:
        allowed.update(node.methods)
        return (node.methods[method], variables) if method in node.methods else None
    segment, rest, known = segments[0], segments[1:], len(allowed)
    child = node.children.get(segment)
    found = _walk(child, rest, variables, method, allowed) if child is not None else None
    if found is None and node.variable is not None and segment:
        found = _walk(node.variable, rest, (*variables, segment), method, allowed)
    if found is None and node.rest is not None and len(allowed) == known:
        found = _walk(node.rest, [], variables, method, allowed)
    return found
