"""Passkeys and U2F keys: the RPCs that register, list and remove them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec
from protobuf.wkt import Struct, Timestamp

from ostiary._pb.zitadel.object.v2.object_pb import ListDetails
from ostiary._pb.zitadel.user.v2 import auth_pb, user_pb
from ostiary._pb.zitadel.user.v2 import user_service_pb as pb
from ostiary.api.call import Call, Handler
from ostiary.api.user_messages import details_of
from ostiary.core.passkey import PASSKEY, U2F
from ostiary.users.key_registration import Attested, NewKey
from ostiary.users.passkeys import LinkCode
from ostiary.users.service import Users

_ATTACHMENTS: Final = MappingProxyType(
    {
        auth_pb.PasskeyAuthenticator.PLATFORM: "platform",
        auth_pb.PasskeyAuthenticator.CROSS_PLATFORM: "cross-platform",
    }
)


def passkey_handlers(users: Users) -> Mapping[str, Handler]:
    """The handlers by RPC name."""
    api = _PasskeyApi(users)
    return {
        "RegisterPasskey": api.register_passkey,
        "VerifyPasskeyRegistration": api.verify_passkey,
        "CreatePasskeyRegistrationLink": api.link,
        "ListPasskeys": api.search,
        "RemovePasskey": api.remove_passkey,
        "RegisterU2F": api.register_u2f,
        "VerifyU2FRegistration": api.verify_u2f,
        "RemoveU2F": api.remove_u2f,
    }


class _PasskeyApi:
    """Each RPC: message in, command or query, message out."""

    def __init__(self, users: Users) -> None:
        self._users = users

    async def register_passkey(
        self, call: Call, request: pb.RegisterPasskeyRequest
    ) -> pb.RegisterPasskeyResponse:
        """RegisterPasskey."""
        link = LinkCode(request.code.id, request.code.code) if request.code else None
        new = NewKey(PASSKEY, request.domain, _ATTACHMENTS.get(request.authenticator, ""), link)
        made = await self._users.key_registration.register(call.caller, request.user_id, new)
        return pb.RegisterPasskeyResponse(
            details=details_of(made.user),
            passkey_id=made.key_id,
            public_key_credential_creation_options=_struct(made.options),
        )

    async def verify_passkey(
        self, call: Call, request: pb.VerifyPasskeyRegistrationRequest
    ) -> pb.VerifyPasskeyRegistrationResponse:
        """VerifyPasskeyRegistration."""
        attested = Attested(request.passkey_id, _said(request.public_key_credential), request.passkey_name)
        user = await self._users.key_registration.verify(call.caller, request.user_id, PASSKEY, attested)
        return pb.VerifyPasskeyRegistrationResponse(details=details_of(user))

    async def link(
        self, call: Call, request: pb.CreatePasskeyRegistrationLinkRequest
    ) -> pb.CreatePasskeyRegistrationLinkResponse:
        """CreatePasskeyRegistrationLink; mailed with the default text unless the caller says otherwise."""
        sent = request.medium.value if request.medium else auth_pb.SendPasskeyRegistrationLink()
        sends = isinstance(sent, auth_pb.SendPasskeyRegistrationLink)
        template = sent.url_template if isinstance(sent, auth_pb.SendPasskeyRegistrationLink) else ""
        user, code = await self._users.passkeys.link(call.caller, request.user_id, template, sends=sends)
        told = None if sends else auth_pb.PasskeyRegistrationCode(id=code.id, code=code.code)
        return pb.CreatePasskeyRegistrationLinkResponse(details=details_of(user), code=told)

    async def search(self, call: Call, request: pb.ListPasskeysRequest) -> pb.ListPasskeysResponse:
        """ListPasskeys: those that are ready."""
        keys = await self._users.passkeys.ready(call.caller, request.user_id)
        found = [
            user_pb.Passkey(id=key.owned.id, state=user_pb.AuthFactorState.READY, name=key.owned.name)
            for key in keys
            if key.owned.kind == PASSKEY
        ]
        now = Timestamp.from_datetime(self._users.effects.now())
        return pb.ListPasskeysResponse(
            details=ListDetails(total_result=len(found), timestamp=now), result=found
        )

    async def remove_passkey(self, call: Call, request: pb.RemovePasskeyRequest) -> pb.RemovePasskeyResponse:
        """RemovePasskey."""
        user = await self._users.passkeys.remove(call.caller, request.user_id, PASSKEY, request.passkey_id)
        return pb.RemovePasskeyResponse(details=details_of(user))

    async def register_u2f(self, call: Call, request: pb.RegisterU2FRequest) -> pb.RegisterU2FResponse:
        """RegisterU2F."""
        new = NewKey(U2F, request.domain)
        made = await self._users.key_registration.register(call.caller, request.user_id, new)
        return pb.RegisterU2FResponse(
            details=details_of(made.user),
            u2f_id=made.key_id,
            public_key_credential_creation_options=_struct(made.options),
        )

    async def verify_u2f(
        self, call: Call, request: pb.VerifyU2FRegistrationRequest
    ) -> pb.VerifyU2FRegistrationResponse:
        """VerifyU2FRegistration."""
        attested = Attested(request.u2f_id, _said(request.public_key_credential), request.token_name)
        user = await self._users.key_registration.verify(call.caller, request.user_id, U2F, attested)
        return pb.VerifyU2FRegistrationResponse(details=details_of(user))

    async def remove_u2f(self, call: Call, request: pb.RemoveU2FRequest) -> pb.RemoveU2FResponse:
        """RemoveU2F."""
        user = await self._users.passkeys.remove(call.caller, request.user_id, U2F, request.u2f_id)
        return pb.RemoveU2FResponse(details=details_of(user))


def _struct(options: Mapping[str, Any]) -> Struct:
    return Struct.from_json(msgspec.json.encode(options).decode())


def _said(sent: Struct | None) -> Mapping[str, Any]:
    said: Mapping[str, Any] = sent.to_python() if sent else {}
    return said
