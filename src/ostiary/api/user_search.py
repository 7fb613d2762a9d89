"""The queries of ListUsers as conditions. Source: ZITADEL's wire contract, part 5.3."""

from collections.abc import Sequence

from ostiary._pb.zitadel.filter.v2.filter_pb import ByteFilterMethod
from ostiary._pb.zitadel.metadata.v2.metadata_pb import MetadataKeyFilter, MetadataValueFilter
from ostiary._pb.zitadel.object.v2.object_pb import TextQueryMethod
from ostiary._pb.zitadel.user.v2 import query_pb as pb
from ostiary.api.text_search import text_condition
from ostiary.api.user_messages import STATES
from ostiary.core.filter import Compare, Every, Filter, Not, OneOf, Order, Owns, Some
from ostiary.core.user import USER_METADATA, metadata_value_hash
from ostiary.errors import InvalidArgument

MAX_NESTING = 20
# What one statement of a database can hold, with room to spare.
MAX_CONDITIONS = 400
MAX_VALUES = 10_000
COLUMNS = {
    pb.UserFieldName.UNSPECIFIED: "created_at",
    pb.UserFieldName.USER_NAME: "username",
    pb.UserFieldName.FIRST_NAME: "given_name",
    pb.UserFieldName.LAST_NAME: "family_name",
    pb.UserFieldName.NICK_NAME: "nick_name",
    pb.UserFieldName.DISPLAY_NAME: "display_name",
    pb.UserFieldName.EMAIL: "email",
    pb.UserFieldName.STATE: "state",
    pb.UserFieldName.TYPE: "type",
    pb.UserFieldName.CREATION_DATE: "created_at",
}
_TYPES = {pb.Type.HUMAN: "human", pb.Type.MACHINE: "machine"}
_OF_METADATA = (MetadataKeyFilter, MetadataValueFilter)
_FOLDED = frozenset({"username", "login_name", "email"})


def condition_of(queries: Sequence[pb.SearchQuery]) -> Filter | None:
    """All of the queries; None when there are none."""
    return _Reading().every(queries, 1) if queries else None


class _Reading:
    """One request's queries, counted while they are read, so that no database has to refuse them."""

    def __init__(self) -> None:
        self._conditions = 0
        self._values = 0

    def every(self, queries: Sequence[pb.SearchQuery], level: int) -> Filter:
        """All of them; those on metadata must hold of one and the same key."""
        found = [_named(query) for query in queries]
        of_key = [query for query in found if isinstance(query, _OF_METADATA)]
        conditions = [self._one(query, level) for query in found if not isinstance(query, _OF_METADATA)]
        if of_key:
            conditions.append(self._owns(*of_key))
        return Every(tuple(conditions))

    def _one(self, query: object, level: int) -> Filter:
        if level > MAX_NESTING:
            hint = f"at most {MAX_NESTING} levels"
            raise InvalidArgument("USER-zsQ97", "Too many nesting levels", hint=hint)
        match query:
            case pb.AndQuery():
                return self.every(query.queries, level + 1)
            case pb.OrQuery():
                return Some(tuple(self._one(_named(part), level + 1) for part in query.queries))
            case pb.NotQuery():
                return Not(self._one(_named(query.query), level + 1))
            case MetadataKeyFilter() | MetadataValueFilter():
                return self._owns(query)
            case _:
                self._count(1, 0)
                return self._leaf(query)

    def _owns(self, *filters: MetadataKeyFilter | MetadataValueFilter) -> Filter:
        self._count(len(filters), 0)
        return Owns(USER_METADATA, Every(tuple(_of_metadata(one) for one in filters)))

    def _leaf(self, query: object) -> Filter:
        match query:
            case pb.InUserIDQuery():
                return self._among("id", query.user_ids)
            case pb.InUserEmailsQuery():
                return self._among("email", query.user_emails)
            case pb.OrganizationIdQuery():
                return Compare("organization_id", Order.EQUAL, query.organization_id)
            case pb.StateQuery():
                states = tuple(str(ours) for ours, wire in STATES.items() if wire == query.state)
                return OneOf("state", states)
            case pb.TypeQuery():
                return OneOf("type", tuple(filter(None, [_TYPES.get(query.type)])))
            case _:
                return _text(query)

    def _among(self, column: str, values: Sequence[str]) -> Filter:
        self._count(0, len(values))
        return OneOf(column, tuple(values))

    def _count(self, conditions: int, values: int) -> None:
        self._conditions += conditions
        self._values += values
        if self._conditions > MAX_CONDITIONS or self._values > MAX_VALUES:
            hint = f"at most {MAX_CONDITIONS} conditions and {MAX_VALUES} values in one request"
            raise InvalidArgument("user.search_too_wide", "List query is too long", hint=hint)


def _named(query: pb.SearchQuery | None) -> object:
    if query is None or query.query is None:
        hint = "each query names exactly one condition"
        raise InvalidArgument("GRPC-vR9nC", "List query is invalid", hint=hint)
    return query.query.value


def _text(query: object) -> Filter:
    match query:
        case pb.UserNameQuery():
            return _match("username", query.user_name, query.method)
        case pb.FirstNameQuery():
            return _match("given_name", query.first_name, query.method)
        case pb.LastNameQuery():
            return _match("family_name", query.last_name, query.method)
        case pb.NickNameQuery():
            return _match("nick_name", query.nick_name, query.method)
        case pb.DisplayNameQuery():
            return _match("display_name", query.display_name, query.method)
        case pb.EmailQuery():
            return _match("email", query.email_address, query.method)
        case pb.PhoneQuery():
            return _match("phone", query.number, query.method)
        case pb.LoginNameQuery():
            names = ("username", "login_name")
            return Some(tuple(_match(name, query.login_name, query.method) for name in names))
        case _:
            raise AssertionError(f"{type(query).__name__} is not in the contract")


def _match(column: str, pattern: str, method: TextQueryMethod) -> Filter:
    """Equality without regard to case is asked of the folded column, which has an index."""
    if method == TextQueryMethod.EQUALS_IGNORE_CASE and column in _FOLDED:
        return Compare(f"{column}_folded", Order.EQUAL, pattern.casefold())
    return text_condition(column, pattern, method)


def _of_metadata(query: MetadataKeyFilter | MetadataValueFilter) -> Filter:
    if isinstance(query, MetadataKeyFilter):
        return text_condition("key", query.key, TextQueryMethod(int(query.method)))
    is_value = Compare("value_hash", Order.EQUAL, metadata_value_hash(query.value))
    return Not(is_value) if query.method == ByteFilterMethod.NOT_EQUALS else is_value
