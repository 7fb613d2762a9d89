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
