"""A code for tokens. Source: RFC 6749 4.1.3, RFC 7636 4.6, OpenID Connect Core 3.1.3; OAuth 2.1 4.1.3 (replay)."""

import base64
import hashlib

import msgspec

from ostiary.core.client import Application
from ostiary.core.grant import AUTHORIZATION_CODE, GRANT, Grant
from ostiary.core.login_request import LOGIN_REQUEST, Authentication, LoginRequest, Stage
from ostiary.core.secret import Token, parse_token, same_hash
from ostiary.oidc.audience import audience_of, narrowed
from ostiary.oidc.desk import (
    TRIES,
    Desk,
    Subject,
    TokenAnswer,
    TokenRequest,
    answer,
    client_of,
    may_refresh,
    new_grant,
)
from ostiary.oidc.errors import OAuthError
from ostiary.oidc.grants.grant_type import GrantType
from ostiary.oidc.minting import Minted
from ostiary.oidc.parameters import Parameters
from ostiary.oidc.requests import ID_PREFIX
from ostiary.storage.port import Changes, Conflict, Put, Remove


async def redeem(desk: Desk, request: TokenRequest) -> TokenAnswer:
    """Tokens for a code, once. A second use is refused and ends what the first one gave."""
    client, code = client_of(request), parse_token(request.form.require("code"))
    if code is None or code.kind != AUTHORIZATION_CODE:
        raise _refused("the code is not one of ours")
    for _ in range(TRIES):
        login = await _login(desk, code, client)
        authentication = _redeemable(desk, login, request.form)
        subject = await desk.subject(authentication)
        await desk.require_project(client, subject.user)
        grant = _grant(desk, login, authentication, await audience_of(desk.cache, client, login.oidc))
        refresh_token, refresh = desk.refresh(grant.id) if may_refresh(client, grant.scope) else ("", None)
        going_on = msgspec.structs.replace(
            grant, refresh=refresh, access_resource=narrowed(request.form, grant)
        )
        minted = await desk.minter.mint(going_on, client, id_token=True)
        if await _saved(desk, login, minted, client, subject):
            return answer(minted, refresh_token)
    raise _refused("the code is being redeemed by somebody else")


async def _login(desk: Desk, code: Token, client: Application) -> LoginRequest:
    """The request that the code is of; a replayed code ends its grant."""
    login = await desk.store.get(LOGIN_REQUEST, f"{ID_PREFIX}{code.id}")
    if login is None or not login.code_hash or not same_hash(code.secret_hash, login.code_hash):
        raise _refused("the code is unknown")
    if login.client_id != client.client_id:
        raise _refused("the code was given to another client")
    if login.stage is Stage.REDEEMED:
        await _end_grant(desk, login.grant_id)
        raise _refused("the code was used already; what it gave is revoked")
    return login


def _redeemable(desk: Desk, login: LoginRequest, form: Parameters) -> Authentication:
    authentication, expires_at = login.authentication, login.code_expires_at
    if login.stage is not Stage.LINKED or authentication is None or expires_at is None:
        raise _refused("the request was not finished with a session")
    if expires_at <= desk.effects.now():
        raise _refused("the code has expired")
    if form.get("redirect_uri") != login.oidc.redirect_uri:
        raise _refused("the redirect_uri is not the one of the authorization request")
    _check_verifier(login.oidc.code_challenge, form.get("code_verifier"))
    return authentication


def _check_verifier(challenge: str, verifier: str) -> None:
    """A verifier is needed if there was a challenge, and refused if there was none (RFC 9700 2.1.1)."""
    if not challenge:
        if verifier:
            raise _refused("a code_verifier was sent, but the request had no code_challenge")
        return
    if not verifier:
        raise _refused("the code_verifier is missing")
    digest = hashlib.sha256(verifier.encode()).digest()
    made = base64.urlsafe_b64encode(digest).rstrip(b"=")
    if not same_hash(made, challenge.encode()):
        raise _refused("the code_verifier is not the one of the code_challenge")


def _grant(
    desk: Desk, login: LoginRequest, authentication: Authentication, audience: tuple[str, ...]
) -> Grant:
    return Grant(
        id=desk.effects.new_id(),
        client_id=login.client_id,
        user_id=authentication.user_id,
        organization_id=authentication.organization_id,
        scope=login.oidc.scope,
        audience=audience,
        created_at=desk.effects.now(),
        authentication=authentication,
        nonce=login.oidc.nonce,
    )


async def _saved(
    desk: Desk, login: LoginRequest, minted: Minted, client: Application, subject: Subject
) -> bool:
    """Whether the tokens are given; not if somebody else was faster."""
    redeemed = msgspec.structs.replace(
        login, stage=Stage.REDEEMED, grant_id=minted.grant.id, version=login.version + 1
    )
    joins = await desk.participation(minted.grant, client, desk.effects.now())
    changes = Changes(
        puts=(Put(LOGIN_REQUEST, redeemed, login.version), new_grant(minted), *joins),
        expects=desk.guards(subject),
        audit=desk.trace("tokens.issued", minted.grant, grant_type="authorization_code"),
        generation=desk.cache.generation,
    )
    try:
        await desk.store.save(changes)
    except Conflict:
        await desk.cache.fresh()
        return False
    return True


async def _end_grant(desk: Desk, grant_id: str) -> None:
    for _ in range(TRIES):
        grant = await desk.store.get(GRANT, grant_id)
        if grant is None:
            return
        trace = desk.trace("tokens.revoked", grant, reason="code_replay")
        try:
            await desk.store.save(Changes(removes=(Remove(GRANT, grant.id, grant.version),), audit=trace))
        except Conflict:
            continue
        return


def _refused(description: str) -> OAuthError:
    return OAuthError("invalid_grant", description)


GRANT_TYPE = GrantType("authorization_code", redeem)
