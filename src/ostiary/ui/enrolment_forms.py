"""Forms of the login by which somebody sets up a second factor: because the policy forces one, or as it is offered.

Only who owns none may do so here: whoever owns one is asked for that first, so a stolen password enrols nothing.
"""

from typing import Final
from urllib.parse import parse_qs, urlsplit

import msgspec

from ostiary.core.login_step import Step, Way
from ostiary.errors import (
    AlreadyExists,
    CredentialRefused,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    OstiaryError,
    PermissionDenied,
    ResourceExhausted,
)
from ostiary.http.message import Response
from ostiary.oidc.parameters import Parameters
from ostiary.ui.checks import Checks, is_of_session, lifetime_of
from ostiary.ui.choice import Account, Turn, View
from ostiary.ui.factor_forms import of_url, one_of
from ostiary.ui.login_pages import TOO_FAST, LoginPages, waiting
from ostiary.ui.qr_code import qr_code
from ostiary.ui.sealed_text import SealedTexts
from ostiary.ui.visit import Visit
from ostiary.users.key_registration import Attested, NewKey
from ostiary.users.otp_enrolment import EMAIL, SMS
from ostiary.users.service import Users

_KEYS: Final = (Way.PASSKEY, Way.U2F)
_NAME_LENGTH: Final = 100
_WRONG: Final = "The code is wrong. Enter the one that your app shows now."
_WRONG_KEY: Final = "This key was not accepted. Try again, or choose another way."
_BREAK: Final = "\n"


