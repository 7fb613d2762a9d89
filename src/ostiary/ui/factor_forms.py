"""Forms of the login by which somebody proves who they are: password, codes, keys."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from ostiary.access.peer_limit import PeerLimit
from ostiary.core.login_step import Way
from ostiary.errors import (
    CredentialRefused,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    OstiaryError,
    PermissionDenied,
    ResourceExhausted,
    Unavailable,
)
from ostiary.http.message import Response
from ostiary.oidc.parameters import Parameters
from ostiary.signin.requests import SignIn
from ostiary.ui.checks import Checks, is_of_session, lifetime_of
from ostiary.ui.choice import Account, Turn, View, named
from ostiary.ui.cookie import Kept
from ostiary.ui.login_pages import SENT, WRONG, LoginPages, waiting
from ostiary.ui.sealed_text import SealedTexts
from ostiary.ui.visit import Visit
from ostiary.users.typed_name import meant_login_name

LONGEST: Final = 200  # characters of a login name or a password, as at the API
_CODES: Final = (Way.TOTP, Way.OTP_EMAIL, Way.OTP_SMS, Way.RECOVERY_CODE)
_KEYS: Final = (Way.PASSKEY, Way.U2F)
_WRONG_KEY: Final = "This passkey or security key was not accepted. Try again, or use another way."
_WRONG_CODES: Final[Mapping[Way, str]] = MappingProxyType(
    {
        Way.TOTP: "The code is wrong or was used before. Enter the next one.",
        Way.RECOVERY_CODE: "The code is wrong or was used before.",
    }
)
_WRONG_CODE: Final = "The code is wrong. Take the one from the newest message."
_OLD_CODE: Final = "This code is no longer good. Send a new one."
_BLOCKED: Final = "Too many wrong codes were entered. Ask your administrator to unlock the account."
_TOO_MANY: Final = "Too many codes were sent. Try again in %(time)s, or use another way."
_OLD_CODES: Final = frozenset({"CODE-QvUQ4P", "COMMAND-S34gh"})


class FactorForms:
    """Takes what was typed or signed; answers with the page that is next, or with the same one and what was wrong."""

    def __init__(
        self, signin: SignIn, pages: LoginPages, checks: Checks, ceremonies: SealedTexts, asked: PeerLimit
    ) -> None:
        """``ceremonies`` seals sessions of nobody yet, ``asked`` bounds how many of them one address gets."""
        self._signin = signin
        self._pages = pages
        self._checks = checks
        self._ceremonies = ceremonies
        self._asked = asked

    async def password(self, visit: Visit, form: Parameters) -> Response:
        """The password of a login name."""
        login_name, password = form.get("login_name").strip(), form.get("password")
        account = named(visit.accounts, login_name)
        shown = Turn(View.PASSWORD, login_name=login_name)
        if not login_name or not password:
            shown = shown if login_name else Turn(View.NAME)
            return await self._pages.page(visit, shown, "Enter your password.", 400)
        if max(len(login_name), len(password)) > LONGEST:
            return await self._pages.page(visit, Turn(View.NAME), WRONG, 400)
        policy = account.held.policy if account else visit.policy
        store, cache = self._signin.store, self._signin.cache
        meant = await meant_login_name(store, cache, login_name, visit.purpose.organization)
        try:
            kept = await self._checks.password(
                visit.request,
                account.kept if account else None,
                meant,
                password,
                form.get("attempt"),
                lifetime_of(policy, Way.PASSWORD),
            )
        except (InvalidArgument, FailedPrecondition, NotFound):
            return await self._pages.page(visit, shown, WRONG, 400)
        except (ResourceExhausted, Unavailable) as busy:
            return await self._pages.busy(visit, shown, busy)
        return await self._pages.verified(visit, kept, Way.PASSWORD, policy)

    async def code(self, visit: Visit, form: Parameters) -> Response:
        """A code, of an app, of a message, or one for recovery."""
        kept, account = of_url(visit)
        if kept is None:
            return self._pages.go(visit)
        way = one_of(form.get("way"), _CODES)
        if account is not None and way not in account.held.next.ways:
            return self._pages.go(visit, kept.session_id)
        policy = account.held.policy if account else visit.policy
        shown = Turn(View.CODE, account, login_name=account.login_name if account else "", way=way)
        try:
            after = await self._checks.code(
                kept, way, form.get("code"), form.get("attempt"), lifetime_of(policy, way)
            )
        except (InvalidArgument, FailedPrecondition, NotFound, PermissionDenied) as refusal:
            if account is None or is_of_session(refusal) or isinstance(refusal, NotFound | PermissionDenied):
                return self._pages.go(visit)
            return await self._pages.page(visit, shown, _wrong(way, refusal), 400)
        except ResourceExhausted as busy:
            return await self._pages.busy(visit, shown, busy) if account else self._pages.go(visit)
        return await self._pages.verified(visit, after, way, policy)

    async def send(self, visit: Visit, form: Parameters) -> Response:
        """Another code on its way."""
        kept, account = of_url(visit)
        way = one_of(form.get("way"), tuple(SENT))
        if kept is None or account is None or way not in account.held.next.ways:
            return self._pages.go(visit, kept.session_id if kept else "")
        asked = self._pages.code_asked(visit, kept.session_id, way)
        try:
            after = await self._checks.send_code(kept, way, asked, form.get("attempt"))
        except ResourceExhausted as refusal:
            shown = Turn(View.CODE, account, login_name=account.login_name, way=way)
            text = visit.reader.say(_TOO_MANY, time=waiting(refusal))
            return await self._pages.page(visit, shown, text, refusal.http_status)
        except (FailedPrecondition, PermissionDenied):
            return self._pages.go(visit, kept.session_id)
        return self._pages.moved(visit, after, ("way", way))

    async def passkey(self, visit: Visit, form: Parameters) -> Response:
        """A passkey of whoever it belongs to: first its challenge for our script, then what it signed."""
        if form.get("begin"):
            self._asked.take(visit.request.peer_ip)
            kept, options = await self._checks.ask_anybody(visit.request)
            sealed = self._ceremonies.write(msgspec.json.encode(kept).decode())
            return self._pages.to_script({"options": options, "fields": {"ceremony": sealed}})
        try:
            kept = msgspec.json.decode(self._ceremonies.read(form.get("ceremony")), type=Kept)
        except msgspec.MsgspecError:
            return self._pages.go(visit)
        return await self._signed(visit, form, kept, Turn(View.NAME), Way.PASSKEY)

    async def key(self, visit: Visit, form: Parameters) -> Response:
        """A key of the session's user: first its challenge for our script, then what it signed."""
        kept, account = of_url(visit)
        if kept is None:
            return self._pages.go(visit)
        way = one_of(form.get("way"), _KEYS)
        if account is not None and way not in account.held.next.ways:
            return self._pages.go(visit, kept.session_id)
        shown = Turn(View.KEY, account, login_name=account.login_name if account else "", way=way)
        if not form.get("begin"):
            return await self._signed(visit, form, kept, shown, way)
        try:
            after, options = await self._checks.ask_key(kept, way)
        except (CredentialRefused, FailedPrecondition, NotFound, PermissionDenied):
            return self._pages.go(visit, kept.session_id)
        return self._pages.to_script({"options": options, "fields": {}}, self._pages.keeping(visit, after))

    async def _signed(self, visit: Visit, form: Parameters, kept: Kept, shown: Turn, way: Way) -> Response:
        policy = shown.account.held.policy if shown.account else visit.policy
        try:
            after = await self._checks.key(
                kept, form.get("credential"), form.get("attempt"), lifetime_of(policy, way)
            )
        except (CredentialRefused, FailedPrecondition, InvalidArgument) as refusal:
            if is_of_session(refusal) or (shown.account is None and shown.view is View.KEY):
                return self._pages.go(visit)
            return await self._pages.page(visit, shown, _WRONG_KEY, 400)
        except (NotFound, PermissionDenied):
            return self._pages.go(visit)
        return await self._pages.verified(visit, after, way, policy)


def of_url(visit: Visit) -> tuple[Kept | None, Account | None]:
    """The session that the URL names, if this browser holds it; and its account, if it is alive."""
    kept = visit.kept_session(visit.parameters.get("session"))
    account = next((a for a in visit.accounts if kept and a.kept.session_id == kept.session_id), None)
    return kept, account


def one_of(text: str, ways: tuple[Way, ...]) -> Way:
    """The way that a form names; the first for any other."""
    return next((way for way in ways if way == text), ways[0])


def _wrong(way: Way, refusal: OstiaryError) -> str:
    if refusal.id in _OLD_CODES and way in SENT:
        return _OLD_CODE
    if isinstance(refusal, InvalidArgument):
        return _WRONG_CODES.get(way, _WRONG_CODE)
    return _BLOCKED
