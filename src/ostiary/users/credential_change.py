"""What follows when that is changed by which a user proves who they are: word to the user, and the end of other sessions.

Whoever changes it may be a thief; the user reads of it where they were reached before. Source: NIST SP 800-63B-4, 4.1.2 and 4.6;
OWASP ASVS 5.0, 6.3.7 and 7.4.3.
"""

from typing import Final

from ostiary.core.logout import USER_LOGOUT, sealed_user_logout
from ostiary.core.notification import EMAIL_CHANNEL, PHONE_CHANNEL, Notification
from ostiary.core.permission import Caller
from ostiary.core.policy import LoginPolicy
from ostiary.core.rate_limit import Window, rate_limits
from ostiary.core.user import User
from ostiary.storage.budgets import rate_budgets
from ostiary.storage.port import Message
from ostiary.users.codes import sealed_message
from ostiary.users.context import Context, Draft

TEMPLATE: Final = "credential_changed"
# beyond these a user is not told again: whoever changes things to and fro must not fill a mailbox
_NOTICES: Final = (Window("hour", 10), Window("day", 30))


async def credential_changed(
    context: Context, caller: Caller, draft: Draft, was: User, change: str, *, is_lost: bool = False
) -> None:
    """Write with the draft a notice to the user as they ``was`` before.

    ``change`` names what was done, as the texts know it. ``is_lost``: something does not prove the user any more, so, where
    the login policy says so, neither does any other session.
    """
    await _tell(context, draft, was, change)
    if is_lost:
        policy = await context.cache.policy(LoginPolicy, was.organization_id)
        if policy.credential_change_ends_sessions:
            _end_other_sessions(context, caller, draft)


async def addresses_changed(context: Context, caller: Caller, draft: Draft, was: User) -> None:
    """Write with the draft a notice of each verified address that is not the user's any more."""
    for name, old, new in (("email", was.email, draft.user.email), ("phone", was.phone, draft.user.phone)):
        if old is not None and old.is_verified and (new is None or new.value != old.value):
            change = f"{name}_changed" if new is not None else f"{name}_removed"
            await credential_changed(context, caller, draft, was, change)


async def _tell(context: Context, draft: Draft, was: User, change: str) -> None:
    found = _reached(was)
    limits = rate_limits(f"send:{was.id}:notice", _NOTICES, draft.now)
    counts = [await context.store.counter(limit.key, draft.now) for limit in limits]
    if found is None or any(count >= limit.limit for count, limit in zip(counts, limits, strict=True)):
        return
    channel, recipient = found
    notification = Notification(
        TEMPLATE,
        recipient,
        was.id,
        was.organization_id,
        language=was.preferred_language,
        display_name=was.display_name,
        login_name=was.login_names[0],
        asked_at=draft.now,
        change=change,
    )
    draft.outbox.append(sealed_message(context, channel, draft.now, notification))
    draft.budgets += rate_budgets([limit._replace(limit=0) for limit in limits], draft.now, add=1)


def _reached(user: User) -> tuple[str, str] | None:
    """By which channel at which verified address."""
    for channel, address in ((EMAIL_CHANNEL, user.email), (PHONE_CHANNEL, user.phone)):
        if address is not None and address.is_verified:
            return channel, address.value
    return None


def _end_other_sessions(context: Context, caller: Caller, draft: Draft) -> None:
    """All but the one that the user did it in; without such a one all applications have word too."""
    is_own = caller.user_id == draft.user.id and bool(caller.session_id)
    draft.set(valid_after=draft.now, spared_session=(caller.session_id, draft.now) if is_own else None)
    if not is_own:
        message_id, content = sealed_user_logout(
            draft.user.id, draft.now, context.effects.new_id, context.sealer.seal
        )
        draft.outbox.append(Message(message_id, USER_LOGOUT, draft.now, content))
