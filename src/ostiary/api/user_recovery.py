"""How people come in without a factor: password resets and invitations; and that they declined a second one."""

from collections.abc import Mapping

from protobuf import Oneof

from ostiary._pb.zitadel.user.v2 import user_service_pb as pb
from ostiary._pb.zitadel.user.v2.password_pb import NotificationType, SendPasswordResetLink
from ostiary._pb.zitadel.user.v2.user_pb import SendInviteCode
from ostiary.api.call import Call, Handler
from ostiary.api.user_messages import details_of
from ostiary.users.codes import EMAIL, PHONE
from ostiary.users.invites import Invitation
from ostiary.users.service import Users


def recovery_handlers(users: Users) -> Mapping[str, Handler]:
    """The handlers by RPC name."""
    api = _RecoveryApi(users)
    return {
        "PasswordReset": api.reset_password,
        "CreateInviteCode": api.create_invite,
        "ResendInviteCode": api.resend_invite,
        "VerifyInviteCode": api.verify_invite,
        "HumanMFAInitSkipped": api.skip_mfa_init,
    }


class _RecoveryApi:
    """Each RPC: message in, command, message out."""

    def __init__(self, users: Users) -> None:
        self._users = users

    async def reset_password(self, call: Call, request: pb.PasswordResetRequest) -> pb.PasswordResetResponse:
        """PasswordReset: by mail unless said otherwise."""
        channel, url_template = EMAIL, ""
        match request.medium:
            case Oneof(field="return_code"):
                channel = ""
            case Oneof(value=SendPasswordResetLink() as link):
                channel = PHONE if link.notification_type is NotificationType.SMS else EMAIL
                url_template = link.url_template
        done = await self._users.resets.begin(call.caller, request.user_id, channel, url_template)
        return pb.PasswordResetResponse(details=details_of(done.user), verification_code=done.code)

    async def create_invite(
        self, call: Call, request: pb.CreateInviteCodeRequest
    ) -> pb.CreateInviteCodeResponse:
        """CreateInviteCode: by mail unless said otherwise."""
        wanted = Invitation()
        match request.verification:
            case Oneof(field="return_code"):
                wanted = Invitation(is_returned=True)
            case Oneof(value=SendInviteCode() as sent):
                wanted = Invitation(False, sent.url_template, sent.application_name)
        done = await self._users.invites.create(call.caller, request.user_id, wanted)
        return pb.CreateInviteCodeResponse(details=details_of(done.user), invite_code=done.code)

    async def resend_invite(
        self, call: Call, request: pb.ResendInviteCodeRequest
    ) -> pb.ResendInviteCodeResponse:
        """ResendInviteCode."""
        user = await self._users.invites.resend(call.caller, request.user_id)
        return pb.ResendInviteCodeResponse(details=details_of(user))

    async def verify_invite(
        self, call: Call, request: pb.VerifyInviteCodeRequest
    ) -> pb.VerifyInviteCodeResponse:
        """VerifyInviteCode."""
        user = await self._users.invites.verify(call.caller, request.user_id, request.verification_code)
        return pb.VerifyInviteCodeResponse(details=details_of(user))

    async def skip_mfa_init(
        self, call: Call, request: pb.HumanMFAInitSkippedRequest
    ) -> pb.HumanMFAInitSkippedResponse:
        """HumanMFAInitSkipped."""
        user = await self._users.updates.skip_mfa_init(call.caller, request.user_id)
        return pb.HumanMFAInitSkippedResponse(details=details_of(user))
