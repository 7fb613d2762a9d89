"""Personal access tokens of machines."""

from collections.abc import Mapping
from datetime import datetime

from protobuf import Oneof
from protobuf.wkt import Timestamp

from ostiary._pb.zitadel.filter.v2.filter_pb import (
    IDFilter,
    PaginationRequest,
    PaginationResponse,
    TimestampFilter,
    TimestampFilterMethod,
)
from ostiary._pb.zitadel.user.v2 import pat_pb
from ostiary._pb.zitadel.user.v2 import user_service_pb as pb
from ostiary.api.call import Call, Handler
from ostiary.api.paging import MAX_OFFSET, limit_of
from ostiary.core.filter import Compare, Filter, Order
from ostiary.core.user import PersonalAccessToken
from ostiary.errors import InvalidArgument
from ostiary.users.service import Users

_ORDERS = {
    TimestampFilterMethod.EQUALS: Order.EQUAL,
    TimestampFilterMethod.AFTER: Order.GREATER,
    TimestampFilterMethod.AFTER_OR_EQUALS: Order.GREATER_OR_EQUAL,
    TimestampFilterMethod.BEFORE: Order.LESS,
    TimestampFilterMethod.BEFORE_OR_EQUALS: Order.LESS_OR_EQUAL,
}
_COLUMNS = {
    pat_pb.PersonalAccessTokenFieldName.UNSPECIFIED: "created_at",
    pat_pb.PersonalAccessTokenFieldName.CREATED_DATE: "created_at",
    pat_pb.PersonalAccessTokenFieldName.ID: "id",
    pat_pb.PersonalAccessTokenFieldName.USER_ID: "user_id",
    pat_pb.PersonalAccessTokenFieldName.ORGANIZATION_ID: "organization_id",
    pat_pb.PersonalAccessTokenFieldName.EXPIRATION_DATE: "expires_at",
}
_FILTERED = {
    "token_id_filter": "id",
    "user_id_filter": "user_id",
    "organization_id_filter": "organization_id",
    "created_date_filter": "created_at",
    "expiration_date_filter": "expires_at",
}


def token_handlers(users: Users) -> Mapping[str, Handler]:
    """The handlers by RPC name."""
    api = _TokenApi(users)
    return {
        "AddPersonalAccessToken": api.add,
        "RemovePersonalAccessToken": api.remove,
        "ListPersonalAccessTokens": api.search,
    }


class _TokenApi:
    """Each RPC: message in, command or query, message out."""

    def __init__(self, users: Users) -> None:
        self._users = users

    async def add(
        self, call: Call, request: pb.AddPersonalAccessTokenRequest
    ) -> pb.AddPersonalAccessTokenResponse:
        """AddPersonalAccessToken."""
        expires_at = _time_of(request.expiration_date)
        made = await self._users.tokens.add(call.caller, request.user_id, expires_at)
        return pb.AddPersonalAccessTokenResponse(
            creation_date=Timestamp.from_datetime(made.token.created_at),
            token_id=made.token.id,
            token=made.text,
        )

    async def remove(
        self, call: Call, request: pb.RemovePersonalAccessTokenRequest
    ) -> pb.RemovePersonalAccessTokenResponse:
        """RemovePersonalAccessToken."""
        at = await self._users.tokens.remove(call.caller, request.user_id, request.token_id)
        return pb.RemovePersonalAccessTokenResponse(deletion_date=Timestamp.from_datetime(at))

    async def search(
        self, call: Call, request: pb.ListPersonalAccessTokensRequest
    ) -> pb.ListPersonalAccessTokensResponse:
        """ListPersonalAccessTokens."""
        pagination = request.pagination or PaginationRequest()
        limit = limit_of(pagination.limit)
        page = await self._users.tokens.search(
            call.caller,
            [_condition(wanted) for wanted in request.filters],
            order=_COLUMNS.get(request.sorting_column, "created_at"),
            descending=not pagination.asc,
            offset=min(pagination.offset, MAX_OFFSET),
            limit=limit,
        )
        return pb.ListPersonalAccessTokensResponse(
            pagination=PaginationResponse(total_result=page.total, applied_limit=limit),
            result=[_message(token) for token in page.items],
        )


def _condition(wanted: pat_pb.PersonalAccessTokensSearchFilter) -> Filter:
    match wanted.filter:
        case Oneof(field=name, value=IDFilter() as by_id):
            return Compare(_FILTERED[name], Order.EQUAL, by_id.id)
        case Oneof(field=name, value=TimestampFilter() as by_time):
            at = _time_of(by_time.timestamp)
            return Compare(_FILTERED[name], _ORDERS[by_time.method], at)
        case _:
            hint = "each filter names exactly one condition"
            raise InvalidArgument("user.token_filter_unnamed", "List query is invalid", hint=hint)


def _time_of(stamp: Timestamp | None) -> datetime:
    try:
        if stamp is not None:
            return stamp.to_datetime()
    except (OverflowError, ValueError):  # beyond the years that have four digits
        pass
    raise InvalidArgument("user.token_time", "Date is missing or out of range")


def _message(token: PersonalAccessToken) -> pat_pb.PersonalAccessToken:
    created_at = Timestamp.from_datetime(token.created_at)
    return pat_pb.PersonalAccessToken(
        creation_date=created_at,
        change_date=created_at,
        id=token.id,
        user_id=token.user_id,
        organization_id=token.organization_id,
        expiration_date=Timestamp.from_datetime(token.expires_at),
    )
