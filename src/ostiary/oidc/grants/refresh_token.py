"""A refresh token for its successor.

Each is spent by its use. Requests that overlap the one that rotates it get the same successor, which is kept sealed
under the spent token's own secret; any later use, of this or an older token, ends the family.
Source: RFC 6749 6, RFC 9700 4.14.2, OpenID Connect Core 12.
"""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import msgspec

from ostiary.core.client import Application
from ostiary.core.grant import GRANT, REFRESH_TOKEN, Grant, Refresh, as_narrowed, judge
from ostiary.core.login_request import Authentication
from ostiary.core.secret import Token, parse_token, same_hash, secret_hash
from ostiary.http.message import Peer
from ostiary.oidc.audience import narrowed
from ostiary.oidc.desk import OFFLINE, TRIES, Desk, Subject, TokenAnswer, TokenRequest, answer, client_of
from ostiary.oidc.errors import OAuthError
from ostiary.oidc.grants.grant_type import GrantType
from ostiary.oidc.parameters import Parameters
from ostiary.oidc.refresh_secret import successor_sealer
from ostiary.oidc.request_rules import scopes
from ostiary.storage.port import Changes, Conflict, Put, Remove


@dataclass(frozen=True, slots=True)
class _Family:
    """A refresh token and the family it belongs to."""

    grant: Grant
    refresh: Refresh
    authentication: Authentication


async def arrival(desk: Desk, form: Parameters, connection: Peer | None) -> AbstractContextManager[bool]:
    """Whether the request overlaps the rotation of its token, judged as it arrives."""
    token = parse_token(form.get("refresh_token"))
    if token is None or token.kind != REFRESH_TOKEN:
        return nullcontext(False)
    grant = await desk.store.get(GRANT, token.id)
    refresh = grant.refresh if grant else None
    is_live = refresh is not None and same_hash(token.secret_hash, refresh.token_hash)
    return desk.overlaps.of(token.secret_hash, is_live=is_live, connection=connection)


async def redeem(desk: Desk, request: TokenRequest) -> TokenAnswer:
    """New tokens for a refresh token; raises invalid_grant, and ends the family of a replayed one."""
    client, text = client_of(request), request.form.require("refresh_token")
    token = parse_token(text)
    if token is None or token.kind != REFRESH_TOKEN:
        raise _refused("the refresh token is not one of ours")
    for _ in range(TRIES):
        family = await _family(desk, token, client)
        grace_s = client.oidc.refresh_grace_s if client.oidc else 0
        found = judge(family.refresh, token, desk.effects.now(), overlaps=request.overlaps, grace_s=grace_s)
        if found.status == "overlapping":
            return _successor(desk, family, text)
        if found.status == "expired":
            raise _refused("the refresh token has expired")
        if found.status != "live":
            if not request.overlaps:
                await _end(desk, family, text, is_replay=found.status == "reused")
            raise _refused("the refresh token was used already or is unknown")
        answered = await _rotated(desk, family, client, request, text)
        if answered is not None:
            return answered
    raise _refused("the refresh token is being used by somebody else")


async def _family(desk: Desk, token: Token, client: Application) -> _Family:
    grant = await desk.store.get(GRANT, token.id)
    if grant is None or grant.refresh is None or grant.authentication is None:
        raise _refused("the refresh token is unknown or was revoked")
    if grant.client_id != client.client_id:
        raise _refused("the refresh token was given to another client")
    return _Family(grant, grant.refresh, grant.authentication)


async def _rotated(
    desk: Desk, family: _Family, client: Application, request: TokenRequest, spent: str
) -> TokenAnswer | None:
    """The answer, once the rotation is saved; None if somebody else was faster."""
    subject = await desk.subject(family.authentication, offline=OFFLINE in family.grant.scope)
    await desk.require_project(client, subject.user)
    scope = _scope(family.grant, request.form.get("scope"))
    resource = narrowed(request.form, family.grant)
    narrower = scope if scope != family.grant.scope else ()
    asked = msgspec.structs.replace(family.grant, nonce=None, access_scope=narrower, access_resource=resource)
    minted = await desk.minter.mint(as_narrowed(asked), client, id_token=True)
    text, kept = desk.secrets.make(family.grant.id, desk.effects.random_bytes)
    answered = answer(minted, text)
    sealed = successor_sealer(spent, desk.effects.random_bytes).seal(
        msgspec.json.encode(answered), family.grant.id
    )
    now = desk.effects.now()
    refresh = Refresh(
        token_hash=kept,
        idle_at=min(now + desk.lifetimes.refresh_idle, family.refresh.ends_at),
        ends_at=family.refresh.ends_at,
        previous_hash=secret_hash(spent),
        rotated_at=now,
        successor=sealed,
    )
    after = msgspec.structs.replace(
        minted.grant,
        scope=family.grant.scope,
        audience=family.grant.audience,
        nonce=family.grant.nonce,
        refresh=refresh,
        version=family.grant.version + 1,
    )
    return answered if await _saved(desk, family.grant, after, subject) else None


async def _saved(desk: Desk, before: Grant, after: Grant, subject: Subject) -> bool:
    changes = Changes(
        puts=(Put(GRANT, after, before.version),),
        expects=desk.guards(subject),
        audit=desk.trace("tokens.issued", after, grant_type="refresh_token"),
    )
    try:
        await desk.store.save(changes)
    except Conflict:
        return False
    return True


def _successor(desk: Desk, family: _Family, spent: str) -> TokenAnswer:
    sealed = family.refresh.successor
    plain = successor_sealer(spent, desk.effects.random_bytes).open(sealed, family.grant.id)
    return msgspec.json.decode(plain, type=TokenAnswer)


async def _end(desk: Desk, family: _Family, text: str, *, is_replay: bool) -> None:
    """End the family of a token that was good once; a guess ends nothing."""
    if not is_replay and not desk.secrets.is_ours(text):
        return
    for _ in range(TRIES):
        grant = await desk.store.get(GRANT, family.grant.id)
        if grant is None:
            return
        trace = desk.trace("tokens.revoked", grant, reason="refresh_replay")
        try:
            await desk.store.save(Changes(removes=(Remove(GRANT, grant.id, grant.version),), audit=trace))
        except Conflict:
            continue
        return


def _scope(grant: Grant, asked: str) -> tuple[str, ...]:
    if not asked:
        return grant.scope
    wanted = scopes(asked)
    if not set(wanted) <= set(grant.scope):
        raise OAuthError("invalid_scope", "a refresh can only narrow the scope")
    return wanted


def _refused(description: str) -> OAuthError:
    return OAuthError("invalid_grant", description)


GRANT_TYPE = GrantType("refresh_token", redeem, arrival=arrival)
