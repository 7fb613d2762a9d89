"""Email addresses and phone numbers of users: the RPCs that set and verify them."""

from collections.abc import Mapping

from ostiary._pb.zitadel.user.v2 import user_service_pb as pb
from ostiary._pb.zitadel.user.v2.email_pb import SendEmailVerificationCode
from ostiary.api.call import Call, Handler
from ostiary.api.user_messages import details_of
from ostiary.users.addresses import UserAddresses
from ostiary.users.change import NewAddress, Verification
from ostiary.users.codes import EMAIL, PHONE

_VERIFICATIONS = {
    "send_code": Verification.SEND_CODE,
    "return_code": Verification.RETURN_CODE,
    "is_verified": Verification.VERIFIED,
}
_Asking = (
    pb.SetEmailRequest
    | pb.ResendEmailCodeRequest
    | pb.SendEmailCodeRequest
    | pb.SetPhoneRequest
    | pb.ResendPhoneCodeRequest
)


def address_handlers(addresses: UserAddresses) -> Mapping[str, Handler]:
    """The handlers by RPC name."""
    api = _AddressApi(addresses)
    return {
        "SetEmail": api.set_email,
        "ResendEmailCode": api.resend_email_code,
        "SendEmailCode": api.send_email_code,
        "VerifyEmail": api.verify_email,
        "SetPhone": api.set_phone,
        "RemovePhone": api.remove_phone,
        "ResendPhoneCode": api.resend_phone_code,
        "VerifyPhone": api.verify_phone,
    }


class _AddressApi:
    """Each RPC: message in, command, message out."""

    def __init__(self, addresses: UserAddresses) -> None:
        self._addresses = addresses

    async def set_email(self, call: Call, request: pb.SetEmailRequest) -> pb.SetEmailResponse:
        """SetEmail."""
        done = await self._addresses.set(call.caller, request.user_id, EMAIL, _asked(request, request.email))
        return pb.SetEmailResponse(details=details_of(done.user), verification_code=done.code)

    async def resend_email_code(
        self, call: Call, request: pb.ResendEmailCodeRequest
    ) -> pb.ResendEmailCodeResponse:
        """ResendEmailCode: only if one is pending."""
        asked = _asked(request)
        done = await self._addresses.send_code(call.caller, request.user_id, EMAIL, asked, again=True)
        return pb.ResendEmailCodeResponse(details=details_of(done.user), verification_code=done.code)

    async def send_email_code(self, call: Call, request: pb.SendEmailCodeRequest) -> pb.SendEmailCodeResponse:
        """SendEmailCode: whether or not one is pending."""
        asked = _asked(request)
        done = await self._addresses.send_code(call.caller, request.user_id, EMAIL, asked, again=False)
        return pb.SendEmailCodeResponse(details=details_of(done.user), verification_code=done.code)

    async def verify_email(self, call: Call, request: pb.VerifyEmailRequest) -> pb.VerifyEmailResponse:
        """VerifyEmail."""
        user = await self._addresses.verify(call.caller, request.user_id, EMAIL, request.verification_code)
        return pb.VerifyEmailResponse(details=details_of(user))

    async def set_phone(self, call: Call, request: pb.SetPhoneRequest) -> pb.SetPhoneResponse:
        """SetPhone."""
        done = await self._addresses.set(call.caller, request.user_id, PHONE, _asked(request, request.phone))
        return pb.SetPhoneResponse(details=details_of(done.user), verification_code=done.code)

    async def remove_phone(self, call: Call, request: pb.RemovePhoneRequest) -> pb.RemovePhoneResponse:
        """RemovePhone."""
        user = await self._addresses.remove_phone(call.caller, request.user_id)
        return pb.RemovePhoneResponse(details=details_of(user))

    async def resend_phone_code(
        self, call: Call, request: pb.ResendPhoneCodeRequest
    ) -> pb.ResendPhoneCodeResponse:
        """ResendPhoneCode: only if one is pending."""
        asked = _asked(request)
        done = await self._addresses.send_code(call.caller, request.user_id, PHONE, asked, again=True)
        return pb.ResendPhoneCodeResponse(details=details_of(done.user), verification_code=done.code)

    async def verify_phone(self, call: Call, request: pb.VerifyPhoneRequest) -> pb.VerifyPhoneResponse:
        """VerifyPhone."""
        user = await self._addresses.verify(call.caller, request.user_id, PHONE, request.verification_code)
        return pb.VerifyPhoneResponse(details=details_of(user))


def _asked(request: _Asking, value: str = "") -> NewAddress:
    asked = request.verification
    if asked is None:
        return NewAddress(value)
    sent = asked.value if isinstance(asked.value, SendEmailVerificationCode) else None
    return NewAddress(value, _VERIFICATIONS[asked.field], sent.url_template if sent else "")
