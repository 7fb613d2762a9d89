"""Groups of settings as the wire's messages."""

from datetime import timedelta

from msgspec.structs import asdict
from protobuf.wkt import Duration, Timestamp

from ostiary._pb.zitadel.object.v2.object_pb import Details
from ostiary._pb.zitadel.settings.v2.branding_settings_pb import BrandingSettings, Theme, ThemeMode
from ostiary._pb.zitadel.settings.v2.login_settings_pb import (
    LoginSettings,
    MultiFactorType,
    PasskeysType,
    SecondFactorType,
)
from ostiary._pb.zitadel.settings.v2.password_settings_pb import PasswordComplexitySettings
from ostiary._pb.zitadel.settings.v2.security_settings_pb import EmbeddedIframeSettings, SecuritySettings
from ostiary._pb.zitadel.settings.v2.settings_pb import ResourceOwnerType
from ostiary.core.organization import Instance
from ostiary.core.policy import (
    BrandingPolicy,
    LoginPolicy,
    PasswordComplexityPolicy,
    Policy,
    PolicyT,
    SecurityPolicy,
)
from ostiary.settings.queries import EffectivePolicy

_SECOND_FACTORS = {
    "totp": SecondFactorType.TOTP,
    "u2f": SecondFactorType.U2F,
    "otp_email": SecondFactorType.OTP_EMAIL,
    "otp_sms": SecondFactorType.OTP_SMS,
    "recovery_codes": SecondFactorType.RECOVERY_CODES,
}
_MULTI_FACTORS = {"u2f_with_verification": MultiFactorType.U2F_WITH_VERIFICATION}


def owner_type(found: EffectivePolicy[PolicyT]) -> ResourceOwnerType:
    """Whether the organisation set anything in the group itself."""
    return ResourceOwnerType.ORG if found.organization_id else ResourceOwnerType.INSTANCE


def details_of(found: EffectivePolicy[PolicyT]) -> Details:
    """Of the row the settings come from, or of the instance when nothing was set."""
    return details_of_row(found.row, found.instance, found.organization_id, found.version)


def details_of_row(row: Policy | None, instance: Instance, organization_id: str, version: int) -> Details:
    """Of a row; without one, and without its times, of the instance."""
    begun = row.created_at if row and row.created_at else instance.created_at
    changed = row.changed_at if row and row.changed_at else begun
    return Details(
        sequence=version,
        change_date=Timestamp.from_datetime(changed),
        creation_date=Timestamp.from_datetime(begun),
        resource_owner=organization_id or instance.instance_id,
    )


def login_message(policy: LoginPolicy, owner: ResourceOwnerType) -> LoginSettings:
    """How people may log in."""
    return LoginSettings(
        allow_username_password=policy.allow_username_password,
        allow_local_authentication=policy.allow_username_password,
        allow_register=policy.allow_register,
        allow_external_idp=policy.allow_external_idp,
        force_mfa=policy.force_mfa,
        force_mfa_local_only=policy.force_mfa_local_only,
        passkeys_type=PasskeysType.ALLOWED if policy.passkeys_allowed else PasskeysType.NOT_ALLOWED,
        hide_password_reset=policy.hide_password_reset,
        ignore_unknown_usernames=policy.ignore_unknown_usernames,
        default_redirect_uri=policy.default_redirect_uri,
        password_check_lifetime=_seconds(policy.password_check_lifetime_s),
        external_login_check_lifetime=_seconds(policy.external_login_check_lifetime_s),
        mfa_init_skip_lifetime=_seconds(policy.mfa_init_skip_lifetime_s),
        second_factor_check_lifetime=_seconds(policy.second_factor_check_lifetime_s),
        multi_factor_check_lifetime=_seconds(policy.multi_factor_check_lifetime_s),
        second_factors=[_SECOND_FACTORS[name] for name in policy.second_factors],
        multi_factors=[_MULTI_FACTORS[name] for name in policy.multi_factors],
        allow_domain_discovery=policy.allow_domain_discovery,
        disable_login_with_email=policy.disable_login_with_email,
        disable_login_with_phone=policy.disable_login_with_phone,
        resource_owner_type=owner,
    )


def branding_message(policy: BrandingPolicy, owner: ResourceOwnerType) -> BrandingSettings:
    """How pages look."""
    return BrandingSettings(
        light_theme=Theme(**asdict(policy.light_theme)),
        dark_theme=Theme(**asdict(policy.dark_theme)),
        font_url=policy.font_url,
        hide_login_name_suffix=policy.hide_login_name_suffix,
        disable_watermark=policy.disable_watermark,
        theme_mode=ThemeMode(policy.theme_mode),
        resource_owner_type=owner,
    )


def complexity_message(
    policy: PasswordComplexityPolicy, owner: ResourceOwnerType
) -> PasswordComplexitySettings:
    """What a password must hold, as far as the wire has words for it."""
    return PasswordComplexitySettings(
        min_length=policy.min_length,
        requires_uppercase=policy.requires_uppercase,
        requires_lowercase=policy.requires_lowercase,
        requires_number=policy.requires_number,
        requires_symbol=policy.requires_symbol,
        resource_owner_type=owner,
    )


def security_message(policy: SecurityPolicy) -> SecuritySettings:
    """Who may frame our pages, and whether anybody may be impersonated."""
    return SecuritySettings(
        embedded_iframe=EmbeddedIframeSettings(
            enabled=policy.enable_iframe, allowed_origins=list(policy.allowed_origins)
        ),
        enable_impersonation=policy.enable_impersonation,
    )


def _seconds(count: int) -> Duration:
    return Duration.from_timedelta(timedelta(seconds=count))
