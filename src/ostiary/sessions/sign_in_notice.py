"""Word to a user who was authenticated on a device not seen before: in the save that takes the authentication."""

import base64
from typing import Final

import msgspec

from ostiary.core.assurance import require_authenticated
from ostiary.core.device_name import device_name
from ostiary.core.known_device import (
    DEVICES_KEPT,
    KNOWN_DEVICE,
    LINK_LIVES,
    KnownDevice,
    device_id,
    least_needed,
    link_hash,
    made_with,
)
from ostiary.core.notification import EMAIL_CHANNEL, Notification, encode_notification, sealing_context
from ostiary.core.policy import LoginPolicy
from ostiary.core.secret import SECRET_BYTES
from ostiary.core.session import Session
from ostiary.core.user import Authenticator, User
from ostiary.crypto.seal import Sealer
from ostiary.effects import Effects
from ostiary.errors import PermissionDenied
from ostiary.sessions.decide import Decision, View
from ostiary.storage.cache import Cache
from ostiary.storage.port import Changes, Message, Put, Remove, Store

TEMPLATE: Final = "new_sign_in"
_LONGEST_PLACE: Final = 100  # a login UI says what it likes


class Told(msgspec.Struct, frozen=True):
    """What goes into the save beside the session; nothing for a device that is known."""

    puts: tuple[Put, ...] = ()
    removes: tuple[Remove, ...] = ()
    outbox: tuple[Message, ...] = ()

    def beside(self, changes: Changes) -> Changes:
        """The save with this in it."""
        return msgspec.structs.replace(
            changes,
            puts=(*changes.puts, *self.puts),
            removes=(*changes.removes, *self.removes),
            outbox=(*changes.outbox, *self.outbox),
        )


_NOTHING: Final = Told()


class SignInNotices:
    """Remembers devices and tells of new ones, by mail to a verified address: a stranger must not get the link."""

    def __init__(
        self,
        store: Store,
        cache: Cache,
        effects: Effects,
        sealer: Sealer,
        page: str,
        place_header: str = "",
    ) -> None:
        """``page`` is the URL where a sign-in is disowned; ``sealer`` closes the mail.

        ``place_header`` is the one that tells places, in lower case.
        """
        self._place_header = place_header
        self._store = store
        self._cache = cache
        self._effects = effects
        self._sealer = sealer
        self._page = page

    async def of(self, view: View, decision: Decision) -> Told:
        """For a decision that authenticates its user, as for a bearer, when the session as it was did not.

        Of two sign-ins at once on one new device one loses the race for its row, and decides again.
        """
        user, session = view.user, decision.session
        if not decision.passed or user is None or user.machine is not None:
            return _NOTHING
        key = device_id(user.id, session.user_agent)
        spent = {one.id: one for one in decision.spends}
        owned = [spent.get(one.id, one) for one in view.authenticators]
        policy = await self._cache.policy(LoginPolicy, user.organization_id)
        if not key or not _is_in(session, user, owned, policy) or _is_in(view.session, user, owned, policy):
            return _NOTHING
        if await self._store.get(KNOWN_DEVICE, key) is not None:
            return _NOTHING
        device = KnownDevice(
            key, user.id, view.now, session.user_agent, session.id, made_with(session, owned)
        )
        return await self._told(device, user)

    async def _told(self, device: KnownDevice, user: User) -> Told:
        known = least_needed(await self._store.owned(KNOWN_DEVICE, user.id), device.seen_at)
        over = known[: max(0, len(known) + 1 - DEVICES_KEPT)]
        removes = tuple(Remove(KNOWN_DEVICE, one.id, one.version) for one in over)
        if user.email is None or not user.email.is_verified:
            return Told((Put(KNOWN_DEVICE, device),), removes)
        secret = base64.urlsafe_b64encode(self._effects.random_bytes(SECRET_BYTES)).rstrip(b"=").decode()
        device = msgspec.structs.replace(
            device,
            address=user.email.value,
            phone=user.phone,
            code_hash=link_hash(secret),
            code_expires_at=device.seen_at + LINK_LIVES,
        )
        return Told((Put(KNOWN_DEVICE, device),), removes, (self._message(device, user, secret),))

    def _message(self, device: KnownDevice, user: User, secret: str) -> Message:
        agent = device.user_agent
        places = (*agent.header.get(self._place_header, ())[:1], agent.ip or "")
        notification = Notification(
            TEMPLATE,
            device.address,
            user.id,
            user.organization_id,
            secret,
            f"{self._page}?device={{{{.CodeID}}}}&code={{{{.Code}}}}",
            user.preferred_language,
            user.display_name,
            login_name=user.login_names[0],
            session_id=device.session_id,
            code_id=device.id,
            asked_at=device.seen_at,
            expires_at=device.code_expires_at,
            device=str(device_name(agent.description)),
            address=", ".join(" ".join(place.split())[:_LONGEST_PLACE] for place in places if place),
        )
        message_id = self._effects.new_id()
        sealed = self._sealer.seal(encode_notification(notification), sealing_context(message_id))
        return Message(message_id, EMAIL_CHANNEL, device.seen_at, sealed)


def _is_in(session: Session, user: User, owned: list[Authenticator], policy: LoginPolicy) -> bool:
    """Whether the session may act as its user."""
    if session.user_id != user.id:
        return False
    try:
        require_authenticated(session, user, owned, policy)
    except PermissionDenied:
        return False
    return True
