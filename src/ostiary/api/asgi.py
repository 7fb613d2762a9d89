"""The whole API as one ASGI application: REST, Connect, gRPC, gRPC-Web and plain HTTP endpoints on one origin."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from protobuf import DescService
from structlog.typing import FilteringBoundLogger

from ostiary.api import connect, management, policies, rest
from ostiary.api.call import Service
from ostiary.api.dispatch import Access, Dispatcher
from ostiary.api.grpc import Grpc
from ostiary.api.health import Health
from ostiary.api.languages import Languages
from ostiary.api.policies import Policies
from ostiary.api.problem import Problems
from ostiary.api.reflection import Reflection
from ostiary.errors import NotFound, OstiaryError, Unimplemented
from ostiary.http.application import Application, Failures, Lifespan, plain
from ostiary.http.message import Endpoint, Request, Response
from ostiary.http.router import Route, Router

_RPC: Final = re.compile(r"/[A-Za-z][\w.]*\.[A-Za-z]\w*/[A-Za-z]\w*\Z")


class _WrongMethod(Unimplemented):
    """The path is there, the method is not."""

    http_status = 405


class _UnknownRpc(Unimplemented):
    """The path has an RPC's form, and no RPC."""

    http_status = 404


@dataclass(frozen=True, slots=True)
class Parts:
    """What the API is put together from.

    ``routes`` are plain HTTP endpoints by method and path (``{name}`` is a variable); their errors are one line of
    text unless they come as routes of their own. ``is_ready`` is what gRPC's health service says. ``policies`` are
    what v1's calls change.
    """

    services: Sequence[Service]
    access: Access
    log: FilteringBoundLogger
    new_request_id: Callable[[], str]
    is_ready: Callable[[], bool]
    routes: Mapping[tuple[str, str], Endpoint | Route]
    lifespan: Lifespan | None = None
    policies: Policies | None = None


def build(parts: Parts) -> Application:
    """The application."""
    health = Health(tuple(service.descriptor.type_name for service in parts.services), parts.is_ready)
    dispatcher = Dispatcher(parts.services, parts.access, open_services=(health.service(),))
    descriptors: list[DescService] = [service.descriptor for service in dispatcher.services]
    problems = Problems(Languages())
    failures = Failures(parts.log, parts.new_request_id)
    streams = (*health.streams(), *Reflection(descriptors).streams())
    routes = dict(rest.routes(dispatcher, problems))
    routes.update(connect.routes(dispatcher, problems))
    routes.update(management.routes(dispatcher, problems))
    if parts.policies is not None:
        routes.update(policies.routes(dispatcher, problems, parts.policies))
    for place, endpoint in parts.routes.items():
        if place in routes:
            raise ValueError(f"{place} is the API's")
        routes[place] = endpoint if isinstance(endpoint, Route) else plain(endpoint)
    router = Router(
        routes,
        unknown=Route(_unknown, _refuse_unknown(problems), takes_body=False, cross_origin=True),
        wrong_method=Route(_wrong_method, _refuse_method(problems), takes_body=False, cross_origin=True),
    )
    return Application(router, failures, Grpc(dispatcher, problems, failures, streams), parts.lifespan)


async def _unknown(request: Request) -> Response:
    if request.method == "POST" and _RPC.match(request.path):
        raise _UnknownRpc("", "unknown method")
    raise NotFound("", "Not Found")


async def _wrong_method(_: Request) -> Response:
    raise _WrongMethod("", "Method Not Allowed")


def _refuse_unknown(problems: Problems) -> Callable[[Request, OstiaryError], Response]:
    def refuse(request: Request, error: OstiaryError) -> Response:
        tell = problems.connect if isinstance(error, _UnknownRpc) else problems.rest
        return tell(request, error)

    return refuse


def _refuse_method(problems: Problems) -> Callable[[Request, OstiaryError], Response]:
    def refuse(request: Request, error: OstiaryError) -> Response:
        answer = problems.rest(request, error)
        allowed = (b"allow", ", ".join(request.variables).encode())
        return Response(answer.status, (*answer.headers, allowed), answer.body)

    return refuse
