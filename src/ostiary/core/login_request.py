"""Somebody waits to be logged in: requests of any protocol, from their arrival until they are redeemed.

An OIDC request arrives at the authorization endpoint, a device's at the device authorization endpoint (SAML requests
will arrive at theirs). All are finished alike: a session is linked to them, or an error. A request is answered once and
redeemed once, both spent by its row's version.
"""

from datetime import datetime
from enum import StrEnum

import msgspec

from ostiary.core.record import Kind


class Stage(StrEnum):
    """Open: waits. Linked: a session finished it. Failed: the login UI, or the user, said no. Redeemed: tokens made."""

    OPEN = "open"
    LINKED = "linked"
    FAILED = "failed"
    REDEEMED = "redeemed"


class Authentication(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who was authenticated when and how, as it goes into tokens; taken from the session when it was linked."""

    session_id: str
    user_id: str
    organization_id: str
    auth_time: datetime
    amr: tuple[str, ...] = ()
    acr: str = ""


class OidcParameters(msgspec.Struct, frozen=True, omit_defaults=True):
    """An authorization request's parameters, checked. ``max_age_s`` is None when not sent; ``resource`` RFC 8707."""

    redirect_uri: str
    scope: tuple[str, ...]
    response_type: str = "code"
    response_mode: str = "query"
    state: str | None = None
    nonce: str | None = None
    prompt: tuple[str, ...] = ()
    max_age_s: int | None = None
    ui_locales: tuple[str, ...] = ()
    login_hint: str | None = None
    hint_user_id: str | None = None
    acr_values: tuple[str, ...] = ()
    code_challenge: str = ""
    resource: tuple[str, ...] = ()


class LoginRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """One authorization request. ``id`` is the wire's (``V2_…``).

    ``login_client_id`` is the user id of the login UI that proxied it; empty: any caller with ``session.link`` finishes
    it. ``code_hash`` is SHA-256 of the authorization code's secret; ``grant_id`` what it was redeemed for.
    """

    id: str
    client_id: str
    created_at: datetime
    expires_at: datetime
    oidc: OidcParameters
    login_client_id: str = ""
    stage: Stage = Stage.OPEN
    authentication: Authentication | None = None
    code_hash: bytes = b""
    code_expires_at: datetime | None = None
    grant_id: str = ""
    version: int = 1


LOGIN_REQUEST = Kind("login_request", LoginRequest, columns={"expires_at": lambda r: r.expires_at})


class DeviceAuthorization(msgspec.Struct, frozen=True, omit_defaults=True):
    """A device that waits for its user (RFC 8628). ``user_code`` is unique among the open ones, without its hyphen."""

    id: str
    client_id: str
    user_code: str
    device_code_hash: bytes
    scope: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    interval_s: int = 5
    polled_at: datetime | None = None
    stage: Stage = Stage.OPEN
    authentication: Authentication | None = None
    grant_id: str = ""
    version: int = 1


DEVICE_AUTHORIZATION = Kind(
    "device_authorization",
    DeviceAuthorization,
    columns={"user_code": lambda d: d.user_code, "expires_at": lambda d: d.expires_at},
)


class PushedRequest(msgspec.Struct, frozen=True):
    """Parameters that a client pushed (RFC 9126); used once. ``id`` is SHA-256 of the request URI, in hex.

    ``sealed``: they are sealed under the request URI, for a session token may be among them.
    """

    id: str
    client_id: str
    sealed: bytes
    expires_at: datetime
    version: int = 1


PUSHED_REQUEST = Kind("pushed_request", PushedRequest, columns={"expires_at": lambda r: r.expires_at})


class UsedAssertion(msgspec.Struct, frozen=True):
    """The ``jti`` of an assertion that was taken; ``id`` is SHA-256 of issuer and jti, in hex."""

    id: str
    expires_at: datetime
    version: int = 1


USED_ASSERTION = Kind("used_assertion", UsedAssertion, columns={"expires_at": lambda a: a.expires_at})
