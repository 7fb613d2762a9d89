"""Secrets and keys of machines."""

from collections.abc import Mapping

import msgspec
from protobuf import Oneof
from protobuf.wkt import Timestamp

from ostiary._pb.zitadel.filter.v2.filter_pb import IDFilter, TimestampFilter
from ostiary._pb.zitadel.user.v2 import key_pb
from ostiary._pb.zitadel.user.v2 import user_service_pb as pb
from ostiary.api.call import Call, Handler
from ostiary.api.window import at_time, pagination_of, time_of, unnamed, window_of
from ostiary.core.client import PublicKey
from ostiary.core.filter import Compare, Filter, Order
from ostiary.users.machine import MachineCredentials, NewKey

_COLUMNS = {
    key_pb.KeyFieldName.CREATED_DATE: "created_at",
    key_pb.KeyFieldName.ID: "id",
    key_pb.KeyFieldName.USER_ID: "owner_id",
    key_pb.KeyFieldName.ORGANIZATION_ID: "organization_id",
    key_pb.KeyFieldName.KEY_EXPIRATION_DATE: "expires_at",
}
_FILTERED = {
    "key_id_filter": "id",
    "user_id_filter": "owner_id",
    "organization_id_filter": "organization_id",
    "created_date_filter": "created_at",
    "expiration_date_filter": "expires_at",
}


def machine_handlers(machines: MachineCredentials) -> Mapping[str, Handler]:
    """The handlers by RPC name."""
    api = _MachineApi(machines)
    return {
        "AddSecret": api.add_secret,
        "RemoveSecret": api.remove_secret,
        "AddKey": api.add_key,
        "RemoveKey": api.remove_key,
        "ListKeys": api.search,
    }


class _MachineApi:
    """Each RPC: message in, command or query, message out."""

    def __init__(self, machines: MachineCredentials) -> None:
        self._machines = machines

    async def add_secret(self, call: Call, request: pb.AddSecretRequest) -> pb.AddSecretResponse:
        """AddSecret."""
        made = await self._machines.add_secret(call.caller, request.user_id)
        changed_at = Timestamp.from_datetime(made.user.changed_at)
        return pb.AddSecretResponse(creation_date=changed_at, client_secret=made.secret)

    async def remove_secret(self, call: Call, request: pb.RemoveSecretRequest) -> pb.RemoveSecretResponse:
        """RemoveSecret."""
        at = await self._machines.remove_secret(call.caller, request.user_id)
        return pb.RemoveSecretResponse(deletion_date=Timestamp.from_datetime(at))

    async def add_key(self, call: Call, request: pb.AddKeyRequest) -> pb.AddKeyResponse:
        """AddKey."""
        made = await self._machines.add_key(
            call.caller, request.user_id, time_of(request.expiration_date), request.public_key
        )
        return pb.AddKeyResponse(
            creation_date=Timestamp.from_datetime(made.key.created_at),
            key_id=made.key.id,
            key_content=key_file(made) if made.private_pem else b"",
        )

    async def remove_key(self, call: Call, request: pb.RemoveKeyRequest) -> pb.RemoveKeyResponse:
        """RemoveKey."""
        at = await self._machines.remove_key(call.caller, request.user_id, request.key_id)
        return pb.RemoveKeyResponse(deletion_date=Timestamp.from_datetime(at))

    async def search(self, call: Call, request: pb.ListKeysRequest) -> pb.ListKeysResponse:
        """ListKeys."""
        window = window_of(request.pagination, _COLUMNS.get(request.sorting_column, "created_at"))
        page = await self._machines.search_keys(
            call.caller,
            [_condition(wanted) for wanted in request.filters],
            order=window.order,
            descending=window.descending,
            offset=window.offset,
            limit=window.limit,
        )
        return pb.ListKeysResponse(
            pagination=pagination_of(page.total, window), result=[_message(key) for key in page.items]
        )


def key_file(made: NewKey) -> bytes:
    """The key file as clients of service users read it."""
    return msgspec.json.encode(
        {
            "type": "serviceaccount",
            "keyId": made.key.id,
            "key": made.private_pem,
            "expirationDate": made.key.expires_at,
            "userId": made.key.owner_id,
        }
    )


def _condition(wanted: key_pb.KeysSearchFilter) -> Filter:
    match wanted.filter:
        case Oneof(field=name, value=IDFilter() as by):
            return Compare(_FILTERED[name], Order.EQUAL, by.id)
        case Oneof(field=name, value=TimestampFilter() as by):
            return at_time(_FILTERED[name], by)
        case _:
            raise unnamed()


def _message(key: PublicKey) -> key_pb.Key:
    created_at = Timestamp.from_datetime(key.created_at)
    return key_pb.Key(
        creation_date=created_at,
        change_date=created_at,
        id=key.id,
        user_id=key.owner_id,
        organization_id=key.organization_id,
        expiration_date=Timestamp.from_datetime(key.expires_at),
    )
