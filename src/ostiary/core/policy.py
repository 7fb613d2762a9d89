"""Settings that an instance has and an organisation may override.

The values are those of a new ZITADEL instance (wire contract 6.1), but for the lockout: 100 wrong guesses block the
authenticator (NIST SP 800-63B-4 3.2.2), where ZITADEL's 0 means never.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta

from ostiary.core.record import Kind

HARD_ATTEMPT_LIMIT = 100
DAY_S = 86_400
MAX_YEAR_S = 366 * DAY_S
MAX_CODE_POINTS = 128

Seconds = Annotated[int, Meta(ge=0, le=MAX_YEAR_S)]
TokenSeconds = Annotated[int, Meta(ge=1, le=MAX_YEAR_S)]
Count = Annotated[int, Meta(ge=0, le=10_000)]
# Pages put these into styles, links and headers: nothing but what they are may stand in them.
Color = Annotated[str, Meta(pattern=r"^(#([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6}))?\Z")]
Link = Annotated[str, Meta(pattern=r"^(https?://[^\s\x00-\x1f\"'<>]+)?\Z", max_length=500)]
Origin = Annotated[str, Meta(pattern=r"^(https?://)?[A-Za-z0-9.*:\[\]-]+\Z", max_length=255)]
Words = Annotated[str, Meta(max_length=320)]
SecondFactor = Literal["totp", "u2f", "otp_email", "otp_sms", "recovery_codes"]


class LoginPolicy(msgspec.Struct, frozen=True, omit_defaults=True):
    """How people may log in; lifetimes in seconds say how long a check counts for a login UI.

    The last is not on ZITADEL's wire: a new password, or a factor taken away, ends all of the user's sessions but the one
    that it was done in, instead of taking the password check from them.
    """

    allow_username_password: bool = True
    allow_register: bool = True
    allow_external_idp: bool = True
    force_mfa: bool = False
    force_mfa_local_only: bool = False
    passkeys_allowed: bool = True
    hide_password_reset: bool = False
    ignore_unknown_usernames: bool = False
    default_redirect_uri: Words = ""
    password_check_lifetime_s: Seconds = 10 * DAY_S
    external_login_check_lifetime_s: Seconds = 10 * DAY_S
    mfa_init_skip_lifetime_s: Seconds = 30 * DAY_S
    second_factor_check_lifetime_s: Seconds = 18 * 3600
    multi_factor_check_lifetime_s: Seconds = 12 * 3600
    second_factors: tuple[SecondFactor, ...] = ("totp", "u2f")
    multi_factors: tuple[Literal["u2f_with_verification"], ...] = ("u2f_with_verification",)
    allow_domain_discovery: bool = True
    disable_login_with_email: bool = False
    disable_login_with_phone: bool = False
    credential_change_ends_sessions: bool = False


class LockoutPolicy(msgspec.Struct, frozen=True, omit_defaults=True):
    """Wrong guesses in a row, per user and authenticator; 0 leaves the hard limit alone.

    At a limit below the hard one the user is locked, at the hard one only the authenticator is blocked.
    """

    max_password_attempts: Count = HARD_ATTEMPT_LIMIT
    max_otp_attempts: Count = HARD_ATTEMPT_LIMIT

    def limit(self, attempts: int) -> int:
        """The number of wrong guesses after which no guess is judged any more."""
        return min(attempts, HARD_ATTEMPT_LIMIT) or HARD_ATTEMPT_LIMIT


class PasswordComplexityPolicy(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a password must hold; ``min_length`` counts bytes (as ZITADEL does).

    The last three are not on ZITADEL's wire, and hold for passwords that people choose themselves, not for those that a
    caller with ``user.write`` sets: a length in code points, a strength (zxcvbn's 0 to 4), and that the password is in
    no list of known ones.
    """

    min_length: Annotated[int, Meta(ge=1, le=MAX_CODE_POINTS)] = 8
    requires_uppercase: bool = True
    requires_lowercase: bool = True
    requires_number: bool = True
    requires_symbol: bool = True
    min_code_points: Annotated[int, Meta(ge=0, le=MAX_CODE_POINTS)] = 0
    min_strength: Annotated[int, Meta(ge=0, le=4)] = 0
    refuses_breached: bool = False


class PasswordExpiryPolicy(msgspec.Struct, frozen=True, omit_defaults=True):
    """Days; 0 means never."""

    max_age_days: Count = 0
    expire_warn_days: Count = 0


