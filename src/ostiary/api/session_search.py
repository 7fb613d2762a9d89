"""The queries of ListSessions as conditions. Source: ZITADEL's wire contract, part 1.4."""

from collections.abc import Sequence
from datetime import UTC, datetime

from protobuf import Oneof
from protobuf.wkt import Timestamp

from ostiary._pb.zitadel.object_pb import TimestampQueryMethod
from ostiary._pb.zitadel.session.v2 import session_pb
from ostiary.core.filter import Absent, Compare, Every, Filter, OneOf, Order, Some
from ostiary.core.permission import Caller
from ostiary.errors import InvalidArgument

_ORDERS = {
    TimestampQueryMethod.EQUALS: Order.EQUAL,
    TimestampQueryMethod.GREATER: Order.GREATER,
    TimestampQueryMethod.GREATER_OR_EQUALS: Order.GREATER_OR_EQUAL,
    TimestampQueryMethod.LESS: Order.LESS,
    TimestampQueryMethod.LESS_OR_EQUALS: Order.LESS_OR_EQUAL,
}
_LATER = {Order.GREATER, Order.GREATER_OR_EQUAL}


def condition_of(queries: Sequence[session_pb.SearchQuery], caller: Caller) -> Filter | None:
    """All of the queries; None when there are none."""
    return Every(tuple(_one(query, caller) for query in queries)) if queries else None


def _one(query: session_pb.SearchQuery, caller: Caller) -> Filter:
    match query.query:
        case Oneof(field="ids_query", value=session_pb.IDsQuery() as value):
            return OneOf("id", tuple(value.ids))
        case Oneof(field="user_id_query", value=session_pb.UserIDQuery() as value):
            return Compare("user_id", Order.EQUAL, value.id)
        case Oneof(field="creation_date_query", value=session_pb.CreationDateQuery() as value):
            return _dated("created_at", value.creation_date, value.method)
        case Oneof(field="expiration_date_query", value=session_pb.ExpirationDateQuery() as value):
            dated = _dated("expires_at", value.expiration_date, value.method)
            return Some((dated, Absent("expires_at"))) if dated.order in _LATER else dated
        case Oneof(field="creator_query", value=session_pb.CreatorQuery() as value):
            return Compare(
                "creator_id", Order.EQUAL, _creator(value.id if value.has_field("id") else None, caller)
            )
        case Oneof(field="user_agent_query", value=session_pb.UserAgentQuery() as value):
            wanted = value.fingerprint_id if value.has_field("fingerprint_id") else None
            return Compare("fingerprint_id", Order.EQUAL, _fingerprint(wanted, caller))
        case _:
            raise InvalidArgument(
                "GRPC-Sfefs", "List query is invalid", hint="each query names exactly one condition"
            )


def _dated(column: str, at: Timestamp | None, method: int) -> Compare:
    order = _ORDERS.get(TimestampQueryMethod(method)) if method in _KNOWN_METHODS else None
    if order is None or at is None:
        raise InvalidArgument("GRPC-Dwigt", "List query is invalid", hint="send a date and a known method")
    return Compare(column, order, _moment(at))


def _moment(at: Timestamp) -> datetime:
    """To the nearest microsecond; what would round up into year 10000 is the last moment before it."""
    try:
        return at.to_datetime()
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


_KNOWN_METHODS = frozenset(int(method) for method in TimestampQueryMethod)


def _creator(wanted: str | None, caller: Caller) -> str:
    if wanted == "":
        raise InvalidArgument("GRPC-x8n24uh", "List query is invalid", hint="the creator's id is empty")
    return wanted or caller.user_id


def _fingerprint(wanted: str | None, caller: Caller) -> str:
    fingerprint = caller.agent_id if wanted is None else wanted
    if not fingerprint:
        hint = "name a fingerprint; your own token belongs to no user agent"
        raise InvalidArgument("GRPC-x8n23uh", "List query is invalid", hint=hint)
    return fingerprint
