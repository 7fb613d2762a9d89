"""Keys of applications."""

from collections.abc import Mapping

import msgspec
from protobuf import Oneof
from protobuf.wkt import Timestamp

from ostiary._pb.zitadel.application.v2 import application_pb
from ostiary._pb.zitadel.application.v2 import application_service_pb as pb
from ostiary.api.call import Call, Handler
from ostiary.api.window import pagination_of, time_of, unnamed, window_of
from ostiary.core.client import PublicKey
from ostiary.core.filter import Compare, Filter, Order
from ostiary.projects.application_keys import ApplicationKeys, MintedKey
from ostiary.projects.service import Projects

_Sorting = application_pb.ApplicationKeysSorting
_COLUMNS = {
    _Sorting.APPLICATION_KEYS_SORT_BY_ID: "id",
    _Sorting.APPLICATION_KEYS_SORT_BY_PROJECT_ID: "project_id",
    _Sorting.APPLICATION_KEYS_SORT_BY_APPLICATION_ID: "owner_id",
    _Sorting.APPLICATION_KEYS_SORT_BY_CREATION_DATE: "created_at",
    _Sorting.APPLICATION_KEYS_SORT_BY_ORGANIZATION_ID: "organization_id",
    _Sorting.APPLICATION_KEYS_SORT_BY_EXPIRATION: "expires_at",
}


def key_handlers(projects: Projects) -> Mapping[str, Handler]:
    """The handlers by RPC name."""
    api = _KeyApi(projects.application_keys)
    return {
        "CreateApplicationKey": api.create,
        "DeleteApplicationKey": api.delete,
        "GetApplicationKey": api.get,
        "ListApplicationKeys": api.search,
    }


class _KeyApi:
    """Each RPC: message in, command or query, message out."""

    def __init__(self, keys: ApplicationKeys) -> None:
        self._keys = keys

    async def create(
        self, call: Call, request: pb.CreateApplicationKeyRequest
    ) -> pb.CreateApplicationKeyResponse:
        """CreateApplicationKey."""
        expires_at = time_of(request.expiration_date) if request.expiration_date is not None else None
        made = await self._keys.add(call.caller, request.project_id, request.application_id, expires_at)
        return pb.CreateApplicationKeyResponse(
            key_id=made.key.id,
            creation_date=Timestamp.from_datetime(made.key.created_at),
            key_details=key_file(made),
        )

    async def delete(
        self, call: Call, request: pb.DeleteApplicationKeyRequest
    ) -> pb.DeleteApplicationKeyResponse:
        """DeleteApplicationKey."""
        at = await self._keys.remove(call.caller, request.project_id, request.application_id, request.key_id)
        return pb.DeleteApplicationKeyResponse(deletion_date=Timestamp.from_datetime(at))

    async def get(self, call: Call, request: pb.GetApplicationKeyRequest) -> pb.GetApplicationKeyResponse:
        """GetApplicationKey."""
        key = await self._keys.get(call.caller, request.key_id)
        return pb.GetApplicationKeyResponse(
            key_id=key.id,
            creation_date=Timestamp.from_datetime(key.created_at),
            expiration_date=Timestamp.from_datetime(key.expires_at),
        )

    async def search(
        self, call: Call, request: pb.ListApplicationKeysRequest
    ) -> pb.ListApplicationKeysResponse:
        """ListApplicationKeys."""
        window = window_of(request.pagination, _COLUMNS.get(request.sorting_column, "id"))
        where = tuple([await self._condition(wanted) for wanted in request.filters])
        page = await self._keys.search(call.caller, where, window)
        return pb.ListApplicationKeysResponse(
            keys=[await self._message(key) for key in page.items],
            pagination=pagination_of(page.total, window),
        )

    async def _message(self, key: PublicKey) -> application_pb.ApplicationKey:
        application = await self._keys.application(key.owner_id)
        return application_pb.ApplicationKey(
            key_id=key.id,
            application_id=application.id if application else "",
            project_id=key.project_id,
            creation_date=Timestamp.from_datetime(key.created_at),
            organization_id=key.organization_id,
            expiration_date=Timestamp.from_datetime(key.expires_at),
        )

    async def _condition(self, wanted: application_pb.ApplicationKeySearchFilter) -> Filter:
        match wanted.filter:
            case Oneof(value=application_pb.ApplicationKeyApplicationIDFilter() as by):
                owner_id = await self._keys.owner_of(by.application_id)
                return Compare("owner_id", Order.EQUAL, owner_id)
            case Oneof(value=application_pb.ApplicationKeyProjectIDFilter() as by):
                return Compare("project_id", Order.EQUAL, by.project_id)
            case Oneof(value=application_pb.ApplicationKeyOrganizationIDFilter() as by):
                return Compare("organization_id", Order.EQUAL, by.organization_id)
            case _:
                raise unnamed()


def key_file(made: MintedKey) -> bytes:
    """The key file as clients read it."""
    return msgspec.json.encode(
        {
            "type": "application",
            "keyId": made.key.id,
            "key": made.private_pem,
            "appId": made.application.id,
            "clientId": made.application.client_id,
        }
    )
