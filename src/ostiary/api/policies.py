"""ZITADEL's v1 calls that set policies, of an organisation (``/management/v1``) or the instance (``/admin/v1``).

A body is the whole policy: what it leaves out is false, zero or empty, but for lifetimes and lists of factors, which stay
as they are. Keys that are not known are left out. Source: ZITADEL's wire contract, part 6.3.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ostiary.api.call import Call
from ostiary.api.dispatch import Dispatcher
from ostiary.api.management import Desk
from ostiary.api.policy_bodies import BODIES, DOMAIN, Body
from ostiary.api.problem import Problems
from ostiary.api.settings_messages import details_of_row
from ostiary.core.permission import door_refusal
from ostiary.core.policy import Policy
from ostiary.http.guard import API_HEADERS
from ostiary.http.message import Request, Response
from ostiary.http.router import Route
from ostiary.settings.commands import Before, PolicyCommands
from ostiary.settings.queries import SettingsQueries

_HEADERS: Final = ((b"content-type", b"application/json"), *API_HEADERS)
_MANAGEMENT: Final = "/management/v1/policies"
_ADMIN: Final = "/admin/v1/policies"
_OF_ORGANIZATION: Final = "/admin/v1/orgs/{id}/policies"
# an RPC whose door asks who is calling, and nothing else
_OPEN_DOOR: Final = "zitadel.org.v2.OrganizationService/ListOrganizations"


@dataclass(frozen=True, slots=True)
class Policies:
    """What these calls work with."""

    commands: PolicyCommands
    queries: SettingsQueries


@dataclass(frozen=True, slots=True)
class _Place:
    """Verb and path of a call, what it sets, what its door asks for, and what must be set before (None: reset)."""

    verb: str
    path: str
    body: Body
    permission: str
    before: Before | None

    def organization_id(self, call: Call, desk: Desk) -> str:
        """Whose policy it is: the organisation's in the path, the call's, or (empty) the instance's."""
        if self.path.startswith(_MANAGEMENT):
            return call.organization_id
        return desk.variables[0] if desk.variables else ""


def routes(
    dispatcher: Dispatcher, problems: Problems, policies: Policies
) -> Iterator[tuple[tuple[str, str], Route]]:
    """Each call: HTTP method and path, and its route."""
    for place in _places():
        yield (place.verb, place.path), _route(dispatcher, problems, policies, place)


def _places() -> Iterator[_Place]:
    for body in BODIES:
        path = f"{_MANAGEMENT}/{body.path}"
        yield _Place("POST", path, body, "policy.write", Before.NONE)
        yield _Place("PUT", path, body, "policy.write", Before.SOME)
        yield _Place("DELETE", path, body, "policy.delete", None)
        yield _Place("PUT", f"{_ADMIN}/{body.path}", body, "iam.policy.write", Before.ANY)
    path = f"{_OF_ORGANIZATION}/{DOMAIN.path}"
    yield _Place("PUT", f"{_ADMIN}/{DOMAIN.path}", DOMAIN, "iam.policy.write", Before.ANY)
    yield _Place("POST", path, DOMAIN, "iam.policy.write", Before.NONE)
    yield _Place("PUT", path, DOMAIN, "iam.policy.write", Before.SOME)
    yield _Place("DELETE", path, DOMAIN, "iam.policy.write", None)


def _route(dispatcher: Dispatcher, problems: Problems, policies: Policies, place: _Place) -> Route:
    async def endpoint(request: Request) -> Response:
        desk = Desk(dispatcher, request)
        call = await desk.admit(_OPEN_DOOR)
        if not call.caller.holds_anywhere(place.permission):
            raise door_refusal(place.permission)
        organization_id = place.organization_id(call, desk)
        row = await _carried_out(policies, place, desk, call, organization_id)
        instance = await policies.queries.instance()
        details = details_of_row(row, instance, organization_id, row.version if row else instance.version)
        document = b'{"details":%b}' % details.to_json().encode()
        return Response(200, _HEADERS, document)

    return Route(endpoint, problems.rest, takes_body=place.verb != "DELETE", cross_origin=True)


async def _carried_out(
    policies: Policies, place: _Place, desk: Desk, call: Call, organization_id: str
) -> Policy | None:
    group, commands = place.body.group, policies.commands
    if place.before is None:
        await commands.reset(call.caller, group, organization_id)
        return None
    values = place.body.values(desk.body())
    return await commands.set(call.caller, group, organization_id, values, place.before)
