"""``zitadel.org.v2.OrganizationService``."""

from protobuf import Oneof
from protobuf.wkt import Timestamp

from ostiary._pb.zitadel.object.v2.object_pb import Details, ListDetails, ListQuery
from ostiary._pb.zitadel.org.v2 import org_service_pb as pb
from ostiary._pb.zitadel.org.v2.org_pb import Organization as OrganizationMessage
from ostiary._pb.zitadel.org.v2.org_pb import OrganizationState as WireState
from ostiary._pb.zitadel.org.v2.query_pb import (
    DefaultOrganizationQuery,
    OrganizationDomainQuery,
    OrganizationFieldName,
    OrganizationIDQuery,
    OrganizationNameQuery,
    OrganizationStateQuery,
    SearchQuery,
)
from ostiary._pb.zitadel.user.v2.user_service_pb import AddHumanUserRequest
from ostiary.api.call import Call, Service
from ostiary.api.paging import MAX_OFFSET, limit_of
from ostiary.api.text_search import text_condition
from ostiary.api.user_requests import added_human
from ostiary.core.filter import Compare, Filter, Order
from ostiary.core.organization import Organization, OrganizationState
from ostiary.errors import InvalidArgument
from ostiary.settings.admins import Admin, Joining, Newcomer
from ostiary.settings.organization import OrganizationCommands, OrganizationQueries
from ostiary.settings.queries import SettingsQueries
from ostiary.users.create import PreparedUser, UserCreation

_STATES = {
    OrganizationState.ACTIVE: WireState.ACTIVE,
    OrganizationState.INACTIVE: WireState.INACTIVE,
}
_COLUMNS = {
    OrganizationFieldName.UNSPECIFIED: "created_at",
    OrganizationFieldName.NAME: "name",
    OrganizationFieldName.CREATION_DATE: "created_at",
}


def service(
    commands: OrganizationCommands,
    queries: OrganizationQueries,
    settings: SettingsQueries,
    creation: UserCreation,
) -> Service:
    """For the dispatcher; ``creation`` makes admins who do not exist yet."""
    api = _OrganizationApi(commands, queries, settings, creation)
    return Service(
        next(service for service in pb.desc().services if service.name == "OrganizationService"),
        {"AddOrganization": api.add, "ListOrganizations": api.search},
    )


class _OrganizationApi:
    """Each RPC: message in, command or query, message out."""

    def __init__(
        self,
        commands: OrganizationCommands,
        queries: OrganizationQueries,
        settings: SettingsQueries,
        creation: UserCreation,
    ) -> None:
        self._commands = commands
        self._queries = queries
        self._settings = settings
        self._creation = creation

    async def add(self, call: Call, request: pb.AddOrganizationRequest) -> pb.AddOrganizationResponse:
        """AddOrganization."""
        self._commands.check_may_create(call.caller, len(request.admins))
        admins = tuple([await self._admin(admin) for admin in request.admins])
        wanted_id = request.organization_id or request.org_id or ""
        founded = await self._commands.create(call.caller, request.name, admins, wanted_id)
        return pb.AddOrganizationResponse(
            details=_details(founded.organization),
            organization_id=founded.organization.id,
            created_admins=[
                pb.AddOrganizationResponse.CreatedAdmin(
                    user_id=one.user_id, email_code=one.email_code, phone_code=one.phone_code
                )
                for one in founded.newcomers
            ],
        )

    async def _admin(self, wanted: pb.AddOrganizationRequest.Admin) -> Admin:
        roles = tuple(wanted.roles)
        match wanted.user_type:
            case Oneof(field="user_id", value=str(user_id)):
                return Admin(user_id, roles)
            case Oneof(field="human", value=AddHumanUserRequest() as human):
                prepared = await self._creation.prepare(added_human(human, ""), "")
                return Admin(prepared.user_id, roles, _joining(prepared))
            case _:
                raise InvalidArgument(
                    "organization.admin_unnamed", "Name the admin, or say who is to be made"
                )

    async def search(self, call: Call, request: pb.ListOrganizationsRequest) -> pb.ListOrganizationsResponse:
        """ListOrganizations."""
        query = request.query or ListQuery()
        default_id = (await self._settings.instance()).default_organization_id
        page = await self._queries.search(
            call.caller,
            tuple(_condition(wanted, default_id) for wanted in request.queries),
            order=_COLUMNS.get(request.sorting_column, "created_at"),
            descending=not query.asc,
            offset=min(query.offset, MAX_OFFSET),
            limit=limit_of(query.limit),
        )
        return pb.ListOrganizationsResponse(
            details=ListDetails(total_result=page.total, timestamp=Timestamp.from_datetime(page.at)),
            sorting_column=request.sorting_column,
            result=[_message(organization) for organization in page.items],
        )


def _joining(prepared: PreparedUser) -> Joining:
    async def joining(home: Organization, actor_id: str, generation: int) -> Newcomer:
        changes, made = await prepared.changes(home, actor_id, generation)
        return Newcomer(changes, prepared.user_id, made.email_code, made.phone_code)

    return joining


def _condition(wanted: SearchQuery, default_organization_id: str) -> Filter:
    query = wanted.query.value if wanted.query else None
    match query:
        case OrganizationNameQuery():
            return text_condition("name", query.name, query.method)
        case OrganizationDomainQuery():
            return text_condition("primary_domain", query.domain, query.method)
        case OrganizationStateQuery():
            states = [str(ours) for ours, wire in _STATES.items() if wire == query.state]
            return Compare("state", Order.EQUAL, states[0] if states else "")
        case OrganizationIDQuery():
            return Compare("id", Order.EQUAL, query.id)
        case DefaultOrganizationQuery():
            return Compare("id", Order.EQUAL, default_organization_id)
        case None:
            raise InvalidArgument(
                "organization.query_unnamed",
                "List query is invalid",
                hint="each query names exactly one condition",
            )


def _message(organization: Organization) -> OrganizationMessage:
    return OrganizationMessage(
        id=organization.id,
        details=_details(organization),
        state=_STATES[organization.state],
        name=organization.name,
        primary_domain=organization.primary_domain,
    )


def _details(organization: Organization) -> Details:
    return Details(
        sequence=organization.version,
        change_date=Timestamp.from_datetime(organization.changed_at),
        creation_date=Timestamp.from_datetime(organization.created_at),
        resource_owner=organization.id,
    )
