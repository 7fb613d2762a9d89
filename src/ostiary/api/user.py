"""``zitadel.user.v2.UserService``: the table of its RPCs, and those on users as a whole."""

from collections.abc import Mapping
from types import MappingProxyType

from protobuf.wkt import Timestamp

from ostiary._pb.zitadel.object.v2.object_pb import ListDetails, ListQuery
from ostiary._pb.zitadel.user.v2 import user_service_pb as pb
from ostiary.api.call import Call, Handler, Service
from ostiary.api.paging import MAX_OFFSET, limit_of
from ostiary.api.user_addresses import address_handlers
from ostiary.api.user_credentials import credential_handlers
from ostiary.api.user_factors import factor_handlers
from ostiary.api.user_keys import machine_handlers
from ostiary.api.user_messages import details_of, user_message
from ostiary.api.user_metadata import metadata_handlers
from ostiary.api.user_passkeys import passkey_handlers
from ostiary.api.user_recovery import recovery_handlers
from ostiary.api.user_requests import added_human, created_user, updated_human, updated_user
from ostiary.api.user_search import COLUMNS, condition_of
from ostiary.api.user_tokens import token_handlers
from ostiary.users.service import Users


def service(users: Users, more: Mapping[str, Handler] = MappingProxyType({})) -> Service:
    """For the dispatcher; ``more`` are handlers that need other services too."""
    api = _UserApi(users)
    return Service(
        next(service for service in pb.desc().services if service.name == "UserService"),
        {
            "AddHumanUser": api.add_human,
            "CreateUser": api.create,
            "GetUserByID": api.get,
            "ListUsers": api.search,
            "UpdateHumanUser": api.update_human,
            "UpdateUser": api.update,
            "LockUser": api.lock,
            "UnlockUser": api.unlock,
            "DeactivateUser": api.deactivate,
            "ReactivateUser": api.reactivate,
            "DeleteUser": api.delete,
            **credential_handlers(users),
            **passkey_handlers(users),
            **factor_handlers(users),
            **address_handlers(users.addresses),
            **recovery_handlers(users),
            **token_handlers(users),
            **machine_handlers(users.machines),
            **metadata_handlers(users),
            **more,
        },
    )


class _UserApi:
    """Each RPC: message in, command or query, message out."""

    def __init__(self, users: Users) -> None:
        self._users = users

    async def add_human(self, call: Call, request: pb.AddHumanUserRequest) -> pb.AddHumanUserResponse:
        """AddHumanUser."""
        made = await self._users.creation.create(call.caller, added_human(request, call.organization_id))
        return pb.AddHumanUserResponse(
            user_id=made.user.id,
            details=details_of(made.user),
            email_code=made.email_code,
            phone_code=made.phone_code,
        )

    async def create(self, call: Call, request: pb.CreateUserRequest) -> pb.CreateUserResponse:
        """CreateUser."""
        made = await self._users.creation.create(call.caller, created_user(request))
        return pb.CreateUserResponse(
            id=made.user.id,
            creation_date=Timestamp.from_datetime(made.user.created_at),
            email_code=made.email_code,
            phone_code=made.phone_code,
        )

    async def get(self, call: Call, request: pb.GetUserByIDRequest) -> pb.GetUserByIDResponse:
        """GetUserByID."""
        user = await self._users.queries.get(call.caller, request.user_id)
        return pb.GetUserByIDResponse(details=details_of(user), user=user_message(user))

    async def search(self, call: Call, request: pb.ListUsersRequest) -> pb.ListUsersResponse:
        """ListUsers."""
        query = request.query or ListQuery()
        page = await self._users.queries.search(
            call.caller,
            condition_of(request.queries),
            order=COLUMNS.get(request.sorting_column, "created_at"),
            descending=not query.asc,
            offset=min(query.offset, MAX_OFFSET),
            limit=limit_of(query.limit),
        )
        now = Timestamp.from_datetime(self._users.effects.now())
        return pb.ListUsersResponse(
            details=ListDetails(total_result=page.total, timestamp=now),
            sorting_column=request.sorting_column,
            result=[user_message(user) for user in page.items],
        )

    async def update_human(
        self, call: Call, request: pb.UpdateHumanUserRequest
    ) -> pb.UpdateHumanUserResponse:
        """UpdateHumanUser."""
        changed = await self._users.updates.update(call.caller, request.user_id, updated_human(request))
        return pb.UpdateHumanUserResponse(
            details=details_of(changed.user),
            email_code=changed.email_code,
            phone_code=changed.phone_code,
        )

    async def update(self, call: Call, request: pb.UpdateUserRequest) -> pb.UpdateUserResponse:
        """UpdateUser."""
        changed = await self._users.updates.update(call.caller, request.user_id, updated_user(request))
        return pb.UpdateUserResponse(
            change_date=Timestamp.from_datetime(changed.user.changed_at),
            email_code=changed.email_code,
            phone_code=changed.phone_code,
        )

    async def lock(self, call: Call, request: pb.LockUserRequest) -> pb.LockUserResponse:
        """LockUser."""
        user = await self._users.states.lock(call.caller, request.user_id)
        return pb.LockUserResponse(details=details_of(user))

    async def unlock(self, call: Call, request: pb.UnlockUserRequest) -> pb.UnlockUserResponse:
        """UnlockUser."""
        user = await self._users.states.unlock(call.caller, request.user_id)
        return pb.UnlockUserResponse(details=details_of(user))

    async def deactivate(self, call: Call, request: pb.DeactivateUserRequest) -> pb.DeactivateUserResponse:
        """DeactivateUser."""
        user = await self._users.states.deactivate(call.caller, request.user_id)
        return pb.DeactivateUserResponse(details=details_of(user))

    async def reactivate(self, call: Call, request: pb.ReactivateUserRequest) -> pb.ReactivateUserResponse:
        """ReactivateUser."""
        user = await self._users.states.reactivate(call.caller, request.user_id)
        return pb.ReactivateUserResponse(details=details_of(user))

    async def delete(self, call: Call, request: pb.DeleteUserRequest) -> pb.DeleteUserResponse:
        """DeleteUser."""
        user = await self._users.states.delete(call.caller, request.user_id)
        return pb.DeleteUserResponse(details=details_of(user))
