"""Users: people and machines, the names they log in with, and what they own to prove themselves."""

import hashlib
from datetime import datetime
from enum import StrEnum

import msgspec

from ostiary.core.record import Kind


class UserState(StrEnum):
    """A deleted user has no row."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    LOCKED = "locked"
    INITIAL = "initial"


class Profile(msgspec.Struct, frozen=True, omit_defaults=True):
    """A person's names. ``gender`` is the wire's number; ``preferred_language`` a BCP 47 tag or empty."""

    given_name: str
    family_name: str
    nick_name: str | None = None
    display_name: str | None = None
    preferred_language: str | None = None
    gender: int | None = None


class Address(msgspec.Struct, frozen=True, omit_defaults=True):
    """An email address or a phone number (E.164)."""

    value: str
    is_verified: bool = False


class Machine(msgspec.Struct, frozen=True, omit_defaults=True):
    """A service user. ``access_token_type`` is the wire's number (0 bearer, 1 JWT)."""

    name: str
    description: str = ""
    access_token_type: int = 0
    has_secret: bool = False


class User(msgspec.Struct, frozen=True, omit_defaults=True):
    """One user of one organisation: exactly one of ``profile`` (a person, with ``email``) and ``machine`` is set.

    No session or token from before ``valid_after`` is good, but for ``spared_session`` if it was spared at that time; password checks from before ``password_changed_at`` no
    longer count. ``domain`` is the organisation's primary domain, kept here for the long login name; ``is_of_domain``: that
    one alone is a login name, as the domain policy wanted it when the name was given.
    """

    id: str
    organization_id: str
    username: str
    created_at: datetime
    changed_at: datetime
    state: UserState = UserState.ACTIVE
    domain: str = ""
    is_of_domain: bool = False
    profile: Profile | None = None
    email: Address | None = None
    phone: Address | None = None
    machine: Machine | None = None
    password_changed_at: datetime | None = None
    password_change_required: bool = False
    mfa_init_skipped_at: datetime | None = None
    valid_after: datetime | None = None
    spared_session: tuple[str, datetime] | None = None
    version: int = 1

    def ended(self, created_at: datetime, session_id: str) -> bool:
        """Whether a session, or what came of it, is from before everything of the user was ended."""
        if self.valid_after is None or created_at >= self.valid_after:
            return False
        return self.spared_session != (session_id, self.valid_after)

    @property
    def display_name(self) -> str:
        """What people see."""
        if self.machine is not None:
            return self.machine.name
        profile = self.profile
        if profile is None:
            return self.username
        return profile.display_name or f"{profile.given_name} {profile.family_name}"

    @property
    def preferred_login_name(self) -> str:
        """The first of :attr:`login_names`."""
        return self.login_names[0]

    @property
    def login_names(self) -> tuple[str, ...]:
        """The preferred one first; matched without regard to case."""
        long = f"{self.username}@{self.domain}"
        if self.is_of_domain:
            return (long,)
        return (self.username, long) if self.domain else (self.username,)

    @property
    def preferred_language(self) -> str:
        """A BCP 47 tag, or empty."""
        return (self.profile.preferred_language if self.profile else None) or ""


USER = Kind(
    "user",
    User,
    columns={
        "organization_id": lambda u: u.organization_id,
        "username": lambda u: u.username,
        "login_name": lambda u: u.login_names[-1],
        "type": lambda u: "machine" if u.machine else "human",
        "state": lambda u: str(u.state),
        "given_name": lambda u: u.profile.given_name if u.profile else "",
        "family_name": lambda u: u.profile.family_name if u.profile else "",
        "nick_name": lambda u: (u.profile.nick_name if u.profile else None) or "",
        "display_name": lambda u: u.display_name,
        "email": lambda u: u.email.value if u.email else "",
        "phone": lambda u: u.phone.value if u.phone else "",
        "created_at": lambda u: u.created_at,
        "username_folded": lambda u: u.username.casefold(),
        "login_name_folded": lambda u: u.login_names[-1].casefold(),
        "email_folded": lambda u: u.email.value.casefold() if u.email else "",
    },
    owner="organization_id",
)


class LoginName(msgspec.Struct, frozen=True):
    """Who has a name; ``id`` is the first login name without regard to case, so it is taken once in the instance."""

    id: str
    user_id: str
    version: int = 1


def login_name_id(username: str) -> str:
    """The key of a login name: two that differ in case alone are one."""
    return username.casefold()


LOGIN_NAME = Kind("login_name", LoginName, columns={"user_id": lambda n: n.user_id}, owner="user_id")


class Authenticator(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a user owns for one factor. ``data`` is its factor's own, sealed; ``is_ready`` false until confirmed.

    ``lookup_hash`` finds it without its user (discoverable credentials), unique where set.
    """

    id: str
    user_id: str
    kind: str
    created_at: datetime
    changed_at: datetime
    data: bytes = b""
    is_ready: bool = True
    name: str = ""
    lookup_hash: str = ""
    version: int = 1


AUTHENTICATOR = Kind(
    "authenticator",
    Authenticator,
    columns={
        "user_id": lambda a: a.user_id,
        "kind": lambda a: a.kind,
        "lookup_hash": lambda a: a.lookup_hash or None,
    },
    owner="user_id",
)


class UserMetadata(msgspec.Struct, frozen=True):
    """One key of a user's metadata; ``id`` is :func:`metadata_id`."""

    id: str
    user_id: str
    key: str
    value: bytes
    created_at: datetime
    changed_at: datetime
    version: int = 1


def metadata_id(user_id: str, key: str) -> str:
    """``user_id:key``, with the colons of an id that a caller chose written so that no two pairs share one."""
    return f"{user_id.replace('%', '%25').replace(':', '%3A')}:{key}"


def metadata_value_hash(value: bytes) -> str:
    """By which values are searched: SHA-256 in hexadecimal."""
    return hashlib.sha256(value).hexdigest()


USER_METADATA = Kind(
    "user_metadata",
    UserMetadata,
    columns={
        "user_id": lambda m: m.user_id,
        "key": lambda m: m.key,
        "value_hash": lambda m: metadata_value_hash(m.value),
        "created_at": lambda m: m.created_at,
    },
    owner="user_id",
)


class PersonalAccessToken(msgspec.Struct, frozen=True):
    """A machine's bearer token; ``secret_hash`` is all that is kept of it."""

    id: str
    user_id: str
    organization_id: str
    secret_hash: bytes
    created_at: datetime
    expires_at: datetime
    version: int = 1


PERSONAL_ACCESS_TOKEN = Kind(
    "personal_access_token",
    PersonalAccessToken,
    columns={
        "user_id": lambda t: t.user_id,
        "organization_id": lambda t: t.organization_id,
        "created_at": lambda t: t.created_at,
        "expires_at": lambda t: t.expires_at,
    },
    owner="user_id",
    raises_generation=True,
)


class VerificationCode(msgspec.Struct, frozen=True):
    """A code that was sent or handed out; ``id`` is ``user_id:purpose``, so a new one replaces the old.

    ``code_hash`` is sealed. ``address`` is where it was sent, empty when it was handed out; the link and the name of
    the application that it was sent with are kept for sending another.
    """

    id: str
    user_id: str
    purpose: str
    code_hash: bytes
    created_at: datetime
    expires_at: datetime
    address: str = ""
    version: int = 1
    url_template: str = ""
    application_name: str = ""


VERIFICATION_CODE = Kind(
    "verification_code",
    VerificationCode,
    columns={"user_id": lambda c: c.user_id, "expires_at": lambda c: c.expires_at},
    owner="user_id",
)
