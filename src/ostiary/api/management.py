"""The few calls of ZITADEL's v1 APIs that set-up scripts and tests use, translated into calls of v2 and back.

Door, limits and handlers are those of the v2 call; only paths and names differ. A body's keys that v2 does not know are
left out. Source: ZITADEL's wire contract, part 6.3.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec

from ostiary.api.call import Call
from ostiary.api.dispatch import Dispatcher, Method
from ostiary.api.management_messages import (
    api_application,
    api_application_made,
    details,
    login_name_query,
    machine,
    oidc_application,
    oidc_application_made,
    project,
    user_of_v1,
)
from ostiary.api.problem import Problems
from ostiary.errors import InvalidArgument, NotFound
from ostiary.http.guard import API_HEADERS
from ostiary.http.message import Request, Response
from ostiary.http.router import Route

Document = dict[str, Any]
_HEADERS: Final = ((b"content-type", b"application/json"), *API_HEADERS)
_decode = msgspec.json.Decoder(Document).decode
_PROJECT: Final = "zitadel.project.v2.ProjectService"
_APPLICATION: Final = "zitadel.application.v2.ApplicationService"
_USER: Final = "zitadel.user.v2.UserService"
_AUTHORIZATION: Final = "zitadel.authorization.v2.AuthorizationService"


class Desk:
    """Where a v1 call is turned into v2 calls."""

    def __init__(self, dispatcher: Dispatcher, request: Request) -> None:
        """For one request."""
        self._dispatcher = dispatcher
        self._request = request
        self.variables: Sequence[str] = request.variables

    def body(self) -> Document:
        """The request's JSON object."""
        try:
            return _decode(self._request.body or b"{}")
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise InvalidArgument("", "the body is not a JSON object") from None

    def query(self, name: str) -> str:
        """A parameter of the query, or empty."""
        return parse_qs(self._request.query.decode("latin-1")).get(name, [""])[0]

    async def admit(self, rpc: str) -> Call:
        """Who is calling, let through the door of a v2 call."""
        return await self._dispatcher.admit(self._method(rpc), self._request.headers, self._request.peer_ip)

    async def ask(self, call: Call, rpc: str, document: Document) -> Document:
        """The answer of a v2 call to a request that is given as its JSON; names as in JSON, absent if empty."""
        method = self._method(rpc)
        answer = await method.handler(call, method.read_json(msgspec.json.encode(document)))
        return _decode(answer.to_json())

    def _method(self, rpc: str) -> Method:
        return self._dispatcher.methods[f"/{rpc}"]


@dataclass(frozen=True, slots=True)
class _V1:
    """One call: verb, path, the v2 call whose door it has, and what it does."""

    verb: str
    path: str
    rpc: str
    run: Callable[[Desk, Call], Awaitable[Document]]


def routes(dispatcher: Dispatcher, problems: Problems) -> Iterator[tuple[tuple[str, str], Route]]:
    """Each call whose v2 service is offered: HTTP method and path, and its route."""
    for v1 in _CALLS:
        if f"/{v1.rpc}" in dispatcher.methods:
            yield (v1.verb, v1.path), _route(dispatcher, problems, v1)


def _route(dispatcher: Dispatcher, problems: Problems, v1: _V1) -> Route:
    async def endpoint(request: Request) -> Response:
        desk = Desk(dispatcher, request)
        call = await desk.admit(v1.rpc)
        return Response(200, _HEADERS, msgspec.json.encode(await v1.run(desk, call)))

    return Route(endpoint, problems.rest, takes_body=v1.verb != "GET", cross_origin=True)


async def _add_project(desk: Desk, call: Call) -> Document:
    made = await desk.ask(call, f"{_PROJECT}/CreateProject", project(desk.body(), call.organization_id))
    return {"id": made["projectId"], "details": details(made, call.organization_id)}


async def _add_role(desk: Desk, call: Call) -> Document:
    (project_id,) = desk.variables
    made = await desk.ask(call, f"{_PROJECT}/AddProjectRole", {**desk.body(), "projectId": project_id})
    return {"details": details(made, call.organization_id)}


async def _add_oidc_application(desk: Desk, call: Call) -> Document:
    wanted = oidc_application(desk.body(), desk.variables[0])
    made = await desk.ask(call, f"{_APPLICATION}/CreateApplication", wanted)
    return oidc_application_made(made, call.organization_id)