class DomainPolicy(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whether login names carry their organisation's domain."""

    login_name_includes_domain: bool = False
    require_org_domain_verification: bool = False
    smtp_sender_address_matches_instance_domain: bool = False


class Theme(msgspec.Struct, frozen=True, omit_defaults=True):
    """Colours as ``#rrggbb``, pictures as URLs."""

    primary_color: Color = ""
    background_color: Color = ""
    warn_color: Color = ""
    font_color: Color = ""
    logo_url: Link = ""
    icon_url: Link = ""


class BrandingPolicy(msgspec.Struct, frozen=True, omit_defaults=True):
    """How pages look. ``theme_mode`` is the wire's number (0 unspecified, 1 auto, 2 light, 3 dark)."""

    light_theme: Theme = Theme("#5469d4", "#fafafa", "#cd3d56", "#000000")
    dark_theme: Theme = Theme("#2073c4", "#111827", "#ff3b5b", "#ffffff")
    font_url: Link = ""
    hide_login_name_suffix: bool = False
    disable_watermark: bool = False
    theme_mode: Annotated[int, Meta(ge=0, le=3)] = 0


class LegalPolicy(msgspec.Struct, frozen=True, omit_defaults=True):
    """Links that pages show."""

    tos_link: Link = ""
    privacy_policy_link: Link = ""
    help_link: Link = ""
    support_email: Words = ""
    docs_link: Link = ""
    custom_link: Link = ""
    custom_link_text: Words = ""


class SecurityPolicy(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who may frame our pages, and whether anybody may be impersonated."""

    enable_iframe: bool = False
    allowed_origins: tuple[Origin, ...] = ()
    enable_impersonation: bool = False


class TokenPolicy(msgspec.Struct, frozen=True, omit_defaults=True):
    """How long tokens live, in seconds, where the client says nothing else."""

    access_token_lifetime_s: TokenSeconds = 900
    service_token_lifetime_s: TokenSeconds = 3600
    id_token_lifetime_s: TokenSeconds = 600


POLICY_TYPES: Mapping[str, type[msgspec.Struct]] = MappingProxyType(
    {
        "login": LoginPolicy,
        "lockout": LockoutPolicy,
        "password_complexity": PasswordComplexityPolicy,
        "password_expiry": PasswordExpiryPolicy,
        "domain": DomainPolicy,
        "branding": BrandingPolicy,
        "legal": LegalPolicy,
        "security": SecurityPolicy,
        "token": TokenPolicy,
    }
)
_NAMES = MappingProxyType({kind: name for name, kind in POLICY_TYPES.items()})
INSTANCE_OWNER = "instance"
PolicyT = TypeVar("PolicyT", bound=msgspec.Struct)


class Policy(msgspec.Struct, frozen=True):
    """A stored group: ``owner`` is ``instance`` or an organisation's id, ``id`` is ``owner:name``.

    ``values`` are those that were set, by field name; the rest is inherited. Rows from before there were setters have
    no times.
    """

    id: str
    owner: str
    name: str
    values: dict[str, Any]
    version: int = 1
    created_at: datetime | None = None
    changed_at: datetime | None = None


POLICY = Kind("policy", Policy, columns={"owner": lambda p: p.owner}, owner="owner", raises_generation=True)


def policy_id(owner: str, wanted: type[msgspec.Struct]) -> str:
    """Where an owner's values of a group are kept."""
    return f"{owner}:{_NAMES[wanted]}"


def policy_name(wanted: type[msgspec.Struct]) -> str:
    """The name of a group."""
    return _NAMES[wanted]


def effective(wanted: type[PolicyT], rows: Sequence[Policy]) -> PolicyT:
    """The group with what the rows set, a later row over an earlier one; raises msgspec.ValidationError."""
    values: dict[str, Any] = {}
    for row in rows:
        values = layered(wanted, values, row.values)
    return msgspec.convert(values, wanted)


def layered(
    wanted: type[msgspec.Struct], values: Mapping[str, Any], over: Mapping[str, Any]
) -> dict[str, Any]:
    """Values with others over them; of a group inside a group only what is set, the rest being the default's."""
    result = dict(values)
    for name, value in over.items():
        if isinstance(value, dict) and name in wanted.__struct_fields__:
            below = result[name] if name in result else msgspec.to_builtins(getattr(wanted(), name))
            result[name] = {**below, **value}
        else:
            result[name] = value
    return result
