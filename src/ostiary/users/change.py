"""What a caller asks of a user, freed from its wire; and what the caller is told."""

from dataclasses import dataclass, field
from enum import Enum

from ostiary.core.user import Machine, Profile, User


class Verification(Enum):
    """How a new address is to be verified; nothing said means that a code is sent."""

    UNSAID = "unsaid"
    SEND_CODE = "send_code"
    RETURN_CODE = "return_code"
    VERIFIED = "verified"


@dataclass(frozen=True, slots=True)
class NewAddress:
    """An email address or phone number as it was typed; ``url_template`` is the mail's link."""

    value: str
    verification: Verification = Verification.UNSAID
    url_template: str = ""


@dataclass(frozen=True, slots=True)
class NewPassword:
    """A password, or the hash of one in its encoded form."""

    password: str = field(default="", repr=False)
    encoded_hash: str = field(default="", repr=False)
    change_required: bool = False


@dataclass(frozen=True, slots=True)
class Proof:
    """What entitles a caller to set a password: one of these; without any, a permission must.

    An ``invitation_code`` sets the first one, and is what the invited come in by.
    """

    current_password: str = field(default="", repr=False)
    verification_code: str = field(default="", repr=False)
    invitation_code: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class OrganizationNamed:
    """The organisation a request names: at most one of the two is set."""

    id: str = ""
    domain: str = ""


@dataclass(frozen=True, slots=True)
class NewHuman:
    """A person. ``totp_secret`` (base32) imports an authenticator app that is ready at once."""

    profile: Profile
    email: NewAddress
    phone: NewAddress | None = None
    password: NewPassword | None = None
    totp_secret: str = field(default="", repr=False)
    metadata: dict[str, bytes] = field(default_factory=dict)
    has_identity_links: bool = False


@dataclass(frozen=True, slots=True)
class NewUser:
    """A user to be made: a person or a machine. Without id one is made up; see ``create`` for the username."""

    of: NewHuman | Machine
    organization: OrganizationNamed
    user_id: str = ""
    username: str = ""


@dataclass(frozen=True, slots=True)
class ProfileChange:
    """The parts of a profile that change; None leaves one as it is."""

    given_name: str | None = None
    family_name: str | None = None
    nick_name: str | None = None
    display_name: str | None = None
    preferred_language: str | None = None
    gender: int | None = None


@dataclass(frozen=True, slots=True)
class HumanChange:
    """The parts of a person that change; a phone with an empty value is removed."""

    profile: ProfileChange | None = None
    email: NewAddress | None = None
    phone: NewAddress | None = None
    password: NewPassword | None = None
    proof: Proof = Proof()


@dataclass(frozen=True, slots=True)
class MachineChange:
    """The parts of a machine that change."""

    name: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class UserChange:
    """The parts of a user that change."""

    username: str | None = None
    of: HumanChange | MachineChange | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """The user as it is now, and the codes that the caller asked to have returned."""

    user: User
    email_code: str | None = field(default=None, repr=False)
    phone_code: str | None = field(default=None, repr=False)