async def _add_api_application(desk: Desk, call: Call) -> Document:
    wanted = api_application(desk.body(), desk.variables[0])
    made = await desk.ask(call, f"{_APPLICATION}/CreateApplication", wanted)
    return api_application_made(made, call.organization_id)


async def _add_machine(desk: Desk, call: Call) -> Document:
    made = await desk.ask(call, f"{_USER}/CreateUser", machine(desk.body(), call.organization_id))
    return {"userId": made["id"], "details": details(made, call.organization_id)}


async def _add_grant(desk: Desk, call: Call) -> Document:
    body = desk.body()
    wanted = {
        "userId": desk.variables[0],
        "organizationId": call.organization_id,
        "projectId": body.get("projectId", ""),
        "roleKeys": body.get("roleKeys", []),
    }
    made = await desk.ask(call, f"{_AUTHORIZATION}/CreateAuthorization", wanted)
    return {"userGrantId": made["id"], "details": details(made, call.organization_id)}


async def _new_secret(desk: Desk, call: Call) -> Document:
    by_id = {"userId": desk.variables[0]}
    made = await desk.ask(call, f"{_USER}/AddSecret", by_id)
    user = await desk.ask(call, f"{_USER}/GetUserByID", by_id)
    return {
        "clientId": user["user"]["username"],
        "clientSecret": made["clientSecret"],
        "details": details(made, call.organization_id),
    }


async def _add_key(desk: Desk, call: Call) -> Document:
    wanted = {"expirationDate": "9999-12-31T23:59:59Z", **desk.body(), "userId": desk.variables[0]}
    made = await desk.ask(call, f"{_USER}/AddKey", wanted)
    return {
        "keyId": made["keyId"],
        "keyDetails": made.get("keyContent", ""),
        "details": details(made, call.organization_id),
    }


async def _add_token(desk: Desk, call: Call) -> Document:
    wanted = {"expirationDate": "9999-12-31T23:59:59Z", **desk.body(), "userId": desk.variables[0]}
    made = await desk.ask(call, f"{_USER}/AddPersonalAccessToken", wanted)
    return {
        "tokenId": made["tokenId"],
        "token": made["token"],
        "details": details(made, call.organization_id),
    }


async def _me(desk: Desk, call: Call) -> Document:
    found = await desk.ask(call, f"{_USER}/GetUserByID", {"userId": call.caller.user_id})
    return {"user": user_of_v1(found["user"])}


async def _by_login_name(desk: Desk, call: Call) -> Document:
    wanted = login_name_query(desk.query("loginName") or desk.query("login_name"))
    users = (await desk.ask(call, f"{_USER}/ListUsers", wanted)).get("result", [])
    if not users:
        raise NotFound("management.user_unknown", "User could not be found")
    return {"user": user_of_v1(users[0])}


_MANAGEMENT: Final = "/management/v1"
_CALLS: Final = (
    _V1("POST", f"{_MANAGEMENT}/projects", f"{_PROJECT}/CreateProject", _add_project),
    _V1("POST", f"{_MANAGEMENT}/projects/{{id}}/roles", f"{_PROJECT}/AddProjectRole", _add_role),
    _V1(
        "POST",
        f"{_MANAGEMENT}/projects/{{id}}/apps/oidc",
        f"{_APPLICATION}/CreateApplication",
        _add_oidc_application,
    ),
    _V1(
        "POST",
        f"{_MANAGEMENT}/projects/{{id}}/apps/api",
        f"{_APPLICATION}/CreateApplication",
        _add_api_application,
    ),
    _V1("POST", f"{_MANAGEMENT}/users/machine", f"{_USER}/CreateUser", _add_machine),
    _V1("PUT", f"{_MANAGEMENT}/users/{{id}}/secret", f"{_USER}/AddSecret", _new_secret),
    _V1("POST", f"{_MANAGEMENT}/users/{{id}}/keys", f"{_USER}/AddKey", _add_key),
    _V1("POST", f"{_MANAGEMENT}/users/{{id}}/pats", f"{_USER}/AddPersonalAccessToken", _add_token),
    _V1(
        "POST",
        f"{_MANAGEMENT}/users/{{id}}/grants",
        f"{_AUTHORIZATION}/CreateAuthorization",
        _add_grant,
    ),
    _V1("GET", f"{_MANAGEMENT}/global/users/_by_login_name", f"{_USER}/ListUsers", _by_login_name),
    _V1("GET", "/auth/v1/users/me", f"{_USER}/GetUserByID", _me),
)
