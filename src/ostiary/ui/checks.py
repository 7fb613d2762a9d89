"""Evidence as changes of sessions, by the same commands as the API's. A form that is sent twice is carried out once."""

import hashlib
import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from ostiary.core.check_lifetime import check_lifetime_s
from ostiary.core.factor import Factor
from ostiary.core.idempotency import Once
from ostiary.core.login_step import Way
from ostiary.core.passkey import CEREMONY_LASTS
from ostiary.core.policy import MAX_YEAR_S, LoginPolicy
from ostiary.errors import InvalidArgument, OstiaryError, PermissionDenied
from ostiary.http.message import Request
from ostiary.sessions.change import Changed, SessionChange, UserNamed
from ostiary.sessions.commands import SessionCommands
from ostiary.ui.agents import Agents
from ostiary.ui.caller import SIGNING_IN
from ostiary.ui.cookie import Kept
from ostiary.ui.evidence import DISCOURAGED, REQUIRED, CodeAsked, KeyAsked, Signed, Typed

NONCE_LENGTH = 22
# The factor that verifies each way; keys are one factor, whose challenge says which of them may answer.
_KINDS: Final = MappingProxyType({Way.PASSKEY: "web_auth_n", Way.U2F: "web_auth_n"})


@dataclass(frozen=True, slots=True)
class Ways:
    """The factors. ``confirmation`` takes the first code of an authenticator app that is being set up."""

    factors: Iterable[Factor]
    confirmation: Factor

    def factor(self, way: Way) -> Factor:
        """What verifies it."""
        kind = _KINDS.get(way, way.value)
        return next(factor for factor in self.factors if factor.kind == kind)


class Checks:
    """What browsers prove, checked with the token of their own session."""

    def __init__(
        self,
        commands: SessionCommands,
        ways: Ways,
        agents: Agents,
        form_key: bytes,
        now: Callable[[], datetime],
        rp_id: str,
    ) -> None:
        """``form_key`` keys the digests of forms, for a form may hold a password; ``rp_id`` is our host to keys."""
        self._agents = agents
        self._commands = commands
        self._ways = ways
        self._form_key = form_key
        self._now = now
        self._rp_id = rp_id

    async def password(
        self, request: Request, kept: Kept | None, login_name: str, password: str, nonce: str, lifetime_s: int
    ) -> Kept:
        """The session with the password verified: the one given (it is its user's), else a new one.

        Raises what the commands raise.
        """
        checks = ((self._ways.factor(Way.PASSWORD), Typed(password=password)),)
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

    async def new_password(self, kept: Kept, password: str, lifetime_s: int) -> Kept:
        """The session with the password verified that its user has just chosen."""
        check = (self._ways.factor(Way.PASSWORD), Typed(password=password))
        return await self._set(kept, SessionChange(checks=(check,), lifetime=_s(lifetime_s)), None)

    async def code(
        self, kept: Kept, way: Way, code: str, nonce: str, lifetime_s: int, *, confirms: bool = False
    ) -> Kept:
        """The session with a code verified, ``confirms``: the first of a new app; raises what the command raises."""
        plain = "".join(code.split())
        factor = self._ways.confirmation if confirms else self._ways.factor(way)
        change = SessionChange(checks=((factor, Typed(code=plain)),), lifetime=_s(lifetime_s))
        return await self._set(kept, change, self._once(nonce, way, kept.session_id, plain))

    async def key(self, kept: Kept, credential: str, nonce: str, lifetime_s: int) -> Kept:
        """The session with a passkey or a U2F key verified; raises what the command raises."""
        check = (self._ways.factor(Way.PASSKEY), Signed(credential))
        # a session of nobody yet lives for its ceremony alone, so it must be given a lifetime, however long
        lifetime = timedelta(seconds=lifetime_s or MAX_YEAR_S)
        change = SessionChange(checks=(check,), lifetime=lifetime)
        return await self._set(kept, change, self._once(nonce, "key", kept.session_id, credential))

    async def ask_anybody(self, request: Request) -> tuple[Kept, Any]:
        """A new session of nobody yet, good for one ceremony, and the browser's options for any passkey of ours."""
        change = SessionChange(
            challenges=((self._ways.factor(Way.PASSKEY), KeyAsked(self._rp_id, REQUIRED)),),
            lifetime=CEREMONY_LASTS,
            user_agent=self._agents.of(request),
        )
        changed = await self._commands.create(SIGNING_IN, change)
        return self._kept(changed), changed.challenges["web_auth_n"]

    async def ask_key(self, kept: Kept, way: Way) -> tuple[Kept, Any]:
        """The session with a challenge for its user's keys, and the browser's options."""
        asked = KeyAsked(self._rp_id, REQUIRED if way is Way.PASSKEY else DISCOURAGED)
        change = SessionChange(challenges=((self._ways.factor(way), asked),))
        changed = await self._commands.set(SIGNING_IN, kept.session_id, kept.session_token, change)
        return self._kept(changed), changed.challenges["web_auth_n"]

    async def send_code(self, kept: Kept, way: Way, asked: CodeAsked, nonce: str = "") -> Kept:
        """The session with a code on its way to its user; raises ResourceExhausted when there were too many."""
        change = SessionChange(challenges=((self._ways.factor(way), asked),))
        return await self._set(kept, change, self._once(nonce, "send", way, kept.session_id))

    async def set_lifetime(self, kept: Kept, lifetime_s: int) -> Kept:
        """The session with a lifetime that begins now."""
        return await self._set(kept, SessionChange(lifetime=_s(lifetime_s)), None)

    async def end(self, kept: Kept, reason: str) -> None:
        """End a session that must not stay."""
        await self._commands.end(SIGNING_IN, kept.session_id, kept.session_token, reason)

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


def lifetime_of(policy: LoginPolicy, way: Way) -> int:
    """How long, in seconds, a session lives that was verified this way; 0 is without end."""
    return check_lifetime_s(policy, way, user_verified=way is Way.PASSKEY)


def is_of_session(error: OstiaryError) -> bool:
    """Whether it is the session that is not as it should be, and not the evidence."""
    return error.id in {"COMMAND-Hewfq", "COMMAND-Hkl3d", "COMMAND-3n77z"}


def _s(seconds: int) -> timedelta | None:
    """A lifetime; a setting of 0 sets none."""
    return timedelta(seconds=seconds) if seconds else None
