"""An authenticator app set up: a secret to scan, then a code of it."""

from typing import Final
from urllib.parse import parse_qs, urlsplit

from ostiary.core.login_step import Way
from ostiary.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound, PermissionDenied
from ostiary.http.message import Response
from ostiary.oidc.parameters import Parameters
from ostiary.ui.account.entrance import Entrance, Member
from ostiary.ui.account.paths import APP, FACTORS
from ostiary.ui.checks import Checks, lifetime_of
from ostiary.ui.qr_code import qr_code
from ostiary.ui.sealed_text import SealedTexts
from ostiary.users.service import Users

_WRONG: Final = "The code is wrong. Enter the one that your app shows now."
_BREAK: Final = "\n"


class AuthenticatorApp:
    """``GET`` and ``POST /ui/v2/account/factors/app``. The secret goes from page to page in the URL, sealed."""

    def __init__(self, entrance: Entrance, users: Users, checks: Checks, setups: SealedTexts) -> None:
        """``setups`` seals secrets between their pages."""
        self._checks = checks
        self._entrance = entrance
        self._users = users
        self._setups = setups

    async def show(self, member: Member) -> Response:
        """A button that makes a secret; once that is made, the secret, and a field for its code."""
        return await self._page(member)

    async def act(self, member: Member, form: Parameters) -> Response:
        """A new secret, or the code that makes it good."""
        user_id = member.user.id
        if form.get("step") == "begin":
            try:
                made = await self._users.totp.register(member.caller, user_id)
            except (AlreadyExists, FailedPrecondition):  # it is set up, or is not to be
                return self._entrance.go(member, FACTORS)
            setup = self._setups.write(f"{user_id}{_BREAK}{made.uri}")
            return self._entrance.go(member, APP, ("setup", setup))
        return await self._confirmed(member, form)

    async def _confirmed(self, member: Member, form: Parameters) -> Response:
        """The first code makes the app ready, and verifies its user: else this session would lack it from now on."""
        account = member.account
        lifetime_s = lifetime_of(account.held.policy, Way.TOTP)
        try:
            kept = await self._checks.code(
                account.kept, Way.TOTP, form.get("code"), form.get("attempt"), lifetime_s, confirms=True
            )
        except InvalidArgument:
            return await self._page(member, _WRONG)
        except (FailedPrecondition, NotFound, PermissionDenied):  # another tab was faster, or it is blocked
            return self._entrance.go(member, FACTORS)
        return self._entrance.go(member, FACTORS, kept=kept)

    async def _page(self, member: Member, problem: str = "") -> Response:
        setup = member.visit.parameters.get("setup")
        user_id, _, uri = self._setups.read(setup).partition(_BREAK)
        if user_id != member.user.id:
            return self._entrance.write(member, "app", uri="", problem="")
        (secret,) = parse_qs(urlsplit(uri).query)["secret"]
        return self._entrance.write(
            member,
            "app",
            status=400 if problem else 200,
            uri=uri,
            secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
            qr=qr_code(uri, member.visit.reader.say("Code to scan with an authenticator app")),
            setup=setup,
            attempt=self._entrance.nonce(),
            problem=problem,
        )
