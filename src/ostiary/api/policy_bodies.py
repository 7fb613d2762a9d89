"""Bodies of v1 policies as values of our groups of settings."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import msgspec

from ostiary.core.policy import (
    BrandingPolicy,
    DomainPolicy,
    LegalPolicy,
    LockoutPolicy,
    LoginPolicy,
    PasswordComplexityPolicy,
    PasswordExpiryPolicy,
)
from ostiary.errors import InvalidArgument

Document = dict[str, Any]
Read = Callable[[Any, str], Any]
_UNSAID: Final = object()
_DURATION: Final = re.compile(r"(\d{1,9})(\.0+)?s", re.ASCII)
_DIGITS: Final = re.compile(r"\d{1,19}", re.ASCII)
_SECOND_FACTORS: Final = {
    "SECOND_FACTOR_TYPE_OTP": "totp",
    "SECOND_FACTOR_TYPE_U2F": "u2f",
    "SECOND_FACTOR_TYPE_OTP_EMAIL": "otp_email",
    "SECOND_FACTOR_TYPE_OTP_SMS": "otp_sms",
    "SECOND_FACTOR_TYPE_RECOVERY_CODES": "recovery_codes",
}
_MULTI_FACTORS: Final = {"MULTI_FACTOR_TYPE_U2F_WITH_VERIFICATION": "u2f_with_verification"}
_PASSKEYS: Final = {"PASSWORDLESS_TYPE_NOT_ALLOWED": False, "PASSWORDLESS_TYPE_ALLOWED": True}
_THEMES: Final = {
    "THEME_MODE_UNSPECIFIED": 0,
    "THEME_MODE_AUTO": 1,
    "THEME_MODE_LIGHT": 2,
    "THEME_MODE_DARK": 3,
}


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a body: its name there, where it goes (dotted: inside a group), how it is read, what it is unsaid."""

    name: str
    to: str
    read: Read
    unsaid: Any


@dataclass(frozen=True, slots=True)
class Body:
    """A policy of v1: the path after ``/policies/``, our group, its fields."""

    path: str
    group: type[msgspec.Struct]
    fields: tuple[Field, ...]

    def values(self, document: Document) -> Document:
        """What the body sets. Names may be written as in JSON or as in the proto file; raises InvalidArgument."""
        values: Document = {}
        for field in self.fields:
            given = document.get(field.name)
            given = document.get(_snake(field.name)) if given is None else given
            value = field.unsaid if given is None else field.read(given, field.name)
            if value is _UNSAID:
                continue
            outer, _, inner = field.to.partition(".")
            if inner:
                values.setdefault(outer, {})[inner] = value
            else:
                values[outer] = value
        return values


def _snake(name: str) -> str:
    return re.sub(r"([A-Z])", lambda found: f"_{found[1].lower()}", name)


def _as_is(given: Any, _: str) -> Any:
    return given


def _number(given: Any, _: str) -> Any:
    return int(given) if isinstance(given, str) and _DIGITS.fullmatch(given) else given


def _seconds(given: Any, name: str) -> int:
    found = _DURATION.fullmatch(given) if isinstance(given, str) else None
    if found is None:
        raise _invalid(name, "a duration is written in seconds, as in 864000s")
    return int(found[1])


def _one_of(words: Mapping[str, Any], given: Any, name: str) -> Any:
    if not isinstance(given, str) or given not in words:
        raise _invalid(name, f"one of {', '.join(words)}")
    return words[given]


def _each_of(words: Mapping[str, Any], given: Any, name: str) -> list[Any]:
    if not isinstance(given, list):
        raise _invalid(name, "a list is expected")
    return [_one_of(words, one, name) for one in given]


def _invalid(name: str, hint: str) -> InvalidArgument:
    return InvalidArgument("policies.value_invalid", f"The value of {name} is invalid", hint=hint)


def _flags(**names: str) -> tuple[Field, ...]:
    return tuple(Field(name, to, _as_is, unsaid=False) for name, to in names.items())


