"""Logins at upstream providers: the RPCs on intents and on links to users."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

from protobuf import Oneof
from protobuf.wkt import Struct, Timestamp

from ostiary._pb.zitadel.object.v2.object_pb import Details, ListDetails, ListQuery
from ostiary._pb.zitadel.user.v2 import user_service_pb as pb
from ostiary._pb.zitadel.user.v2.idp_pb import IDPInformation, IDPLink, IDPOAuthAccessInformation
from ostiary.api.call import Call, Handler
from ostiary.api.paging import limit_of, offset_of
from ostiary.api.user_messages import details_of
from ostiary.core.identity_link import ExternalAccount
from ostiary.errors import FailedPrecondition, InvalidArgument, Unimplemented
from ostiary.idp.intents import Intents, Retrieved
from ostiary.users.identity_links import UserIdentityLinks
from ostiary.users.service import Users

_OAuth = Oneof[Literal["oauth"], IDPOAuthAccessInformation]
InstanceId = Callable[[], Awaitable[str]]


def intent_handlers(users: Users, intents: Intents, instance_id: InstanceId) -> Mapping[str, Handler]:
    """The handlers by RPC name."""
    api = _IntentApi(users.identity_links, intents, instance_id, users.effects.now)
    return {
        "StartIdentityProviderIntent": api.start,
        "RetrieveIdentityProviderIntent": api.retrieve,
        "AddIDPLink": api.add_link,
        "ListIDPLinks": api.links,
        "RemoveIDPLink": api.remove_link,
    }


class _IntentApi:
    """Each RPC: message in, command or query, message out."""

    def __init__(
        self, links: UserIdentityLinks, intents: Intents, instance_id: InstanceId, now: Callable[[], Any]
    ) -> None:
        self._links = links
        self._intents = intents
        self._instance_id = instance_id
        self._now = now

    async def start(
        self, _: Call, request: pb.StartIdentityProviderIntentRequest
    ) -> pb.StartIdentityProviderIntentResponse:
        """StartIdentityProviderIntent: there is no kind of provider yet that it could be started with."""
        if request.content is None:
            raise Unimplemented("USERv2-S2g21", "Name the URLs to come back to, or LDAP credentials")
        provider = await self._intents.provider(request.idp_id)
        hint = f"no login can be started at providers of type {provider.type} yet"
        raise FailedPrecondition("intent.no_kind", "The IDP's type is not supported", hint=hint)

    async def retrieve(
        self, _: Call, request: pb.RetrieveIdentityProviderIntentRequest
    ) -> pb.RetrieveIdentityProviderIntentResponse:
        """RetrieveIdentityProviderIntent: whoever has the token may."""
        found = await self._intents.retrieve(request.idp_intent_id, request.idp_intent_token)
        intent = found.intent
        return pb.RetrieveIdentityProviderIntentResponse(
            details=Details(
                sequence=intent.version,
                change_date=Timestamp.from_datetime(intent.changed_at),
                creation_date=Timestamp.from_datetime(intent.created_at),
                resource_owner=await self._instance_id(),
            ),
            idp_information=_information(found),
            user_id=found.user_id,
        )

    async def add_link(self, call: Call, request: pb.AddIDPLinkRequest) -> pb.AddIDPLinkResponse:
        """AddIDPLink."""
        if request.idp_link is None:
            raise InvalidArgument("user.link_missing", "Name the account to link")
        link = request.idp_link
        account = ExternalAccount(link.idp_id, link.user_id, link.user_name)
        user = await self._links.add(call.caller, request.user_id, account)
        return pb.AddIDPLinkResponse(details=details_of(user))

    async def links(self, call: Call, request: pb.ListIDPLinksRequest) -> pb.ListIDPLinksResponse:
        """ListIDPLinks: by provider and account."""
        found = await self._links.of_user(call.caller, request.user_id)
        query = request.query or ListQuery()
        ordered = sorted(found, key=lambda one: (one.idp_id, one.user_id))
        first = offset_of(query.offset)
        return pb.ListIDPLinksResponse(
            details=ListDetails(total_result=len(found), timestamp=Timestamp.from_datetime(self._now())),
            result=[
                IDPLink(idp_id=one.idp_id, user_id=one.user_id, user_name=one.user_name)
                for one in ordered[first : first + limit_of(query.limit)]
            ],
        )

    async def remove_link(self, call: Call, request: pb.RemoveIDPLinkRequest) -> pb.RemoveIDPLinkResponse:
        """RemoveIDPLink."""
        user = await self._links.remove(call.caller, request.user_id, request.idp_id, request.linked_user_id)
        return pb.RemoveIDPLinkResponse(details=details_of(user))


def _information(found: Retrieved) -> IDPInformation:
    said = found.information
    tokens = IDPOAuthAccessInformation(access_token=said.access_token, id_token=said.id_token or None)
    access: _OAuth = Oneof("oauth", tokens)
    return IDPInformation(
        access=access if said.access_token or said.id_token else None,
        idp_id=found.intent.idp_id,
        user_id=found.intent.external_user_id,
        user_name=found.intent.external_user_name,
        raw_information=Struct.from_json(bytes(said.raw).decode()),
    )
