"""Whom a token exchange is about, and who acts for them. Source: RFC 8693 2.1, 3 and 4.1."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from ostiary.core.client import MACHINE_KEY, Application
from ostiary.core.grant import Grant
from ostiary.core.login_request import Authentication
from ostiary.core.login_rules import Wanted, authentication_of
from ostiary.core.organization import INSTANCE, INSTANCE_KEY
from ostiary.core.permission import MEMBERSHIP, Caller
from ostiary.core.policy import SecurityPolicy
from ostiary.core.scope import is_for_own_api
from ostiary.core.secret import SESSION_TOKEN, parse_token
from ostiary.core.session import SESSION
from ostiary.core.session_token import matches
from ostiary.core.user import USER, User, UserState
from ostiary.oidc.assertion import read_assertion, spend
from ostiary.oidc.desk import Desk, Subject
from ostiary.oidc.errors import OAuthError
from ostiary.oidc.parameters import Parameters
from ostiary.storage.port import Expect

_TYPE = "urn:ietf:params:oauth:token-type:"
ACCESS_TOKEN, ID_TOKEN, JWT = f"{_TYPE}access_token", f"{_TYPE}id_token", f"{_TYPE}jwt"
SESSION_TYPE = "urn:ostiary:params:oauth:token-type:session"
USER_ID = "urn:zitadel:params:oauth:token-type:user_id"


@dataclass(frozen=True, slots=True)
class Resolved:
    """A user, how they were authenticated (None: somebody acts for them without), and what bounds the new token.

    ``scope`` and ``audience`` are those of the subject's token, None where the subject brings no bounds of its own.
    ``actor_id`` acts for the user by the subject's token already. ``gives_offline``: a refresh token may come of it.
    """

    user: User
    authentication: Authentication | None = None
    scope: tuple[str, ...] | None = None
    audience: tuple[str, ...] | None = None
    guards: tuple[Expect, ...] = ()
    actor_id: str = ""
    gives_offline: bool = True


async def subject_of(desk: Desk, client: Application, form: Parameters, actor: Resolved | None) -> Resolved:
    """The subject of the exchange; raises OAuthError."""
    kind, text = form.require("subject_token_type"), form.require("subject_token")
    resolve = _SUBJECTS.get(kind)
    if resolve is None:
        raise OAuthError("invalid_request", f"subject_token_type is one of {', '.join(_SUBJECTS)}")
    if kind not in {USER_ID, JWT}:
        return await resolve(desk, client, text)
    if actor is None:  # before anything is said of the user
        raise OAuthError("invalid_request", "this subject needs an actor_token")
    resolved = await resolve(desk, client, text)
    await _require_impersonation(desk, resolved.user, actor)
    return resolved


async def actor_of(desk: Desk, client: Application, form: Parameters) -> Resolved | None:
    """Who acts, proven by a token of theirs that was meant for this client or for us; None without one."""
    text = form.get("actor_token")
    if not text:
        return None
    if form.require("actor_token_type") != ACCESS_TOKEN:
        raise OAuthError("invalid_request", f"actor_token_type is {ACCESS_TOKEN}")
    grant = await desk.tokens.access(text)
    if grant is None or grant.actor_id or not await _is_meant(desk, client, grant):
        raise OAuthError("invalid_grant", "the actor_token is not good, or not meant for this client")
    return Resolved(await _active(desk, grant.user_id))


async def _by_session(desk: Desk, _: Application, text: str) -> Resolved:
    """A session token: the session must satisfy the login policy as for any login."""
    token = parse_token(text)
    session = await desk.store.get(SESSION, token.id) if token and token.kind == SESSION_TOKEN else None
    if session is None or not matches(session, token):
        raise OAuthError("invalid_grant", "the session token is not the newest one of a live session")
    if not session.user_id or session.user_checked_at is None:
        raise OAuthError("invalid_grant", "the session has no user")
    subject = await desk.subject_of(session, session.user_id)
    lacking = await desk.signin.lacking(session, subject.user, Wanted())
    if lacking is not None and desk.signin.is_strict:
        raise OAuthError("invalid_grant", lacking.sentence)
    return _resolved(desk, subject, authentication_of(session, subject.user))


async def _by_access_token(desk: Desk, client: Application, text: str) -> Resolved:
    """An access token that was meant for this client too; what it bounds stays bounded."""
    grant = await desk.tokens.access(text)
    if grant is None or not {client.client_id, client.project_id} & set(grant.audience):
        raise OAuthError("invalid_grant", "the subject_token is not good, or not meant for this client")
    if grant.authentication is None:
        return _bounded(Resolved(await _active(desk, grant.user_id)), grant, client)
    subject = await desk.subject(grant.authentication, offline="offline_access" in grant.scope)
    return _bounded(_resolved(desk, subject, grant.authentication), grant, client)


async def _by_id_token(desk: Desk, client: Application, text: str) -> Resolved:
    """An ID token of a live session, meant for this client and not expired; none by which somebody else acts.

    ID tokens travel in URLs (as hints) and never gave more than they say, so they give no offline access.
    """
    claims = await desk.tokens.identity(text)
    audience = claims.get("aud") if claims else None
    named = [str(name) for name in audience] if isinstance(audience, list) else [str(audience)]
    if claims is None or client.client_id not in named or claims["exp"] <= desk.effects.now().timestamp():
        raise OAuthError("invalid_grant", "the subject_token is not a fresh ID token for this client")
    if "act" in claims:
        raise OAuthError("invalid_grant", "somebody acts by the subject_token; send the access token instead")
    session = await desk.store.get(SESSION, str(claims.get("sid", "")))
    if session is None or session.user_id != claims["sub"] or session.user_checked_at is None:
        raise OAuthError("invalid_grant", "the session of the ID token has ended")
    subject = await desk.subject_of(session, session.user_id)
    resolved = _resolved(desk, subject, authentication_of(session, subject.user))
    return replace(resolved, audience=tuple(named), gives_offline=False)


async def _by_user_id(desk: Desk, _: Application, text: str) -> Resolved:
    return Resolved(await _active(desk, text))


async def _by_assertion(desk: Desk, _: Application, text: str) -> Resolved:
    assertion = await read_assertion(
        text,
        keys=lambda kid: desk.cache.get(MACHINE_KEY, kid),
        audiences=(desk.issuer, f"{desk.issuer}/oauth/v2/token"),
        now=desk.effects.now(),
        error="invalid_grant",
    )
    await spend(desk.store, assertion, error="invalid_grant")
    return Resolved(await _active(desk, assertion.issuer))


async def _is_meant(desk: Desk, client: Application, grant: Grant) -> bool:
    if {client.client_id, client.project_id} & set(grant.audience):
        return True
    instance = await desk.cache.get(INSTANCE, INSTANCE_KEY)
    return instance is not None and is_for_own_api(grant.audience, instance)


async def _active(desk: Desk, user_id: str) -> User:
    user = await desk.store.get(USER, user_id)
    if user is None or user.state is not UserState.ACTIVE:
        raise OAuthError("invalid_grant", "the user is not active")
    return user


async def _require_impersonation(desk: Desk, user: User, actor: Resolved) -> None:
    """The instance must allow it, and the actor hold it over the user's organisation; over administrators, more so."""
    policy = await desk.cache.policy(SecurityPolicy)
    if not policy.enable_impersonation:
        raise OAuthError("access_denied", "impersonation is not enabled")
    memberships = await desk.cache.owned(MEMBERSHIP, actor.user.id)
    acting = Caller(actor.user.id, actor.user.organization_id, memberships)
    is_administrator = bool(await desk.cache.owned(MEMBERSHIP, user.id))
    permission = "admin.impersonation" if is_administrator else "impersonation"
    if not acting.holds(permission, user.organization_id):
        raise OAuthError("access_denied", f"the actor lacks the permission {permission}")


def _resolved(desk: Desk, subject: Subject, authentication: Authentication) -> Resolved:
    return Resolved(subject.user, authentication, guards=desk.guards(subject))


def _bounded(resolved: Resolved, grant: Grant, client: Application) -> Resolved:
    """Who was merely sent the token of another client does not make it last longer."""
    return replace(
        resolved,
        scope=grant.scope,
        audience=grant.audience,
        actor_id=grant.actor_id,
        gives_offline=grant.client_id == client.client_id,
    )


_SUBJECTS: dict[str, Callable[[Desk, Application, str], Awaitable[Resolved]]] = {
    SESSION_TYPE: _by_session,
    ACCESS_TOKEN: _by_access_token,
    ID_TOKEN: _by_id_token,
    JWT: _by_assertion,
    USER_ID: _by_user_id,
}
