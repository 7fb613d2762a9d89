"""A device that was approved. Source: RFC 8628 3.4 and 3.5."""

from datetime import timedelta

import msgspec

from ostiary.core.grant import DEVICE_CODE, Grant
from ostiary.core.login_request import (
    DEVICE_AUTHORIZATION,
    Authentication,
    DeviceAuthorization,
    OidcParameters,
    Stage,
)
from ostiary.core.secret import parse_token, same_hash
from ostiary.oidc.audience import audience_of
from ostiary.oidc.desk import Desk, TokenAnswer, TokenRequest, answer, client_of, may_refresh, new_grant
from ostiary.oidc.errors import OAuthError
from ostiary.oidc.grants.grant_type import GrantType
from ostiary.storage.port import Changes, Conflict, Put, Remove

NAME = "urn:ietf:params:oauth:grant-type:device_code"
SLOW_DOWN_S = 5


async def redeem(desk: Desk, request: TokenRequest) -> TokenAnswer:
    """Tokens once the user said yes; until then authorization_pending, or slow_down for an impatient device."""
    client = client_of(request)
    device = await _device(desk, request.form.require("device_code"))
    if device.client_id != client.client_id:
        raise OAuthError("invalid_grant", "the device code was given to another client")
    if device.stage is Stage.FAILED:
        raise OAuthError("access_denied", "the user denied the device")
    if device.stage is Stage.OPEN:
        raise await _polled(desk, device)
    if device.authentication is None:
        raise OAuthError("invalid_grant", "the device code was used already")
    subject = await desk.subject(device.authentication)
    await desk.require_project(client, subject.user)
    oidc = OidcParameters(redirect_uri="", scope=device.scope)
    grant = _grant(desk, device, device.authentication, await audience_of(desk.cache, client, oidc))
    refresh_token, refresh = desk.refresh(grant.id) if may_refresh(client, grant.scope) else ("", None)
    minted = await desk.minter.mint(msgspec.structs.replace(grant, refresh=refresh), client, id_token=True)
    joins = await desk.participation(minted.grant, client, desk.effects.now())
    changes = Changes(
        puts=(new_grant(minted), *joins),
        removes=(Remove(DEVICE_AUTHORIZATION, device.id, device.version),),
        expects=desk.guards(subject),
        audit=desk.trace("tokens.issued", minted.grant, grant_type="device_code"),
    )
    try:
        await desk.store.save(changes)
    except Conflict:
        raise OAuthError("invalid_grant", "the device code was used already") from None
    return answer(minted, refresh_token)


async def _device(desk: Desk, text: str) -> DeviceAuthorization:
    code = parse_token(text)
    device = (
        await desk.store.get(DEVICE_AUTHORIZATION, code.id) if code and code.kind == DEVICE_CODE else None
    )
    if code is None or device is None or not same_hash(code.secret_hash, device.device_code_hash):
        raise OAuthError("invalid_grant", "the device code is unknown or was used")
    if device.expires_at <= desk.effects.now():
        raise OAuthError("expired_token", "the device code has expired; begin anew")
    return device


async def _polled(desk: Desk, device: DeviceAuthorization) -> OAuthError:
    """The answer to a device whose user has not decided; asking too soon makes its interval longer."""
    now = desk.effects.now()
    too_soon = device.polled_at is not None and now - device.polled_at < timedelta(seconds=device.interval_s)
    interval_s = device.interval_s + (SLOW_DOWN_S if too_soon else 0)
    polled = msgspec.structs.replace(device, polled_at=now, interval_s=interval_s, version=device.version + 1)
    try:
        await desk.store.save(Changes(puts=(Put(DEVICE_AUTHORIZATION, polled, device.version),)))
    except Conflict:
        too_soon = True
    if too_soon:
        return OAuthError("slow_down", f"ask at most every {interval_s} seconds")
    return OAuthError("authorization_pending", "the user has not decided yet")


def _grant(
    desk: Desk, device: DeviceAuthorization, authentication: Authentication, audience: tuple[str, ...]
) -> Grant:
    return Grant(
        id=desk.effects.new_id(),
        client_id=device.client_id,
        user_id=authentication.user_id,
        organization_id=authentication.organization_id,
        scope=device.scope,
        audience=audience,
        created_at=desk.effects.now(),
        authentication=authentication,
    )


GRANT_TYPE = GrantType(NAME, redeem, is_implied=True)
