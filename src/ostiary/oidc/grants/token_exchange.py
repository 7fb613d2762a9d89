"""One token for others: a session token for OAuth tokens above all. Source: RFC 8693.

Audience and scope are only narrowed. With an actor who proves itself the token names it (``act``), and so does all that
is made of that token; to act for somebody whose token one does not have is impersonation and needs the permission.
"""

from dataclasses import dataclass

import msgspec

from ostiary.core.client import Application
from ostiary.core.grant import Grant
from ostiary.core.login_request import OidcParameters
from ostiary.core.project import PROJECT
from ostiary.core.scope import OWN_API_NAME, scoped_projects
from ostiary.oidc.audience import audience_of
from ostiary.oidc.desk import (
    OFFLINE,
    Desk,
    TokenAnswer,
    TokenRequest,
    answer,
    client_of,
    may_refresh,
    new_grant,
)
from ostiary.oidc.errors import OAuthError
from ostiary.oidc.grants.grant_type import GrantType
from ostiary.oidc.grants.subject_token import ACCESS_TOKEN, ID_TOKEN, JWT, Resolved, actor_of, subject_of
from ostiary.oidc.parameters import Parameters
from ostiary.oidc.request_rules import resources, scopes
from ostiary.storage.port import Changes, Conflict

NAME = "urn:ietf:params:oauth:grant-type:token-exchange"


@dataclass(frozen=True, slots=True)
class _Wish:
    """What the client wants to get."""

    type: str
    scope: tuple[str, ...]
    audience: tuple[str, ...]


async def redeem(desk: Desk, request: TokenRequest) -> TokenAnswer:
    """Tokens for the subject; raises invalid_request, invalid_grant, invalid_scope or invalid_target."""
    client = client_of(request)
    actor = await actor_of(desk, client, request.form)
    subject = await subject_of(desk, client, request.form, actor)
    await desk.require_project(client, subject.user)
    wish = await _wish(desk, client, request.form, subject)
    grant = Grant(
        id=desk.effects.new_id(),
        client_id=client.client_id,
        user_id=subject.user.id,
        organization_id=subject.user.organization_id,
        scope=wish.scope,
        audience=wish.audience,
        created_at=desk.effects.now(),
        authentication=subject.authentication,
        actor_id=_actor_id(subject, actor),
    )
    can_refresh = bool(grant.session_id) and not grant.actor_id and may_refresh(client, wish.scope)
    refresh_token, refresh = desk.refresh(grant.id) if can_refresh else ("", None)
    going_on = msgspec.structs.replace(grant, refresh=refresh)
    minted = await desk.minter.mint(going_on, client, id_token="openid" in wish.scope)
    joins = await desk.participation(minted.grant, client, desk.effects.now())
    changes = Changes(
        puts=(new_grant(minted), *joins),
        expects=subject.guards,
        audit=desk.trace("tokens.issued", minted.grant, grant_type="token_exchange", actor_id=grant.actor_id),
        generation=desk.cache.generation,
    )
    try:
        await desk.store.save(changes)
    except Conflict:
        raise OAuthError(
            "invalid_grant", "the session or user was changed meanwhile; use the newest token"
        ) from None
    return _told(answer(minted, refresh_token, wish.type), wish.type)


def _actor_id(subject: Resolved, actor: Resolved | None) -> str:
    """Who acts: whoever acted by the subject's token goes on to; a chain of actors is not kept, so none may be added."""
    if actor is None:
        return subject.actor_id
    if subject.actor_id not in {"", actor.user.id}:
        raise OAuthError("invalid_request", "somebody acts by the subject_token already; send no actor_token")
    return actor.user.id


async def _wish(desk: Desk, client: Application, form: Parameters, subject: Resolved) -> _Wish:
    wanted = form.get("requested_token_type") or ACCESS_TOKEN
    if wanted not in {ACCESS_TOKEN, JWT, ID_TOKEN}:
        raise OAuthError("invalid_request", "requested_token_type is an access_token, a jwt or an id_token")
    scope = scopes(form.get("scope"))
    if not scope and subject.scope is not None:
        scope = tuple(name for name in subject.scope if name != OFFLINE)
    if subject.scope is not None and not set(scope) <= set(subject.scope):
        raise OAuthError("invalid_scope", "an exchange can only narrow the scope")
    if OFFLINE in scope and not subject.gives_offline:
        text = "neither ID tokens nor other clients' tokens give offline_access; exchange the session token"
        raise OAuthError("invalid_scope", text)
    if wanted == ID_TOKEN and "openid" not in scope:
        scope = ("openid", *scope)
    await _require_own_projects(desk, client, scope)
    may_have = await audience_of(desk.cache, client, OidcParameters("", scope, resource=resources(form)))
    if subject.audience is not None:
        may_have = tuple(name for name in may_have if name in subject.audience)
    asked = (*form.all("audience"), *form.all("resource"))
    if not set(asked) <= set(may_have):
        raise OAuthError("invalid_target", "the client may not get tokens for that audience")
    audience = tuple(dict.fromkeys(asked)) or may_have
    if not audience:
        raise OAuthError("invalid_target", "the subject's token was not meant for this client")
    return _Wish(wanted, scope, audience)


async def _require_own_projects(desk: Desk, client: Application, scope: tuple[str, ...]) -> None:
    """No browser is in between here, so a scope names only projects of the client's organisation, or our API."""
    for name in scoped_projects(scope):
        project = await desk.cache.get(PROJECT, name)
        if name != OWN_API_NAME and (project is None or project.organization_id != client.organization_id):
            raise OAuthError("invalid_target", "the client may not get tokens for that project")


def _told(answered: TokenAnswer, wanted: str) -> TokenAnswer:
    """An ID token that was asked for takes the access token's place (RFC 8693 2.2.1)."""
    if wanted != ID_TOKEN:
        return answered
    return TokenAnswer(
        answered.id_token,
        token_type="N_A",
        expires_in=answered.expires_in,
        scope=answered.scope,
        issued_token_type=wanted,
    )


GRANT_TYPE = GrantType(NAME, redeem, is_implied=True)
