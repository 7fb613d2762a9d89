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
from ostiary.api.call import Call, Service
from ostiary.api.paging import MAX_OFFSET, limit_of
from ostiary.api.text_search import text_condition
from ostiary.core.filter import Compare, Filter, Order
from ostiary.core.organization import Organization, OrganizationState
from ostiary.effects import Effects
from ostiary.errors import InvalidArgument, Unimplemented
from ostiary.settings.organization import Admin, OrganizationCommands, OrganizationQueries
from ostiary.settings.queries import SettingsQueries

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
    effects: Effects,
) -> Service:
    """For the dispatcher."""
    api = _OrganizationApi(commands, queries, settings, effects)
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
        effects: Effects,
    ) -> None:
        self._commands = commands
        self._queries = queries
        self._settings = settings
        self._effects = effects

    async def add(self, call: Call, request: pb.AddOrganizationRequest) -> pb.AddOrganizationResponse:
        """AddOrganization."""
        admins = tuple(_admin(admin) for admin in request.admins)
        wanted_id = request.organization_id or request.org_id or ""
        made = await self._commands.create(call.caller, request.name, admins, wanted_id)
        return pb.AddOrganizationResponse(details=_details(made), organization_id=made.id)

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
        now = Timestamp.from_datetime(self._effects.now())
        return pb.ListOrganizationsResponse(
            details=ListDetails(total_result=page.total, timestamp=now),
            sorting_column=request.sorting_column,
            result=[_message(organization) for organization in page.items],
        )


def _admin(wanted: pb.AddOrganizationRequest.Admin) -> Admin:
    match wanted.user_type:
        case Oneof(field="user_id", value=str(user_id)):
            return Admin(user_id, tuple(wanted.roles))
        case Oneof(field="human"):
            raise Unimplemented(
                "organization.human_admin",
                "A new user as admin is not supported yet",
                hint="create the user first, then name them by userId",
            )
        case _:
            raise InvalidArgument("organization.admin_unnamed", "Name the admin by userId")


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
