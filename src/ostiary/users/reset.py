"""Forgotten passwords: a code that sets a new one, sent to the user or told to whoever may write users."""

from ostiary.core.permission import Caller
from ostiary.core.url_template import require_template
from ostiary.core.user import User, UserState
from ostiary.errors import FailedPrecondition, NotFound
from ostiary.storage.port import Changes
from ostiary.users.addresses import Coded, require_trusted
from ostiary.users.change import Verification
from ostiary.users.codes import EMAIL, PASSWORD_RESET, PHONE, Codes, Sending
from ostiary.users.context import Context, Draft
from ostiary.users.rules import not_human, permitted


class PasswordResets:
    """Codes for new passwords: for oneself, or with ``user.write``. The password is set in ``password``."""

    def __init__(self, context: Context, codes: Codes) -> None:
        """A new code kills the old one."""
        self._context = context
        self._codes = codes

    async def begin(self, caller: Caller, user_id: str, channel: str, url_template: str = "") -> Coded:
        """Send a code by ``email`` or ``phone``; with an empty channel it is returned, which takes ``user.write``.

        Raises NotFound COMMAND-SAF4f (no such user), FailedPrecondition COMMAND-Sfe4g (not initialised).
        """
        if url_template:
            require_template(url_template)
        asked = Verification.SEND_CODE if channel else Verification.RETURN_CODE

        async def attempt(_: int) -> tuple[Changes, Coded]:
            unknown = NotFound("COMMAND-SAF4f", "User could not be found")
            user = await permitted(self._context.store, caller, user_id, "user.write", unknown=unknown)
            require_trusted(caller, user, asked)
            if user.profile is None:
                raise not_human("user.password_reset_of_machine")
            if user.state is UserState.INITIAL:
                raise FailedPrecondition("COMMAND-Sfe4g", "User is not yet initialised")
            draft = Draft(user, user.version, self._context.effects.now())
            sending = _sending(user, channel, url_template) if channel else None
            code = await self._codes.issue(draft, PASSWORD_RESET, sending)
            changes = draft.changes(
                caller.user_id, "user.password_reset_begun", channel=channel or "returned"
            )
            return changes, Coded(draft.user, None if channel else code)

        return await self._context.carry_out(attempt)


def _sending(user: User, channel: str, url_template: str) -> Sending:
    address = user.phone if channel == PHONE else user.email
    if address is None:
        hint = "set one first, or choose the other notification type"
        raise FailedPrecondition("user.reset_unreachable", f"The user has no {channel}", hint=hint)
    return Sending(PHONE if channel == PHONE else EMAIL, address.value, url_template)
