"""Settings that an instance has and an organisation may override.

The values are those of a new ZITADEL instance (wire contract 6.1), but for the lockout: 100 wrong guesses block the
authenticator (NIST SP 800-63B-4 3.2.2), where ZITADEL's 0 means never.
"""

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec

from ostiary.core.record import Kind

HARD_ATTEMPT_LIMIT = 100
DAY_S = 86_400


class LoginPolicy(msgspec.Struct, frozen=True, omit_defaults=True):
    """How people may log in; lifetimes in seconds say how long a check counts for a login UI."""

    allow_username_password: bool = True
    allow_register: bool = True
    allow_external_idp: bool = True
    force_mfa: bool = False
    force_mfa_local_only: bool = False
    passkeys_allowed: bool = True
    hide_password_reset: bool = False
    ignore_unknown_usernames: bool = False
    default_redirect_uri: str = ""
    password_check_lifetime_s: int = 10 * DAY_S
    external_login_check_lifetime_s: int = 10 * DAY_S
    mfa_init_skip_lifetime_s: int = 30 * DAY_S
    second_factor_check_lifetime_s: int = 18 * 3600
    multi_factor_check_lifetime_s: int = 12 * 3600
    second_factors: tuple[str, ...] = ("totp", "u2f")
    multi_factors: tuple[str, ...] = ("u2f_with_verification",)
    allow_domain_discovery: bool = True
    disable_login_with_email: bool = False
    disable_login_with_phone: bool = False


class LockoutPolicy(msgspec.Struct, frozen=True, omit_defaults=True):
    """Wrong guesses in a row, per user and authenticator; 0 leaves the hard limit alone.

    At a limit below the hard one the user is locked, at the hard one only the authenticator is blocked.
    """

    max_password_attempts: int = HARD_ATTEMPT_LIMIT
    max_otp_attempts: int = HARD_ATTEMPT_LIMIT

    def limit(self, attempts: int) -> int:
        """The number of wrong guesses after which no guess is judged any more."""
        return min(attempts, HARD_ATTEMPT_LIMIT) or HARD_ATTEMPT_LIMIT


class PasswordComplexityPolicy(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a password must hold; ``min_length`` counts bytes (as ZITADEL does)."""

    min_length: int = 8
    requires_uppercase: bool = True
    requires_lowercase: bool = True
    requires_number: bool = True
    requires_symbol: bool = True


class PasswordExpiryPolicy(msgspec.Struct, frozen=True, omit_defaults=True):
    """Days; 0 means never."""

    max_age_days: int = 0
    expire_warn_days: int = 0


class DomainPolicy(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whether login names carry their organisation's domain."""

    login_name_includes_domain: bool = False
    require_org_domain_verification: bool = False
    smtp_sender_address_matches_instance_domain: bool = False


class Theme(msgspec.Struct, frozen=True, omit_defaults=True):
    """Colours as ``#rrggbb``, pictures as URLs."""

    primary_color: str = ""
    background_color: str = ""
    warn_color: str = ""
    font_color: str = ""
    logo_url: str = ""
    icon_url: str = ""


class BrandingPolicy(msgspec.Struct, frozen=True, omit_defaults=True):
    """How pages look. ``theme_mode`` is the wire's number (0 unspecified, 1 auto, 2 light, 3 dark)."""

    light_theme: Theme = Theme("#5469d4", "#fafafa", "#cd3d56", "#000000")
    dark_theme: Theme = Theme("#2073c4", "#111827", "#ff3b5b", "#ffffff")
    font_url: str = ""
    hide_login_name_suffix: bool = False
    disable_watermark: bool = False
    theme_mode: int = 0


class LegalPolicy(msgspec.Struct, frozen=True, omit_defaults=True):
    """Links that pages show."""

    tos_link: str = ""
    privacy_policy_link: str = ""
    help_link: str = ""
    support_email: str = ""
    docs_link: str = ""
    custom_link: str = ""
    custom_link_text: str = ""


class SecurityPolicy(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who may frame our pages, and whether anybody may be impersonated."""

    enable_iframe: bool = False
    allowed_origins: tuple[str, ...] = ()
    enable_impersonation: bool = False


class TokenPolicy(msgspec.Struct, frozen=True, omit_defaults=True):
    """How long tokens live, in seconds, where the client says nothing else."""

    access_token_lifetime_s: int = 900
    service_token_lifetime_s: int = 3600
    id_token_lifetime_s: int = 600


POLICY_TYPES = MappingProxyType(
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

    ``values`` are those that were set, by field name; the rest is inherited.
    """

    id: str
    owner: str
    name: str
    values: dict[str, Any]
    version: int = 1


POLICY = Kind("policy", Policy, columns={"owner": lambda p: p.owner}, owner="owner", raises_generation=True)


def policy_id(owner: str, wanted: type[msgspec.Struct]) -> str:
    """Where an owner's values of a group are kept."""
    return f"{owner}:{_NAMES[wanted]}"


def effective(wanted: type[PolicyT], rows: Sequence[Policy]) -> PolicyT:
    """The group with what the rows set, a later row over an earlier one; raises msgspec.ValidationError."""
    values: dict[str, Any] = {}
    for row in rows:
        values |= row.values
    return msgspec.convert(values, wanted)