class EnrolmentForms:
    """Sets up what was chosen, for the user of a session whose next step is to do so."""

    def __init__(self, pages: LoginPages, checks: Checks, users: Users, setups: SealedTexts) -> None:
        """``setups`` seals the secrets of apps that are being set up, between their pages."""
        self._pages = pages
        self._checks = checks
        self._users = users
        self._setups = setups

    async def begin(self, visit: Visit, form: Parameters) -> Response:
        """The way that was chosen: a code is sent at once, for others there is a page."""
        account = _enrolling(visit)
        if account is None:
            return self._pages.go(visit, visit.parameters.get("session"))
        way = next((one for one in account.held.next.ways if one == form.get("way")), None)
        more: list[tuple[str, str]] = [("way", way)] if way else []
        user, kept = account.held.user, account.kept
        try:
            if way is Way.TOTP:
                made = await self._users.totp.register(account.caller, user.id)
                more.append(("setup", self._setups.write(f"{user.id}{_BREAK}{made.uri}")))
            elif way in {Way.OTP_EMAIL, Way.OTP_SMS}:
                otp = EMAIL if way is Way.OTP_EMAIL else SMS
                await self._users.otp.add(account.caller, user.id, otp)
                asked = self._pages.code_asked(visit, kept.session_id, way)
                return self._pages.moved(visit, await self._checks.send_code(kept, way, asked))
        except PermissionDenied as refusal:
            return self._pages.go(visit, kept.session_id, *_anew(refusal))
        except (AlreadyExists, FailedPrecondition):
            more = []  # another tab was faster
        except OstiaryError as error:
            if error.http_status != 429:
                raise
        return self._pages.go(visit, kept.session_id, *more)

    async def show_totp(self, visit: Visit, shown: Turn, problem: str = "", status: int = 200) -> Response:
        """The secret of a new app, drawn and in letters."""
        setup, account = visit.parameters.get("setup"), shown.account
        user_id, _, uri = self._setups.read(setup).partition(_BREAK)
        if account is None or user_id != account.held.user.id:
            return self._pages.go(visit, account.kept.session_id if account else "")
        title = visit.reader.say("Code to scan with an authenticator app")
        (secret,) = parse_qs(urlsplit(uri).query)["secret"]
        letters = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
        action = self._pages.url(visit, account.kept.session_id, ("way", Way.TOTP), ("setup", setup))
        drawn = qr_code(uri, title)
        return await self._pages.page(
            visit, shown, problem, status, qr=drawn, secret=letters, uri=uri, confirm=action
        )

    async def totp(self, visit: Visit, form: Parameters) -> Response:
        """The first code of a new app: it makes the app ready and verifies its user at once."""
        kept, account = of_url(visit)
        if kept is None:
            return self._pages.go(visit)
        policy = account.held.policy if account else visit.policy
        if account is not None and account.step is not Step.ENROL:
            return self._pages.go(visit, kept.session_id)
        nonce, lifetime_s = form.get("attempt"), lifetime_of(policy, Way.TOTP)
        try:
            after = await self._checks.code(
                kept, Way.TOTP, form.get("code"), nonce, lifetime_s, confirms=True
            )
        except ResourceExhausted as busy:
            text = visit.reader.say(TOO_FAST, time=waiting(busy))
            shown = Turn(View.ENROL_TOTP, account, way=Way.TOTP)
            return await self.show_totp(visit, shown, text, busy.http_status)
        except (InvalidArgument, FailedPrecondition, NotFound, PermissionDenied) as refusal:
            if account is None or is_of_session(refusal) or not isinstance(refusal, InvalidArgument):
                return self._pages.go(visit, kept.session_id)
            shown = Turn(View.ENROL_TOTP, account, login_name=account.login_name, way=Way.TOTP)
            return await self.show_totp(visit, shown, _WRONG, 400)
        return await self._pages.verified(visit, after, Way.TOTP, policy)

    async def key(self, visit: Visit, form: Parameters) -> Response:
        """A new key: first the options for our script, then what it attests."""
        account = _enrolling(visit)
        if account is None:
            return self._pages.go(visit, visit.parameters.get("session"))
        way, user = one_of(form.get("way"), _KEYS), account.held.user
        if way not in account.held.next.ways:
            return self._pages.go(visit, account.kept.session_id)
        keys = self._users.key_registration
        if form.get("begin"):
            try:
                made = await keys.register(account.caller, user.id, NewKey(way))
            except PermissionDenied as refusal:
                again = self._pages.url(visit, account.kept.session_id, *_anew(refusal))
                return self._pages.to_script({"go": again})
            return self._pages.to_script({"options": made.options, "fields": {"key_id": made.key_id}})
        attested = Attested(
            form.get("key_id"), _json(form.get("credential")), form.get("name")[:_NAME_LENGTH]
        )
        try:
            await keys.verify(account.caller, user.id, way, attested)
        except PermissionDenied as refusal:
            return self._pages.go(visit, account.kept.session_id, *_anew(refusal))
        except (CredentialRefused, FailedPrecondition):
            shown = Turn(View.ENROL_KEY, account, login_name=account.login_name, way=way)
            return await self._pages.page(visit, shown, _WRONG_KEY, 400)
        return self._pages.go(visit, account.kept.session_id, ("way", way))

    async def skip(self, visit: Visit, _: Parameters) -> Response:
        """Not now: the offer is made again when the policy says so."""
        account = _enrolling(visit)
        if account is not None and account.held.next.may_skip:
            user = account.held.user
            await self._users.updates.skip_mfa_init(account.caller, user.id)
        return self._pages.go(visit, visit.parameters.get("session"))


def _anew(refusal: PermissionDenied) -> tuple[tuple[str, str], ...]:
    """Where to go when it has been too long since the session was verified: to do so again, and then back here."""
    return (("fresh", "1"),) if refusal.id == "user.step_up" else ()


def _enrolling(visit: Visit) -> Account | None:
    """The account that the URL names, if its next step is to set up a factor."""
    _, account = of_url(visit)
    return account if account is not None and account.step is Step.ENROL else None


def _json(text: str) -> dict[str, object]:
    try:
        return msgspec.json.decode(text, type=dict[str, object])
    except (msgspec.MsgspecError, RecursionError):
        return {}
