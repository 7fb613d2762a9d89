"""Devices on which a user was authenticated: a sign-in on any other is told to its user.

A device is what its login UI says it is: the fingerprint id if there is one (our pages keep it in a cookie), else the
description. Whoever says neither is no device, and is not told of: a thief chooses neither, for login UIs do.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from ostiary.core.identity_link import IDENTITY_LINK
from ostiary.core.passkey import PASSKEY, WEB_AUTHN_KIND
from ostiary.core.record import Kind
from ostiary.core.session import Session, UserAgent
from ostiary.core.user import Address, Authenticator

DEVICES_KEPT: Final = 100  # of a user; the oldest go
LINK_LIVES: Final = timedelta(days=7)


class KnownDevice(msgspec.Struct, frozen=True, omit_defaults=True):
    """A device from its first sign-in on; ``id`` is :func:`device_id`.

    While ``code_hash`` (SHA-256 of the secret in the mail's link) is there, whoever reads ``address``, where the notice
    went, can disown that sign-in until ``code_expires_at``. ``authenticator_ids`` are what it was made with, ``phone`` is
    the user's at that time.
    """

    id: str
    user_id: str
    seen_at: datetime
    user_agent: UserAgent
    session_id: str
    authenticator_ids: tuple[str, ...] = ()
    address: str = ""
    phone: Address | None = None
    code_hash: bytes = b""
    code_expires_at: datetime | None = None
    version: int = 1


KNOWN_DEVICE = Kind("known_device", KnownDevice, columns={"user_id": lambda d: d.user_id}, owner="user_id")


def device_id(user_id: str, agent: UserAgent) -> str:
    """The key of a user's device; empty for what says nothing of itself."""
    mark = agent.fingerprint_id or agent.description
    return f"{user_id}:{hashlib.sha256(mark.encode()).hexdigest()[:32]}" if mark else ""


def least_needed(known: Iterable[KnownDevice], now: datetime) -> list[KnownDevice]:
    """The devices in the order in which they may be forgotten: those whose link is over, oldest first, then the newest.

    Whoever signs in again and again must not push out the notice of their first time, whose link takes back the most.
    """
    oldest_first = sorted(known, key=lambda one: one.seen_at)
    over = [one for one in oldest_first if one.code_expires_at is None or one.code_expires_at <= now]
    good = [one for one in oldest_first if one not in over]
    return [*over, *reversed(good)]


def link_hash(secret: str) -> bytes:
    """What is kept of the secret in a notice's link; it has 256 random bits, so no salt is needed."""
    return hashlib.sha256(secret.encode()).digest()


def made_with(session: Session, owned: Iterable[Authenticator]) -> tuple[str, ...]:
    """Those of a user's authenticators that a session rests on, by which it could be made again.

    Second factors, U2F keys too, are not among them: they are good for nothing by themselves, and without them whoever
    reads the user's mail would need nothing else. A passkey is the one whose last use was this check; of upstream accounts
    it is not known which, so all count.
    """
    key = session.factors.get(WEB_AUTHN_KIND)
    kinds = {"password"} & session.factors.keys()
    if "intent" in session.factors:
        kinds |= {IDENTITY_LINK}
    return tuple(
        one.id
        for one in owned
        if one.kind in kinds
        or (key is not None and one.kind == PASSKEY and one.changed_at == key.verified_at)
    )
