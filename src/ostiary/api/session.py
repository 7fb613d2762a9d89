"""``zitadel.session.v2.SessionService``."""

from collections.abc import Awaitable, Callable, Sequence

from ostiary._pb.zitadel.object.v2 import object_pb
from ostiary._pb.zitadel.session.v2 import session_service_pb as pb
from ostiary.api.call import Call, Service
from ostiary.api.paging import limit_of, offset_of
from ostiary.api.session_json import changed_json, json_name, session_json, sessions_json
from ostiary.api.session_messages import challenges_message, change_of, details_of, session_message, stamp
from ostiary.api.session_search import condition_of
from ostiary.core.factor import Factor
from ostiary.core.idempotency import Once, once_of
from ostiary.sessions.commands import SessionCommands
from ostiary.sessions.queries import SessionPage, SessionQueries

InstanceId = Callable[[], Awaitable[str]]


class SessionApi:
    """Each RPC: message in, command or query, message out."""

    def __init__(
        self,
        commands: SessionCommands,
        queries: SessionQueries,
        factors: Sequence[Factor],
        instance_id: InstanceId,
    ) -> None:
        """``factors`` in the order in which checks run."""
        self._commands = commands
        self._queries = queries
        self._factors = factors
        self.instance_id = instance_id
        self._json_names = {factor.kind: json_name(factor.kind) for factor in factors}

    async def create(self, call: Call, request: pb.CreateSessionRequest) -> pb.CreateSessionResponse:
        """CreateSession."""
        change = change_of(request, self._factors)
        changed = await self._commands.create(call.caller, change, _once(call, "CreateSession", request))
        return pb.CreateSessionResponse(
            details=details_of(changed, await self.instance_id()),
            session_id=changed.session_id,
            session_token=changed.token,
            challenges=challenges_message(changed),
        )

    async def set(self, call: Call, request: pb.SetSessionRequest) -> pb.SetSessionResponse:
        """SetSession."""
        change, token = change_of(request, self._factors), request.session_token
        once = _once(call, "SetSession", request)
        changed = await self._commands.set(call.caller, request.session_id, token, change, once)
        return pb.SetSessionResponse(
            details=details_of(changed, await self.instance_id()),
            session_token=changed.token,
            challenges=challenges_message(changed),
        )

    async def get(self, call: Call, request: pb.GetSessionRequest) -> pb.GetSessionResponse:
        """GetSession."""
        view = await self._queries.get(call.caller, request.session_id, request.session_token or "")
        return pb.GetSessionResponse(session=session_message(view, self._factors))

    async def delete(self, call: Call, request: pb.DeleteSessionRequest) -> pb.DeleteSessionResponse:
        """DeleteSession."""
        changed = await self._commands.end(call.caller, request.session_id, request.session_token or "")
        return pb.DeleteSessionResponse(details=details_of(changed, await self.instance_id()))

    async def search(self, call: Call, request: pb.ListSessionsRequest) -> pb.ListSessionsResponse:
        """ListSessions."""
        page = await self._searched(call, request)
        return pb.ListSessionsResponse(
            details=object_pb.ListDetails(total_result=page.total, timestamp=stamp(page.at)),
            sessions=[session_message(view, self._factors) for view in page.items],
        )

    async def create_json(self, call: Call, request: pb.CreateSessionRequest) -> bytes:
        """CreateSession's answer as JSON."""
        change = change_of(request, self._factors)
        changed = await self._commands.create(call.caller, change, _once(call, "CreateSession", request))
        return changed_json(changed, await self.instance_id(), names_session=True)

    async def set_json(self, call: Call, request: pb.SetSessionRequest) -> bytes:
        """SetSession's answer as JSON."""
        change, token = change_of(request, self._factors), request.session_token
        once = _once(call, "SetSession", request)
        changed = await self._commands.set(call.caller, request.session_id, token, change, once)
        return changed_json(changed, await self.instance_id(), names_session=False)

    async def get_json(self, call: Call, request: pb.GetSessionRequest) -> bytes:
        """GetSession's answer as JSON."""
        view = await self._queries.get(call.caller, request.session_id, request.session_token or "")
        return session_json(view, self._json_names)

    async def delete_json(self, call: Call, request: pb.DeleteSessionRequest) -> bytes:
        """DeleteSession's answer as JSON."""
        changed = await self._commands.end(call.caller, request.session_id, request.session_token or "")
        return changed_json(changed, await self.instance_id(), names_session=False)

    async def search_json(self, call: Call, request: pb.ListSessionsRequest) -> bytes:
        """ListSessions' answer as JSON."""
        return sessions_json(await self._searched(call, request), self._json_names)

    async def _searched(self, call: Call, request: pb.ListSessionsRequest) -> SessionPage:
        query = request.query or object_pb.ListQuery()
        sorted_up = query.asc and request.sorting_column != 0
        return await self._queries.search(
            call.caller,
            condition_of(request.queries, call.caller),
            descending=not sorted_up,
            offset=offset_of(query.offset),
            limit=limit_of(query.limit),
        )

    def service(self) -> Service:
        """For the dispatcher."""
        return Service(
            next(service for service in pb.desc().services if service.name == "SessionService"),
            {
                "CreateSession": self.create,
                "SetSession": self.set,
                "GetSession": self.get,
                "DeleteSession": self.delete,
                "ListSessions": self.search,
            },
            {
                "CreateSession": self.create_json,
                "SetSession": self.set_json,
                "GetSession": self.get_json,
                "DeleteSession": self.delete_json,
                "ListSessions": self.search_json,
            },
        )


def _once(call: Call, rpc: str, request: pb.CreateSessionRequest | pb.SetSessionRequest) -> Once | None:
    if not call.idempotency_key:
        return None
    return once_of(call.caller.user_id, rpc, call.idempotency_key, request.to_binary())
