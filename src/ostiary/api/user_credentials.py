"""What people prove themselves with: the RPCs on passwords, authenticator apps, and what there is."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from protobuf import Oneof
from protobuf.wkt import Timestamp

from ostiary._pb.zitadel.object.v2.object_pb import ListDetails
from ostiary._pb.zitadel.user.v2 import user_pb
from ostiary._pb.zitadel.user.v2 import user_service_pb as pb
from ostiary.api.call import Call, Handler
from ostiary.api.user_messages import details_of
from ostiary.api.user_requests import password_of, proof_of
from ostiary.core.identity_link import IDENTITY_LINK
from ostiary.core.passkey import PASSKEY, U2F
from ostiary.core.user import Authenticator
from ostiary.users.change import NewPassword
from ostiary.users.service import Users

_METHODS = MappingProxyType(
    {
        "password": pb.AuthenticationMethodType.PASSWORD,
        PASSKEY: pb.AuthenticationMethodType.PASSKEY,
        "totp": pb.AuthenticationMethodType.TOTP,
        U2F: pb.AuthenticationMethodType.U2F,
        "otp_sms": pb.AuthenticationMethodType.OTP_SMS,
        "otp_email": pb.AuthenticationMethodType.OTP_EMAIL,
        IDENTITY_LINK: pb.AuthenticationMethodType.IDP,
        "recovery_code": pb.AuthenticationMethodType.RECOVERY_CODE,
    }
)
# The second factors that are listed, with the number they are asked for by.
_FACTORS = MappingProxyType(
    {
        "totp": pb.AuthFactors.OTP,
        "otp_sms": pb.AuthFactors.OTP_SMS,
        "otp_email": pb.AuthFactors.OTP_EMAIL,
        U2F: pb.AuthFactors.U2F,
    }
)
_READY, _NOT_READY = user_pb.AuthFactorState.READY, user_pb.AuthFactorState.NOT_READY

_Otp = Oneof[Literal["otp"], user_pb.AuthFactorOTP]
_OtpSms = Oneof[Literal["otp_sms"], user_pb.AuthFactorOTPSMS]
_OtpEmail = Oneof[Literal["otp_email"], user_pb.AuthFactorOTPEmail]
_U2f = Oneof[Literal["u2f"], user_pb.AuthFactorU2F]
_Type = _Otp | _OtpSms | _OtpEmail | _U2f


def credential_handlers(users: Users) -> Mapping[str, Handler]:
    """The handlers by RPC name."""
    api = _CredentialApi(users)
    return {
        "SetPassword": api.set_password,
        "RegisterTOTP": api.register_totp,
        "VerifyTOTPRegistration": api.verify_totp,
        "RemoveTOTP": api.remove_totp,
        "ListAuthenticationMethodTypes": api.method_types,
        "ListAuthenticationFactors": api.factors,
    }


class _CredentialApi:
    """Each RPC: message in, command or query, message out."""

    def __init__(self, users: Users) -> None:
        self._users = users

    async def set_password(self, call: Call, request: pb.SetPasswordRequest) -> pb.SetPasswordResponse:
        """SetPassword."""
        new = password_of(request.new_password) if request.new_password else NewPassword()
        user = await self._users.passwords.set(call.caller, request.user_id, new, proof_of(request))
        return pb.SetPasswordResponse(details=details_of(user))

    async def register_totp(self, call: Call, request: pb.RegisterTOTPRequest) -> pb.RegisterTOTPResponse:
        """RegisterTOTP."""
        made = await self._users.totp.register(call.caller, request.user_id)
        return pb.RegisterTOTPResponse(details=details_of(made.user), uri=made.uri, secret=made.secret)

    async def verify_totp(
        self, call: Call, request: pb.VerifyTOTPRegistrationRequest
    ) -> pb.VerifyTOTPRegistrationResponse:
        """VerifyTOTPRegistration."""
        user = await self._users.totp.verify(call.caller, request.user_id, request.code)
        return pb.VerifyTOTPRegistrationResponse(details=details_of(user))

    async def remove_totp(self, call: Call, request: pb.RemoveTOTPRequest) -> pb.RemoveTOTPResponse:
        """RemoveTOTP."""
        user = await self._users.totp.remove(call.caller, request.user_id)
        return pb.RemoveTOTPResponse(details=details_of(user))

    async def method_types(
        self, call: Call, request: pb.ListAuthenticationMethodTypesRequest
    ) -> pb.ListAuthenticationMethodTypesResponse:
        """ListAuthenticationMethodTypes; the domain it may ask for concerns keys alone, which all have one."""
        owned = await self._users.queries.authenticators(call.caller, request.user_id)
        kinds = {one.kind for one in owned if one.is_ready}
        if request.domain_query is not None:
            keys = await self._users.passkeys.ready(call.caller, request.user_id)
            wanted = request.domain_query.domain.lower()
            kinds -= {PASSKEY, U2F}
            kinds |= {key.owned.kind for key in keys if key.credential.rp_id == wanted}
        found = [method for kind, method in _METHODS.items() if kind in kinds]
        now = Timestamp.from_datetime(self._users.effects.now())
        return pb.ListAuthenticationMethodTypesResponse(
            details=ListDetails(total_result=len(found), timestamp=now), auth_method_types=found
        )

    async def factors(
        self, call: Call, request: pb.ListAuthenticationFactorsRequest
    ) -> pb.ListAuthenticationFactorsResponse:
        """ListAuthenticationFactors: second factors, those that are ready unless other states are asked for."""
        owned = await self._users.queries.second_factors(call.caller, request.user_id)
        states = set(request.states) or {_READY}
        asked = set(request.auth_factors) or set(_FACTORS.values())
        found = [_factor(one) for one in owned if _FACTORS.get(one.kind) in asked]
        return pb.ListAuthenticationFactorsResponse(result=[one for one in found if one.state in states])


def _factor(owned: Authenticator) -> user_pb.AuthFactor:
    return user_pb.AuthFactor(state=_READY if owned.is_ready else _NOT_READY, type=_type(owned))


def _type(owned: Authenticator) -> _Type:
    otp: _Otp = Oneof("otp", user_pb.AuthFactorOTP())
    otp_sms: _OtpSms = Oneof("otp_sms", user_pb.AuthFactorOTPSMS())
    otp_email: _OtpEmail = Oneof("otp_email", user_pb.AuthFactorOTPEmail())
    u2f: _U2f = Oneof("u2f", user_pb.AuthFactorU2F(id=owned.id, name=owned.name))
    by_kind: dict[str, _Type] = {"otp_sms": otp_sms, "otp_email": otp_email, U2F: u2f}
    return by_kind.get(owned.kind, otp)
