"""Services that answer from a script, and an access that knows two tokens."""

import asyncio
from collections.abc import MutableMapping

import structlog

from ostiary._pb.zitadel.object.v2.object_pb import Details, ListDetails
from ostiary._pb.zitadel.org.v2 import org_service_pb
from ostiary._pb.zitadel.session.v2 import session_service_pb
from ostiary._pb.zitadel.session.v2.session_pb import Session
from ostiary._pb.zitadel.settings.v2 import settings_service_pb
from ostiary._pb.zitadel.user.v2 import user_service_pb
from ostiary.api.asgi import Parts
from ostiary.api.call import Call, Service
from ostiary.core.permission import Caller, Membership
from ostiary.errors import InvalidArgument, NotFound, Unauthenticated, Unavailable
from ostiary.http.application import Lifespan
from ostiary.http.message import Endpoint, Request, Response

_OWNER = Membership("1", "1", "instance", ("IAM_OWNER",))


class FakeAccess:
    """``Bearer good`` may do all, ``Bearer weak`` nothing."""

    async def admit(self, authorization: str, organization_id: str) -> tuple[Caller, str]:
        if not authorization:
            raise Unauthenticated("", "auth header missing")
        kind, _, token = authorization.partition(" ")
        if kind != "Bearer":
            raise Unauthenticated("AUTH-toLo1", "invalid auth header")
        if token == "good":
            return Caller("1", "2", (_OWNER,)), organization_id or "2"
        if token == "weak":
            return Caller("3", "2"), organization_id or "2"
        raise Unauthenticated("AUTH-7fs1e", "Token is invalid")


class FakeSessions:
    """Sessions whose id says what happens."""

    def __init__(self) -> None:
        self.finished: list[str] = []
        self.log: list[dict[str, object]] = []

    def note(self, _: object, __: str, event: MutableMapping[str, object]) -> str:
        """A log's last processor: keep the entry, write nothing."""
        self.log.append(dict(event))
        raise structlog.DropEvent

    async def get(self, call: Call, request: session_service_pb.GetSessionRequest) -> object:
        await self._happen(request.session_id)
        session = Session(id=request.session_id, metadata={"org": call.organization_id.encode()})
        if request.session_id == "large":
            session.metadata["a"] = b"a" * 5000
        if call.idempotency_key:
            session.metadata["key"] = call.idempotency_key.encode()
        return session_service_pb.GetSessionResponse(session=session)

    async def _happen(self, name: str) -> None:
        errors: dict[str, Exception] = {
            "missing": NotFound("QUERY-SFeaa", "Session does not exist", hint='Lösche nie; look "twice"'),
            "boom": ValueError("secret detail"),
            "busy": Unavailable("ostiary.busy", "come back later", retry_after_s=3),
            "plain": NotFound("", "no id here"),
        }
        if name in errors:
            raise errors[name]
        if name == "slow":
            await asyncio.sleep(0.3)
            self.finished.append(name)

    async def create(self, _: Call, request: session_service_pb.CreateSessionRequest) -> object:
        checks = request.checks
        if checks is not None and checks.password is not None and checks.password.password == "wrong":
            raise InvalidArgument("COMMAND-3M0fs", "Password is invalid", failed_attempts=3)
        return session_service_pb.CreateSessionResponse(
            details=Details(sequence=7), session_id="1", session_token=str(len(request.metadata))
        )

    async def set(self, _: Call, request: session_service_pb.SetSessionRequest) -> object:
        return session_service_pb.SetSessionResponse(
            session_token=f"{request.session_id}:{request.session_token}"
        )

    async def list(self, _: Call, request: session_service_pb.ListSessionsRequest) -> object:
        limit = request.query.limit if request.query is not None else 0
        details = ListDetails(total_result=limit, processed_sequence=int(request.sorting_column))
        return session_service_pb.ListSessionsResponse(details=details)

    async def delete(self, _: Call, request: session_service_pb.DeleteSessionRequest) -> object:
        return session_service_pb.DeleteSessionResponse(details=Details(resource_owner=request.session_token))


async def _login_settings(_: Call, request: settings_service_pb.GetLoginSettingsRequest) -> object:
    organization = ""
    if request.ctx is not None and request.ctx.resource_owner is not None:
        organization = str(request.ctx.resource_owner.value)
    return settings_service_pb.GetLoginSettingsResponse(details=Details(resource_owner=organization))


async def _direct(call: Call, request: session_service_pb.DeleteSessionRequest) -> bytes:
    return b'{"direct":"%s"}' % request.session_id.encode()


async def _page(request: Request) -> Response:
    return Response(200, ((b"content-type", b"text/plain"),), request.variables[0].encode())


async def _refusing_page(_: Request) -> Response:
    raise NotFound("page.none", "no such page")


async def _broken_page(_: Request) -> Response:
    raise ValueError("broken")


ROUTES: dict[tuple[str, str], Endpoint] = {
    ("GET", "/page/{name}"): _page,
    ("GET", "/refusing"): _refusing_page,
    ("GET", "/broken"): _broken_page,
}


def parts(sessions: FakeSessions, lifespan: Lifespan | None = None) -> Parts:
    """The API over these services."""
    services = (
        Service(
            session_service_pb.desc().services[0],
            {
                "GetSession": sessions.get,
                "CreateSession": sessions.create,
                "SetSession": sessions.set,
                "ListSessions": sessions.list,
                "DeleteSession": sessions.delete,
            },
            {"DeleteSession": _direct},
        ),
        Service(settings_service_pb.desc().services[0], {"GetLoginSettings": _login_settings}),
        Service(user_service_pb.desc().services[0], {}),
        Service(org_service_pb.desc().services[0], {}),
    )
    ids = iter(range(1, 1_000_000))
    return Parts(
        services=services,
        access=FakeAccess(),
        log=structlog.wrap_logger(None, processors=[sessions.note]),
        new_request_id=lambda: f"request-{next(ids)}",
        is_ready=lambda: True,
        routes=ROUTES,
        lifespan=lifespan,
    )
