"""Codes by SMS and by mail as second factors: added for a verified address, removed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ostiary.core.guess_limit import guess_counters
from ostiary.core.permission import Caller
from ostiary.core.user import AUTHENTICATOR, Address, Authenticator, User
from ostiary.errors import AlreadyExists, FailedPrecondition, NotFound
from ostiary.storage.port import Changes, Put, Remove
from ostiary.users.context import Context, Draft
from ostiary.users.credential_change import credential_changed
from ostiary.users.enrolment_rules import require_enrollable
from ostiary.users.rules import trusted

_PERMISSION: Final = "user.credential.write"


@dataclass(frozen=True, slots=True)
class OtpKind:
    """One way that codes go: the factor's kind, the address it needs, and the ids of its refusals."""

    kind: str
    address: Callable[[User], Address | None]
    needs: str
    unverified: str
    exists: str
    missing: str


SMS: Final = OtpKind(
    "otp_sms", lambda user: user.phone, "phone", "COMMAND-Q54j2", "COMMAND-Ad3g2", "COMMAND-Sr3h3"
)
EMAIL: Final = OtpKind(
    "otp_email", lambda user: user.email, "email", "COMMAND-KLJ2d", "COMMAND-MKL2s", "COMMAND-b312D"
)


class UserOtp:
    """What a user is sent codes by: their own, or with ``user.credential.write``."""

    def __init__(self, context: Context) -> None:
        """A code goes to the address that is verified when it is sent."""
        self._context = context

    async def add(self, caller: Caller, user_id: str, otp: OtpKind) -> User:
        """Take codes this way; raises FailedPrecondition without a verified address, AlreadyExists if it is done."""

        async def attempt(generation: int) -> tuple[Changes, User]:
            draft, old = await self._read(caller, user_id, otp)
            if old is not None:
                raise AlreadyExists(otp.exists, "Multifactor OTP (OneTimePassword) is already set up")
            address = otp.address(draft.user)
            if address is None or not address.is_verified:
                hint = f"verify the user's {otp.needs} first"
                raise FailedPrecondition(otp.unverified, f"The {otp.needs} is not verified", hint=hint)
            await require_enrollable(self._context.cache, draft.user, otp.kind)
            factor, tools = self._context.factors[otp.kind], self._context.tools
            draft.puts.append(Put(AUTHENTICATOR, factor.enrol(user_id, b"", draft.now, tools)))
            await credential_changed(self._context, caller, draft, draft.user, f"{otp.kind}_added")
            changes = draft.changes(caller.user_id, f"user.{otp.kind}_added", generation=generation)
            return changes, draft.user

        return await self._context.carry_out(attempt)

    async def remove(self, caller: Caller, user_id: str, otp: OtpKind) -> User:
        """Take codes this way no more; the guesses at them are forgotten. Raises NotFound if it is not set up."""

        async def attempt(_: int) -> tuple[Changes, User]:
            draft, old = await self._read(caller, user_id, otp)
            if old is None:
                raise NotFound(otp.missing, "Multifactor OTP (OneTimePassword) doesn't exist")
            draft.removes.append(Remove(AUTHENTICATOR, old.id, old.version))
            draft.clears += guess_counters(user_id, self._context.factors[otp.kind], draft.now)
            change = f"{otp.kind}_removed"
            await credential_changed(self._context, caller, draft, draft.user, change, is_lost=True)
            return draft.changes(caller.user_id, f"user.{otp.kind}_removed"), draft.user

        return await self._context.carry_out(attempt)

    async def _read(self, caller: Caller, user_id: str, otp: OtpKind) -> tuple[Draft, Authenticator | None]:
        user = await trusted(self._context, caller, user_id, _PERMISSION)
        rows = await self._context.store.owned(AUTHENTICATOR, user_id)
        old = next((row for row in rows if row.kind == otp.kind), None)
        return Draft(user, user.version, self._context.effects.now()), old