def _texts(**names: str) -> tuple[Field, ...]:
    return tuple(Field(name, to, _as_is, "") for name, to in names.items())


def _numbers(**names: str) -> tuple[Field, ...]:
    return tuple(Field(name, to, _number, 0) for name, to in names.items())


def _lifetimes(**names: str) -> tuple[Field, ...]:
    return tuple(Field(name, to, _seconds, _UNSAID) for name, to in names.items())


_LOGIN: Final = (
    *_flags(
        allowUsernamePassword="allow_username_password",
        allowRegister="allow_register",
        allowExternalIdp="allow_external_idp",
        forceMfa="force_mfa",
        forceMfaLocalOnly="force_mfa_local_only",
        hidePasswordReset="hide_password_reset",
        ignoreUnknownUsernames="ignore_unknown_usernames",
        allowDomainDiscovery="allow_domain_discovery",
        disableLoginWithEmail="disable_login_with_email",
        disableLoginWithPhone="disable_login_with_phone",
    ),
    *_texts(defaultRedirectUri="default_redirect_uri"),
    *_lifetimes(
        passwordCheckLifetime="password_check_lifetime_s",
        externalLoginCheckLifetime="external_login_check_lifetime_s",
        mfaInitSkipLifetime="mfa_init_skip_lifetime_s",
        secondFactorCheckLifetime="second_factor_check_lifetime_s",
        multiFactorCheckLifetime="multi_factor_check_lifetime_s",
    ),
    Field("passwordlessType", "passkeys_allowed", partial(_one_of, _PASSKEYS), unsaid=False),
    Field("secondFactors", "second_factors", partial(_each_of, _SECOND_FACTORS), _UNSAID),
    Field("multiFactors", "multi_factors", partial(_each_of, _MULTI_FACTORS), _UNSAID),
)
_COMPLEXITY: Final = (
    *_numbers(minLength="min_length"),
    *_flags(
        hasUppercase="requires_uppercase",
        hasLowercase="requires_lowercase",
        hasNumber="requires_number",
        hasSymbol="requires_symbol",
    ),
)
_BRANDING: Final = (
    *_texts(
        primaryColor="light_theme.primary_color",
        backgroundColor="light_theme.background_color",
        warnColor="light_theme.warn_color",
        fontColor="light_theme.font_color",
        primaryColorDark="dark_theme.primary_color",
        backgroundColorDark="dark_theme.background_color",
        warnColorDark="dark_theme.warn_color",
        fontColorDark="dark_theme.font_color",
    ),
    *_flags(hideLoginNameSuffix="hide_login_name_suffix", disableWatermark="disable_watermark"),
    Field("themeMode", "theme_mode", partial(_one_of, _THEMES), 0),
)
_LEGAL: Final = _texts(
    tosLink="tos_link",
    privacyLink="privacy_policy_link",
    helpLink="help_link",
    supportEmail="support_email",
    docsLink="docs_link",
    customLink="custom_link",
    customLinkText="custom_link_text",
)
BODIES: Final = (
    Body("login", LoginPolicy, _LOGIN),
    Body(
        "lockout",
        LockoutPolicy,
        _numbers(maxPasswordAttempts="max_password_attempts", maxOtpAttempts="max_otp_attempts"),
    ),
    Body("password/complexity", PasswordComplexityPolicy, _COMPLEXITY),
    Body(
        "password/age",
        PasswordExpiryPolicy,
        _numbers(maxAgeDays="max_age_days", expireWarnDays="expire_warn_days"),
    ),
    Body("privacy", LegalPolicy, _LEGAL),
    Body("label", BrandingPolicy, _BRANDING),
)
DOMAIN: Final = Body(
    "domain",
    DomainPolicy,
    _flags(
        userLoginMustBeDomain="login_name_includes_domain",
        validateOrgDomains="require_org_domain_verification",
        smtpSenderAddressMatchesInstanceDomain="smtp_sender_address_matches_instance_domain",
    ),
)
