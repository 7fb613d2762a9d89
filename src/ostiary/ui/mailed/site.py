"""These pages put together."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from ostiary.http.message import Endpoint
from ostiary.ui import paths
from ostiary.ui.mailed.address import VerifyPage
from ostiary.ui.mailed.desk import Desk
from ostiary.ui.mailed.forgotten import ForgottenPage
from ostiary.ui.mailed.invitation import InvitationPage
from ostiary.ui.mailed.keys import MailedKeys, PasskeyLinkPage
from ostiary.ui.mailed.new_password import FORGOTTEN_PASSWORD, NewPasswordPage
from ostiary.ui.mailed.otp_link import OtpLink
from ostiary.ui.mailed.registration import RegistrationPage

# Mails that one address may ask for, whoever they go to.
ASKED: Final = 30
ASKED_WITHIN: Final = timedelta(hours=1)


def mailed_endpoints(desk: Desk) -> Mapping[tuple[str, str], Endpoint]:
    """Each by method and path."""
    register, forgotten = RegistrationPage(desk), ForgottenPage(desk)
    new_password = NewPasswordPage(desk, FORGOTTEN_PASSWORD)
    keys = MailedKeys(desk)
    passkey_link = PasskeyLinkPage(desk, keys)
    verify = VerifyPage(desk, InvitationPage(desk, keys))
    return {
        ("GET", paths.REGISTER): register.show,
        ("POST", paths.REGISTER): register.act,
        ("GET", paths.FORGOTTEN): forgotten.show,
        ("POST", paths.FORGOTTEN): forgotten.act,
        ("GET", paths.NEW_PASSWORD): new_password.show,
        ("POST", paths.NEW_PASSWORD): new_password.act,
        ("GET", paths.PASSKEY_LINK): passkey_link.show,
        ("POST", paths.PASSKEY_LINK): passkey_link.act,
        ("GET", paths.OTP_LINK): OtpLink(desk).show,
        ("GET", paths.VERIFY): verify.show,
        ("POST", paths.VERIFY): verify.act,
    }
