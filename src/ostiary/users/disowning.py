"""A sign-in that was not its user's: by the link of the mail that told of it, all that it gave is taken back.

Whoever signed in may have changed the account since; so what is undone is all that happened from that sign-in on, and
the mail goes where the notice went. The link is good once.
"""

from dataclasses import dataclass

from ostiary.core.guess_limit import guess_counters
from ostiary.core.known_device import KNOWN_DEVICE, KnownDevice, link_hash
from ostiary.core.logout import USER_LOGOUT, sealed_user_logout
from ostiary.core.policy import LoginPolicy
from ostiary.core.secret import same_hash
from ostiary.core.user import AUTHENTICATOR, USER, Address, Authenticator, User
from ostiary.errors import NotFound, OstiaryError, ResourceExhausted
from ostiary.storage.port import Changes, Message, Remove
from ostiary.users.codes import EMAIL, INVITE, PASSKEY_LINK, PASSWORD_RESET, PHONE, Codes, Sending
from ostiary.users.context import Context, Draft

_PASSWORD, _RECOVERY_CODE = "password", "recovery_code"


@dataclass(frozen=True, slots=True)
class Disowned:
    """What was done: the address that a mail with the way back went to; empty where none could be sent."""

    user: User
    mailed_to: str = ""


class Disowning:
    """Whoever holds the link's secret may do this, and nothing else."""

    def __init__(self, context: Context, codes: Codes) -> None:
        """``codes`` makes the one for a new password."""
        self._context = context
        self._codes = codes

    async def find(self, device_id: str, secret: str) -> KnownDevice:
        """The sign-in that the link is about; raises NotFound user.notice_unknown for a wrong, used or old one."""
        device = await self._context.store.get(KNOWN_DEVICE, device_id)
        if device is None or device.code_expires_at is None:
            raise _unknown()
        is_same = same_hash(link_hash(secret), device.code_hash)
        if not is_same or device.code_expires_at <= self._context.effects.now():
            raise _unknown()
        return device

    async def disown(self, device_id: str, secret: str) -> Disowned:
        """End every session, take away what that sign-in was made with and what was added since; then mail the way back.

        One save takes all of it; the mail is a second, for a limit of mails must not keep a thief inside.
        """

        async def attempt(_: int) -> tuple[Changes, tuple[User, str]]:
            device = await self.find(device_id, secret)
            user = await self._context.store.get(USER, device.user_id)
            if user is None:
                raise _unknown()
            draft = Draft(user, user.version, self._context.effects.now())
            await self._undo(draft, device)
            draft.removes.append(Remove(KNOWN_DEVICE, device.id, device.version))
            draft.outbox.append(self._farewell(draft))
            changes = draft.changes(user.id, "user.sign_in_disowned", session_id=device.session_id)
            return changes, (draft.user, device.address)

        user, address = await self._context.carry_out(attempt)
        return await self._mailed(user.id, address)

    async def _undo(self, draft: Draft, device: KnownDevice) -> None:
        user = draft.user
        owned = await self._context.store.owned(AUTHENTICATOR, user.id)
        gone = [one for one in owned if _is_tainted(one, device, user)]
        draft.removes += [Remove(AUTHENTICATOR, one.id, one.version) for one in gone]
        draft.set(valid_after=draft.now)
        if any(one.kind == _PASSWORD for one in gone):
            draft.set(password_changed_at=draft.now)
            draft.clears += guess_counters(user.id, self._context.factors[_PASSWORD], draft.now)
        if user.email is None or user.email.value != device.address:
            draft.set(email=Address(device.address, is_verified=True))
        if user.phone != device.phone:
            draft.set(phone=device.phone)
        for purpose in (PASSWORD_RESET, PASSKEY_LINK, INVITE, EMAIL, PHONE):
            await self._codes.drop(draft, purpose)

    def _farewell(self, draft: Draft) -> Message:
        """Word to every application that the user is out."""
        context = self._context
        message_id, content = sealed_user_logout(
            draft.user.id, draft.now, context.effects.new_id, context.sealer.seal
        )
        return Message(message_id, USER_LOGOUT, draft.now, content)

    async def _mailed(self, user_id: str, address: str) -> Disowned:
        async def attempt(_: int) -> tuple[Changes | None, Disowned]:
            user = await self._context.store.get(USER, user_id)
            if user is None:
                raise _unknown()
            policy = await self._context.cache.policy(LoginPolicy, user.organization_id)
            if not policy.allow_username_password:
                return None, Disowned(user)
            draft = Draft(user, user.version, self._context.effects.now())
            await self._codes.issue(draft, PASSWORD_RESET, Sending(EMAIL, address))
            changes = draft.changes(user_id, "user.password_reset_begun", channel=EMAIL)
            return changes, Disowned(draft.user, address)

        try:
            return await self._context.carry_out(attempt)
        except ResourceExhausted:
            user = await self._context.store.get(USER, user_id)
            if user is None:
                raise _unknown() from None
            return Disowned(user)


def _is_tainted(one: Authenticator, device: KnownDevice, user: User) -> bool:
    """Whether the sign-in was made with it, or whoever signed in may have made it."""
    if one.id in device.authenticator_ids or one.created_at >= device.seen_at:
        return True
    if one.kind == _RECOVERY_CODE:  # those that are added lie in one row with those that were there
        return one.changed_at >= device.seen_at
    changed_at = user.password_changed_at
    return one.kind == _PASSWORD and changed_at is not None and changed_at >= device.seen_at


def _unknown() -> OstiaryError:
    hint = "each link is good once, for seven days"
    return NotFound("user.notice_unknown", "This link is not good any more", hint=hint)
