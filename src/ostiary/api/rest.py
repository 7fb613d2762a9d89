"""REST, transcoded from ``google.api.http``: path variables, query or body into the message, the answer as JSON."""

from collections.abc import Callable, Iterator
from typing import Any, Final
from urllib.parse import parse_qsl

from protobuf import DescEnum, DescMessage, Message, ScalarType

from ostiary._pb.google.api.annotations_pb import ext_http
from ostiary._pb.google.api.http_pb import HttpRule
from ostiary.api.dispatch import Dispatcher, Method
from ostiary.api.problem import Problems
from ostiary.api.strict.from_json import from_value, walk
from ostiary.api.strict.shape import FREE_FORM, FieldShape, Shape, refused, without_nul
from ostiary.errors import InvalidArgument
from ostiary.http.guard import API_HEADERS
from ostiary.http.message import Request, Response, UnsupportedMedia, gunzip
from ostiary.http.router import Route

Read = Callable[[Request], Message]

_HEADERS: Final = ((b"content-type", b"application/json"), *API_HEADERS)
_JSON: Final = b"application/json"
_OF_CURL: Final = (
    b"application/x-www-form-urlencoded"  # what `curl -d` calls everything; ZITADEL takes it too
)
_MAX_PARAMETERS: Final = 100


def routes(dispatcher: Dispatcher, problems: Problems) -> Iterator[tuple[tuple[str, str], Route]]:
    """Each REST binding: HTTP method and path, and its route."""
    for method in dispatcher.methods.values():
        options = method.desc.proto.options
        rule = options[ext_http] if options is not None else None
        if rule is None or rule.pattern is None:
            continue
        for binding in (rule, *rule.additional_bindings):
            yield _binding(binding), _route(dispatcher, problems, method, binding)


def _binding(rule: HttpRule) -> tuple[str, str]:
    verb, path = rule.pattern.field, rule.pattern.value  # type: ignore[union-attr]
    return str(verb).upper(), str(path)


def _route(dispatcher: Dispatcher, problems: Problems, method: Method, rule: HttpRule) -> Route:
    names = [part[1:-1] for part in _binding(rule)[1].split("/") if part.startswith("{")]
    variables = [method.shape.by_name[name] for name in names]
    takes_body = rule.body == "*"
    if any(part.element is not ScalarType.STRING or part.repeated for part in variables):
        raise TypeError(f"{method.path}: a path variable is a string")
    read = _from_body(method, variables) if takes_body else _from_query(method, variables)
    status, answer, admit = method.http_status, method.answer_json, dispatcher.admit

    async def endpoint(request: Request) -> Response:
        call = await admit(method, request.headers, request.peer_ip)
        return Response(status, _HEADERS, await answer(call, read(request)))

    at_once = method.direct is not None
    return Route(endpoint, problems.rest, takes_body, cross_origin=True, at_once=at_once)


def _from_body(method: Method, variables: list[FieldShape]) -> Read:
    """The message of the body, with the path's variables over it."""
    names = [part.desc.local_name for part in variables]
    parse, judged = method.read_json, method.judged

    def read(request: Request) -> Message:
        document = _document(request)
        if not names:
            return parse(document)
        message = method.parse_json(document)
        for name, value in zip(names, request.variables, strict=True):
            setattr(message, name, without_nul(value, name))
        return judged(message)

    return read


def _document(request: Request) -> bytes:
    body = request.body
    if not body:
        return body
    kind = request.headers.get(b"content-type", _JSON)
    if kind != _JSON and kind.partition(b";")[0].strip().lower() not in (_JSON, _OF_CURL):
        raise UnsupportedMedia("", "the content type must be application/json")
    encoding = request.headers.get(b"content-encoding", b"identity")
    if encoding == b"gzip":
        return gunzip(body)
    if encoding != b"identity":
        raise UnsupportedMedia("", "the content encoding must be gzip or identity")
    return body


def _from_query(method: Method, variables: list[FieldShape]) -> Read:
    """The message of the query's parameters, with the path's variables over them."""
    names = [part.desc.local_name for part in variables]
    make, judged, shape = method.input, method.judged, method.shape

    def read(request: Request) -> Message:
        message = from_value(make, _tree(request.query, shape)) if request.query else make()
        for name, value in zip(names, request.variables, strict=True):
            setattr(message, name, without_nul(value, name))
        return judged(message)

    return read


def _tree(query: bytes, shape: Shape) -> dict[str, Any]:
    """The parameters as a JSON document; what the message does not know is left out.

    Raises: InvalidArgument.
    """
    try:
        pairs = parse_qsl(
            query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MAX_PARAMETERS
        )
    except ValueError:  # UnicodeError is one
        raise InvalidArgument("", "the query is malformed") from None
    tree: dict[str, Any] = {}
    for name, value in pairs:
        _plant(tree, shape, name, without_nul(value, "the query"))
    walk(tree, shape)
    return tree


def _plant(tree: dict[str, Any], shape: Shape, name: str, value: str) -> None:
    """Put one parameter, such as ``query.limit``, where it belongs."""
    first, _, rest = name.partition(".")
    part = shape.by_name.get(first)
    if part is None or part.is_map:
        return
    key = part.desc.json_name
    if rest:
        child = part.child
        if child is not None and not part.repeated and child.desc.type_name not in FREE_FORM:
            _plant(tree.setdefault(key, {}), child, rest, value)
    elif part.repeated:
        tree.setdefault(key, []).append(_leaf(part, value))
    elif key in tree:
        raise refused(f"too many values for {name!r}")
    else:
        tree[key] = _leaf(part, value)


def _leaf(part: FieldShape, value: str) -> Any:
    element = part.element
    if element is ScalarType.BOOL:
        if value not in ("true", "false"):
            raise refused(f"invalid value for {part.desc.name}: neither true nor false")
        return value == "true"
    if isinstance(element, DescEnum) and value.isascii() and value.removeprefix("-").isdigit():
        return int(value[:12])
    if isinstance(element, DescMessage) and element.type_name in FREE_FORM:
        raise refused(f"{part.desc.name} cannot be sent in the query")
    return value
