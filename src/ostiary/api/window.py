"""Paging and conditions as the newer services write them: which part of a list, and the shared filters."""

from collections.abc import Mapping
from datetime import datetime

from protobuf.wkt import Timestamp

from ostiary._pb.zitadel.filter.v2.filter_pb import (
    PaginationRequest,
    PaginationResponse,
    TextFilterMethod,
    TimestampFilter,
    TimestampFilterMethod,
)
from ostiary._pb.zitadel.object.v2.object_pb import TextQueryMethod
from ostiary.api.paging import limit_of, offset_of
from ostiary.api.text_search import text_condition
from ostiary.core.filter import Compare, Filter, Match, Order, Text
from ostiary.errors import InvalidArgument
from ostiary.projects.context import Window

_ORDERS: Mapping[TimestampFilterMethod, Order] = {
    TimestampFilterMethod.EQUALS: Order.EQUAL,
    TimestampFilterMethod.AFTER: Order.GREATER,
    TimestampFilterMethod.AFTER_OR_EQUALS: Order.GREATER_OR_EQUAL,
    TimestampFilterMethod.BEFORE: Order.LESS,
    TimestampFilterMethod.BEFORE_OR_EQUALS: Order.LESS_OR_EQUAL,
}


def window_of(pagination: PaginationRequest | None, order: str) -> Window:
    """The asked-for part, the newest first unless said otherwise; raises InvalidArgument for too large a page."""
    wanted = pagination or PaginationRequest()
    return Window(order, not wanted.asc, offset_of(wanted.offset), limit_of(wanted.limit))


def pagination_of(total: int, window: Window) -> PaginationResponse:
    """How many there are in all, and the limit that was used."""
    return PaginationResponse(total_result=total, applied_limit=window.limit)


def matching(column: str, pattern: str, method: TextFilterMethod) -> Filter:
    """The column against the pattern."""
    return text_condition(column, pattern, TextQueryMethod(int(method)))


def line_matching(column: str, pattern: str, method: TextFilterMethod) -> Filter:
    """At least one line of a column of lines against the pattern."""
    whole = text_condition(column, pattern, TextQueryMethod(int(method)))
    before = "\n" if whole.match in {Match.EQUALS, Match.STARTS_WITH} else ""
    after = "\n" if whole.match in {Match.EQUALS, Match.ENDS_WITH} else ""
    return Text(column, Match.CONTAINS, f"{before}{pattern}{after}", ignore_case=whole.ignore_case)


def at_time(column: str, wanted: TimestampFilter) -> Filter:
    """The column against the point in time."""
    return Compare(column, _ORDERS[wanted.method], time_of(wanted.timestamp))


def time_of(stamp: Timestamp | None) -> datetime:
    """The point in time; raises InvalidArgument for none, and for years without four digits."""
    try:
        if stamp is not None:
            return stamp.to_datetime()
    except (OverflowError, ValueError):
        pass
    raise InvalidArgument("list.time", "Date is missing or out of range")


def unnamed() -> InvalidArgument:
    """A filter without a condition."""
    hint = "each filter names exactly one condition"
    return InvalidArgument("list.filter_unnamed", "List query is invalid", hint=hint)
