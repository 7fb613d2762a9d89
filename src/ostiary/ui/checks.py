"""Evidence that people type, as changes of sessions. A form that is sent twice is carried out once."""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from ostiary.core.factor import Factor
from ostiary.core.idempotency import Once
from ostiary.core.policy import LoginPolicy
from ostiary.errors import InvalidArgument, OstiaryError, PermissionDenied
from ostiary.http.message import Request
from ostiary.sessions.change import Changed, SessionChange, UserNamed
from ostiary.sessions.commands import SessionCommands
from ostiary.ui.agents import Agents
from ostiary.ui.caller import SIGNING_IN
from ostiary.ui.cookie import Kept

NONCE_LENGTH = 22


class Typed(msgspec.Struct, frozen=True):
    """What was typed, as factors read it."""

    password: str = ""
    code: str = ""

    def __repr__(self) -> str:
        """Never the evidence."""
        return "Typed(…)"


@dataclass(frozen=True, slots=True)
class Ways:
    """The factors that the pages know."""

    password: Factor
    totp: Factor


class Checks:
    """Passwords and codes, checked by the same commands as the API's."""

    def __init__(
        self,
        commands: SessionCommands,
        ways: Ways,
        agents: Agents,
        form_key: bytes,
        now: Callable[[], datetime],
    ) -> None:
        """``form_key`` keys the digests of forms, for a form may hold a password."""
        self._agents = agents
        self._commands = commands
        self._ways = ways
        self._form_key = form_key
        self._now = now

    async def password(
        self, request: Request, kept: Kept | None, login_name: str, password: str, nonce: str, lifetime_s: int
    ) -> Kept:
        """The session with the password verified: the one given (it is its user's), else a new one.

        Raises what the commands raise.
        """
        checks = ((self._ways.password, Typed(password=password)),)
        once = self._once(nonce, "password", login_name, password)
        if kept is not None:
            try:
                return await self._set(kept, SessionChange(checks=checks, lifetime=_s(lifetime_s)), once)
            except PermissionDenied:  # another tab was faster and has the new token: begin anew
                pass
        change = SessionChange(
            user=UserNamed(login_name=login_name),
            checks=checks,
            lifetime=_s(lifetime_s),
            user_agent=self._agents.of(request),
        )
        try:
            changed = await self._commands.create(SIGNING_IN, change, once)
        except InvalidArgument as error:
            if error.id != "idempotency.other_request":
                raise
            changed = await self._commands.create(SIGNING_IN, change)
        return self._kept(changed)

    async def code(self, kept: Kept, code: str, nonce: str, lifetime_s: int) -> Kept:
        """The session with the authenticator app's code verified; raises what the command raises."""
        plain = "".join(code.split())
        change = SessionChange(checks=((self._ways.totp, Typed(code=plain)),), lifetime=_s(lifetime_s))
        return await self._set(kept, change, self._once(nonce, "totp", kept.session_id, plain))

    async def fit_lifetime(self, kept: Kept, asked: LoginPolicy, policy: LoginPolicy) -> Kept:
        """The session with the lifetime that its user's organisation wants, where that is another than was asked."""
        if policy.password_check_lifetime_s == asked.password_check_lifetime_s:
            return kept
        return await self._set(kept, SessionChange(lifetime=_s(policy.password_check_lifetime_s)), None)

    async def _set(self, kept: Kept, change: SessionChange, once: Once | None) -> Kept:
        try:
            changed = await self._commands.set(SIGNING_IN, kept.session_id, kept.session_token, change, once)
        except InvalidArgument as error:
            if error.id != "idempotency.other_request":
                raise
            changed = await self._commands.set(SIGNING_IN, kept.session_id, kept.session_token, change)
        return self._kept(changed)

    def _kept(self, changed: Changed) -> Kept:
        return Kept(changed.session_id, changed.token, int(self._now().timestamp()))

    def _once(self, nonce: str, *content: str) -> Once | None:
        """The form as one that may come again; None for a nonce that is none of ours."""
        if len(nonce) != NONCE_LENGTH:
            return None
        digest = hmac.new(self._form_key, "\0".join(content).encode(), hashlib.sha256).digest()
        return Once(hashlib.sha256(f"pages\n{content[0]}\n{nonce}".encode()).hexdigest(), digest)


def is_of_session(error: OstiaryError) -> bool:
    """Whether it is the session that is not as it should be, and not the evidence."""
    return error.id in {"COMMAND-Hewfq", "COMMAND-Hkl3d", "COMMAND-3n77z"}


def _s(seconds: int) -> timedelta | None:
    """A lifetime; a setting of 0 sets none."""
    return timedelta(seconds=seconds) if seconds else None
