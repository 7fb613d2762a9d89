"""Second factors that need no app: the RPCs on codes by SMS and mail, and on recovery codes."""

from collections.abc import Mapping

from ostiary._pb.zitadel.user.v2 import user_service_pb as pb
from ostiary.api.call import Call, Handler
from ostiary.api.user_messages import details_of
from ostiary.users.otp_enrolment import EMAIL, SMS
from ostiary.users.service import Users


def factor_handlers(users: Users) -> Mapping[str, Handler]:
    """The handlers by RPC name."""
    api = _FactorApi(users)
    return {
        "AddOTPSMS": api.add_sms,
        "RemoveOTPSMS": api.remove_sms,
        "AddOTPEmail": api.add_email,
        "RemoveOTPEmail": api.remove_email,
        "GenerateRecoveryCodes": api.generate,
        "RemoveRecoveryCodes": api.remove_codes,
    }


class _FactorApi:
    """Each RPC: message in, command, message out."""

    def __init__(self, users: Users) -> None:
        self._otp = users.otp
        self._recovery = users.recovery_codes

    async def add_sms(self, call: Call, request: pb.AddOTPSMSRequest) -> pb.AddOTPSMSResponse:
        """AddOTPSMS."""
        user = await self._otp.add(call.caller, request.user_id, SMS)
        return pb.AddOTPSMSResponse(details=details_of(user))

    async def remove_sms(self, call: Call, request: pb.RemoveOTPSMSRequest) -> pb.RemoveOTPSMSResponse:
        """RemoveOTPSMS."""
        user = await self._otp.remove(call.caller, request.user_id, SMS)
        return pb.RemoveOTPSMSResponse(details=details_of(user))

    async def add_email(self, call: Call, request: pb.AddOTPEmailRequest) -> pb.AddOTPEmailResponse:
        """AddOTPEmail."""
        user = await self._otp.add(call.caller, request.user_id, EMAIL)
        return pb.AddOTPEmailResponse(details=details_of(user))

    async def remove_email(self, call: Call, request: pb.RemoveOTPEmailRequest) -> pb.RemoveOTPEmailResponse:
        """RemoveOTPEmail."""
        user = await self._otp.remove(call.caller, request.user_id, EMAIL)
        return pb.RemoveOTPEmailResponse(details=details_of(user))

    async def generate(
        self, call: Call, request: pb.GenerateRecoveryCodesRequest
    ) -> pb.GenerateRecoveryCodesResponse:
        """GenerateRecoveryCodes."""
        made = await self._recovery.generate(call.caller, request.user_id, request.count)
        return pb.GenerateRecoveryCodesResponse(
            details=details_of(made.user), recovery_codes=list(made.codes)
        )

    async def remove_codes(
        self, call: Call, request: pb.RemoveRecoveryCodesRequest
    ) -> pb.RemoveRecoveryCodesResponse:
        """RemoveRecoveryCodes."""
        user = await self._recovery.remove(call.caller, request.user_id)
        return pb.RemoveRecoveryCodesResponse(details=details_of(user))
