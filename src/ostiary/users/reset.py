"""Forgotten passwords: a code that sets a new one, sent to the user or told to whoever may write users."""

from contextlib import suppress
from typing import Final

from ostiary.core.audit import detail
from ostiary.core.filter import Compare, Order
from ostiary.core.permission import Caller
from ostiary.core.policy import LoginPolicy
from ostiary.core.url_template import require_template
from ostiary.core.user import USER, User, UserState
from ostiary.errors import FailedPrecondition, NotFound, ResourceExhausted
from ostiary.storage.port import Audit, Changes, Listing, Store
from ostiary.storage.reads import user_by_login_name
from ostiary.users.addresses import Coded, require_told
from ostiary.users.change import NewAddress, Verification
from ostiary.users.codes import EMAIL, PASSWORD_RESET, PHONE, Codes, Sending
from ostiary.users.context import Context, Draft
from ostiary.users.rules import not_human, permitted

_SAME_EMAIL: Final = 20


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
        verification = Verification.SEND_CODE if channel else Verification.RETURN_CODE
        asked = NewAddress("", verification, url_template)

        async def attempt(_: int) -> tuple[Changes, Coded]:
            unknown = NotFound("COMMAND-SAF4f", "User could not be found")
            user = await permitted(self._context.store, caller, user_id, "user.write", unknown=unknown)
            await require_told(self._context, caller, user, asked)
            return await self._issued(caller.user_id, user, channel, url_template)

        return await self._context.carry_out(attempt)

    async def ask(self, typed: str, channel: str) -> None:
        """Send the code to whoever has this login name, or alone has confirmed this address; nobody learns whether anyone has.

        Who has no phone is sent a mail. An unknown name is one save too, so that it takes as long.
        """

        async def attempt(_: int) -> tuple[Changes, None]:
            user = await find_user(self._context.store, typed)
            if user is not None and await self._may_reset(user):
                by = PHONE if channel == PHONE and user.phone is not None else EMAIL
                with suppress(FailedPrecondition):
                    return (await self._issued("", user, by))[0], None
            object_id = user.id if user else ""
            action = "user.password_reset_of_nobody"
            return Changes(audit=Audit(self._context.effects.now(), "", action, object_id, detail())), None

        with suppress(ResourceExhausted):
            await self._context.carry_out(attempt)

    async def _may_reset(self, user: User) -> bool:
        policy = await self._context.cache.policy(LoginPolicy, user.organization_id)
        return not policy.hide_password_reset

    async def _issued(
        self, actor_id: str, user: User, channel: str, url_template: str = ""
    ) -> tuple[Changes, Coded]:
        if user.profile is None:
            raise not_human("user.password_reset_of_machine")
        if user.state is UserState.INITIAL:
            raise FailedPrecondition("COMMAND-Sfe4g", "User is not yet initialised")
        draft = Draft(user, user.version, self._context.effects.now())
        sending = _sending(user, channel, url_template) if channel else None
        code = await self._codes.issue(draft, PASSWORD_RESET, sending)
        changes = draft.changes(actor_id, "user.password_reset_begun", channel=channel or "returned")
        return changes, Coded(draft.user, None if channel else code)


async def find_user(store: Store, typed: str) -> User | None:
    """The user with this login name, or the only one who has confirmed this email address."""
    named = await user_by_login_name(store, typed)
    return named if named is not None or "@" not in typed else await owner_of_email(store, typed)


async def owner_of_email(store: Store, email: str) -> User | None:
    """The only user who has confirmed the address; who merely claims it, and may be a stranger to its reader, is none."""
    known = await users_by_email(store, email)
    owners = [user for user in known if user.email is not None and user.email.is_verified]
    return owners[0] if len(owners) == 1 else None


async def users_by_email(store: Store, email: str) -> tuple[User, ...]:
    """Some of those with the address, verified or not; case does not matter."""
    where = Compare("email_folded", Order.EQUAL, email.casefold())
    return (await store.page(Listing(USER, where, limit=_SAME_EMAIL))).items


def _sending(user: User, channel: str, url_template: str) -> Sending:
    address = user.phone if channel == PHONE else user.email
    if address is None:
        hint = "set one first, or choose the other notification type"
        raise FailedPrecondition("user.reset_unreachable", f"The user has no {channel}", hint=hint)
    return Sending(PHONE if channel == PHONE else EMAIL, address.value, url_template)
