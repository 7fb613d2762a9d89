"""Keys and values that callers attach to users."""

from collections.abc import Mapping

from protobuf import Oneof
from protobuf.wkt import Timestamp

from ostiary._pb.zitadel.filter.v2.filter_pb import PaginationRequest, PaginationResponse
from ostiary._pb.zitadel.metadata.v2 import metadata_pb
from ostiary._pb.zitadel.object.v2.object_pb import TextQueryMethod
from ostiary._pb.zitadel.user.v2 import user_service_pb as pb
from ostiary.api.call import Call, Handler
from ostiary.api.paging import MAX_OFFSET, limit_of
from ostiary.api.text_search import text_condition
from ostiary.core.filter import Filter
from ostiary.core.user import UserMetadata
from ostiary.errors import InvalidArgument
from ostiary.users.service import Users


def metadata_handlers(users: Users) -> Mapping[str, Handler]:
    """The handlers by RPC name."""
    api = _MetadataApi(users)
    return {
        "SetUserMetadata": api.set,
        "ListUserMetadata": api.search,
        "DeleteUserMetadata": api.remove,
    }


class _MetadataApi:
    """Each RPC: message in, command or query, message out."""

    def __init__(self, users: Users) -> None:
        self._users = users

    async def set(self, call: Call, request: pb.SetUserMetadataRequest) -> pb.SetUserMetadataResponse:
        """SetUserMetadata."""
        wanted = {entry.key: entry.value for entry in request.metadata}
        at = await self._users.metadata.set(call.caller, request.user_id, wanted)
        return pb.SetUserMetadataResponse(set_date=Timestamp.from_datetime(at))

    async def search(self, call: Call, request: pb.ListUserMetadataRequest) -> pb.ListUserMetadataResponse:
        """ListUserMetadata."""
        pagination = request.pagination or PaginationRequest()
        limit = limit_of(pagination.limit)
        page = await self._users.metadata.search(
            call.caller,
            request.user_id,
            [_condition(wanted) for wanted in request.filters],
            descending=not pagination.asc,
            offset=min(pagination.offset, MAX_OFFSET),
            limit=limit,
        )
        return pb.ListUserMetadataResponse(
            pagination=PaginationResponse(total_result=page.total, applied_limit=limit),
            metadata=[_message(row) for row in page.items],
        )

    async def remove(
        self, call: Call, request: pb.DeleteUserMetadataRequest
    ) -> pb.DeleteUserMetadataResponse:
        """DeleteUserMetadata."""
        at = await self._users.metadata.remove(call.caller, request.user_id, request.keys)
        return pb.DeleteUserMetadataResponse(deletion_date=Timestamp.from_datetime(at))


def _condition(wanted: metadata_pb.MetadataSearchFilter) -> Filter:
    match wanted.filter:
        case Oneof(field="key_filter", value=by_key):
            return text_condition("key", by_key.key, TextQueryMethod(int(by_key.method)))
        case _:
            hint = "each filter names exactly one condition"
            raise InvalidArgument("user.metadata_filter_unnamed", "List query is invalid", hint=hint)


def _message(row: UserMetadata) -> metadata_pb.Metadata:
    return metadata_pb.Metadata(
        creation_date=Timestamp.from_datetime(row.created_at),
        change_date=Timestamp.from_datetime(row.changed_at),
        key=row.key,
        value=row.value,
    )
