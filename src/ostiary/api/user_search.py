"""The queries of ListUsers as conditions. Source: ZITADEL's wire contract, part 5.3."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

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
# A login name is a username or one with its organisation's domain.
_TEXTS: Mapping[type, tuple[tuple[str, ...], str]] = MappingProxyType(
    {
        pb.UserNameQuery: (("username",), "user_name"),
        pb.FirstNameQuery: (("given_name",), "first_name"),
        pb.LastNameQuery: (("family_name",), "last_name"),
        pb.NickNameQuery: (("nick_name",), "nick_name"),
        pb.DisplayNameQuery: (("display_name",), "display_name"),
        pb.EmailQuery: (("email",), "email_address"),
        pb.PhoneQuery: (("phone",), "number"),
        pb.LoginNameQuery: (("username", "login_name"), "login_name"),
    }
)
_FOLDED = frozenset({"username", "login_name", "email"})


def condition_of(queries: Sequence[pb.SearchQuery]) -> Filter | None:
    """All of the queries; None when there are none. Raises InvalidArgument when they are nested too deep."""
    return _every(queries, 1) if queries else None


def _every(queries: Sequence[pb.SearchQuery], level: int) -> Filter:
    """All of them; those on metadata must hold of one and the same key."""
    found = [_named(query) for query in queries]
    of_key = tuple(_of_metadata(query) for query in found if isinstance(query, _OF_METADATA))
    conditions = [_one(query, level) for query in found if not isinstance(query, _OF_METADATA)]
    if of_key:
        conditions.append(Owns(USER_METADATA, Every(of_key)))
    return Every(tuple(conditions))


def _one(query: object, level: int) -> Filter:
    if level > MAX_NESTING:
        hint = f"at most {MAX_NESTING} levels"
        raise InvalidArgument("USER-zsQ97", "Too many nesting levels", hint=hint)
    match query:
        case pb.AndQuery():
            return _every(query.queries, level + 1)
        case pb.OrQuery():
            return Some(tuple(_one(_named(part), level + 1) for part in query.queries))
        case pb.NotQuery():
            return Not(_one(_named(query.query), level + 1))
        case MetadataKeyFilter() | MetadataValueFilter():
            return Owns(USER_METADATA, _of_metadata(query))
        case pb.InUserIDQuery():
            return OneOf("id", tuple(query.user_ids))
        case pb.InUserEmailsQuery():
            return OneOf("email", tuple(query.user_emails))
        case pb.OrganizationIdQuery():
            return Compare("organization_id", Order.EQUAL, query.organization_id)
        case pb.StateQuery():
            return OneOf("state", tuple(str(ours) for ours, wire in STATES.items() if wire == query.state))
        case pb.TypeQuery():
            return OneOf("type", tuple(filter(None, [_TYPES.get(query.type)])))
        case _:
            return _text(query)


def _named(query: pb.SearchQuery | None) -> object:
    if query is None or query.query is None:
        hint = "each query names exactly one condition"
        raise InvalidArgument("GRPC-vR9nC", "List query is invalid", hint=hint)
    return query.query.value


def _text(query: Any) -> Filter:
    columns, field = _TEXTS[type(query)]
    found = tuple(_match(column, getattr(query, field), query.method) for column in columns)
    return found[0] if len(found) == 1 else Some(found)


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
