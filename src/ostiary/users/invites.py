"""Invitations: a code for people who have nothing yet to prove themselves with."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

import msgspec

from ostiary.core.permission import Caller
from ostiary.core.url_template import require_template
from ostiary.core.user import AUTHENTICATOR, Authenticator, User, UserState, VerificationCode
from ostiary.errors import FailedPrecondition, InvalidArgument, OstiaryError
from ostiary.storage.port import Changes
from ostiary.users.addresses import Coded
from ostiary.users.codes import EMAIL, INVITE, Codes, Sending
from ostiary.users.context import Context, Draft
from ostiary.users.rules import not_human, permitted

INVITE_LIVES = timedelta(hours=72)
_PERMISSION = "user.write"


@dataclass(frozen=True, slots=True)
class Invitation:
    """How the code gets to the user; ``is_returned``: the caller sees to it."""

    is_returned: bool = False
    url_template: str = ""
    application_name: str = ""


class Invites:
    """Codes by which people come in for the first time; made with ``user.write``."""

    def __init__(self, context: Context, codes: Codes) -> None:
        """A new code kills the old one."""
        self._context = context
        self._codes = codes

    async def create(self, caller: Caller, user_id: str, wanted: Invitation) -> Coded:
        """A code, sent by mail or returned.

        Raises FailedPrecondition COMMAND-Wgvn4 (no such user), COMMAND-EF34g (has something to log in with).
        """
        if wanted.url_template:
            require_template(wanted.url_template)

        async def attempt(_: int) -> tuple[Changes, Coded]:
            draft = await self._draft(caller, user_id)
            return await self._issued(caller, draft, wanted, "user.invited")

        return await self._context.carry_out(attempt)

    async def resend(self, caller: Caller, user_id: str) -> User:
        """Another code, sent as the last one was. Raises FailedPrecondition COMMAND-Wr3gq if none was sent."""

        async def attempt(_: int) -> tuple[Changes, Coded]:
            draft = await self._draft(caller, user_id)
            last = await self._codes.pending(user_id, INVITE)
            if last is None or not last.address:
                raise _no_code()
            wanted = Invitation(False, last.url_template, last.application_name)
            return await self._issued(caller, draft, wanted, "user.invited_again")

        return (await self._context.carry_out(attempt)).user

    async def verify(self, caller: Caller, user_id: str, typed: str) -> User:
        """Spend the code; the email address is verified by it. One's own, or with ``user.write``.

        Raises InvalidArgument COMMAND-Wgn4q (wrong), FailedPrecondition COMMAND-Wr3gq (none), CODE-QvUQ4P (expired).
        """
        judged: VerificationCode | None = None

        async def attempt(_: int) -> tuple[Changes, User]:
            nonlocal judged
            draft = await self._draft(caller, user_id, own=True, invited=True)
            if judged is None or not await self._codes.is_same(judged):
                judged = await judge_invitation(self._codes, caller, user_id, typed)
            await accept(self._codes, draft, judged)
            return draft.changes(caller.user_id, "user.invite_verified"), draft.user

        return await self._context.carry_out(attempt)

    async def _issued(
        self, caller: Caller, draft: Draft, wanted: Invitation, action: str
    ) -> tuple[Changes, Coded]:
        email = draft.user.email
        sending = None
        if not wanted.is_returned and email is not None:
            sending = Sending(EMAIL, email.value, wanted.url_template, wanted.application_name)
        code = await self._codes.issue(draft, INVITE, sending, lives=INVITE_LIVES)
        changes = draft.changes(caller.user_id, action)
        return changes, Coded(draft.user, code if wanted.is_returned else None)

    async def _draft(
        self, caller: Caller, user_id: str, *, own: bool = False, invited: bool = False
    ) -> Draft:
        """The user; unless already ``invited`` they must own nothing to log in with."""
        store = self._context.store
        unknown = FailedPrecondition("COMMAND-Wgvn4", "User could not be found")
        user = await permitted(store, caller, user_id, _PERMISSION, own=own, unknown=unknown)
        if user.profile is None:
            raise not_human("user.invite_of_machine")
        if not invited:
            require_unequipped(await store.owned(AUTHENTICATOR, user_id))
        return Draft(user, user.version, self._context.effects.now())


def require_unequipped(owned: Iterable[Authenticator]) -> None:
    """Raise FailedPrecondition COMMAND-EF34g for who has something to log in with: an invitation adds nothing to it."""
    if any(one.is_ready for one in owned):
        hint = "the user has something to log in with"
        raise FailedPrecondition("COMMAND-EF34g", "User is already initialised", hint=hint)


async def judge_invitation(codes: Codes, caller: Caller, user_id: str, typed: str) -> VerificationCode:
    """The invitation's code; raises what :meth:`Invites.verify` says."""
    wrong = InvalidArgument("COMMAND-Wgn4q", "Code is invalid")
    return await codes.judge(caller.user_id, user_id, INVITE, typed, none=_no_code(), wrong=wrong)


async def accept(codes: Codes, draft: Draft, judged: VerificationCode) -> None:
    """Write with the draft that its user came in: the code is spent, the address verified, the account open."""
    email, state = draft.user.email, draft.user.state
    draft.set(
        email=msgspec.structs.replace(email, is_verified=True) if email else None,
        state=UserState.ACTIVE if state is UserState.INITIAL else state,
    )
    codes.spend(draft, judged)
    await codes.drop(draft, EMAIL)


def _no_code() -> OstiaryError:
    return FailedPrecondition(
        "COMMAND-Wr3gq", "Code not found", hint="no code was sent; create an invitation"
    )
