"""What every grant works with, and what they share: whose token it will be, and the save that gives it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

import msgspec

from ostiary.core.assurance import is_revoked
from ostiary.core.audit import detail
from ostiary.core.client import Application
from ostiary.core.grant import GRANT, Grant, Refresh
from ostiary.core.login_request import Authentication
from ostiary.core.organization import INSTANCE, INSTANCE_KEY, ORGANIZATION, OrganizationState
from ostiary.core.participant import PARTICIPANT, Participant
from ostiary.core.session import SESSION, Session
from ostiary.core.user import USER, User, UserState
from ostiary.crypto.seal import Sealer
from ostiary.effects import Effects
from ostiary.oidc.errors import OAuthError
from ostiary.oidc.minting import Minted, Minter
from ostiary.oidc.overlap import Overlaps
from ostiary.oidc.parameters import Parameters
from ostiary.oidc.refresh_secret import RefreshSecrets
from ostiary.signin.requests import SignIn
from ostiary.storage.cache import Cache
from ostiary.storage.port import Audit, Expect, Put, Store

TRIES = 5
OFFLINE = "offline_access"


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long refresh tokens live: each from its last use, and the family from its first."""

    refresh_idle: timedelta = timedelta(days=30)
    refresh_absolute: timedelta = timedelta(days=90)


class TokenAnswer(msgspec.Struct, omit_defaults=True):
    """What the token endpoint answers. Source: RFC 6749 5.1, OpenID Connect Core 3.1.3.3, RFC 8693 2.2.1."""

    access_token: str
    token_type: str
    expires_in: int = 0
    refresh_token: str = ""
    id_token: str = ""
    scope: str = ""
    issued_token_type: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose token it will be. ``session`` is None when it merely expired and the client may go on offline."""

    user: User
    session: Session | None


class OwnTokens(Protocol):
    """Reads tokens that we issued."""

    async def access(self, text: str) -> Grant | None:
        """The grant of an access token that is good now; None for any other text."""
        ...

    async def identity(self, text: str) -> dict[str, Any] | None:
        """The claims of an ID token that we signed, expired or not; None for any other text."""
        ...


@dataclass(frozen=True, slots=True)
class Desk:
    """The tools of the token endpoint."""

    store: Store
    cache: Cache
    effects: Effects
    signin: SignIn
    minter: Minter
    sealer: Sealer
    secrets: RefreshSecrets
    tokens: OwnTokens
    issuer: str
    lifetimes: Lifetimes = Lifetimes()
    overlaps: Overlaps = field(default_factory=Overlaps)

    async def subject(self, authentication: Authentication, *, offline: bool = False) -> Subject:
        """The user and session behind an authentication, still good; raises invalid_grant.

        An ended session ends everything that came from it; one that merely expired does not end ``offline`` access.
        """
        session = await self.store.get(SESSION, authentication.session_id)
        if session is None:
            raise OAuthError("invalid_grant", "the session has ended")
        return await self.subject_of(session, authentication.user_id, offline=offline)

    async def subject_of(self, session: Session, user_id: str, *, offline: bool = False) -> Subject:
        """The user and their session, which was just read, if they are good; raises invalid_grant."""
        user = await self._active(user_id)
        instance = await self.cache.get(INSTANCE, INSTANCE_KEY)
        if instance is None or is_revoked(session, user, instance):
            raise OAuthError("invalid_grant", "the session was revoked")
        if session.expires_at is not None and session.expires_at <= self.effects.now():
            if not offline:
                raise OAuthError("invalid_grant", "the session has expired")
            return Subject(user, None)
        return Subject(user, session)

    async def _active(self, user_id: str) -> User:
        user = await self.store.get(USER, user_id)
        if user is None or user.state is not UserState.ACTIVE:
            raise OAuthError("invalid_grant", "the user is not active")
        organization = await self.cache.get(ORGANIZATION, user.organization_id)
        if organization is None or organization.state is not OrganizationState.ACTIVE:
            raise OAuthError("invalid_grant", "the user's organisation is not active")
        return user

    async def require_project(self, client: Application, user: User) -> None:
        """Raise invalid_grant unless the user may log in to the client's project, whatever they might before."""
        refusal = await self.signin.project_refusal(client, user)
        if refusal:
            raise OAuthError("invalid_grant", refusal)

    def guards(self, subject: Subject) -> tuple[Expect, ...]:
        """What a save that gives the subject's tokens relies on."""
        expects = [Expect(USER, subject.user.id, subject.user.version)]
        if subject.session is not None:
            expects.append(Expect(SESSION, subject.session.id, subject.session.version))
        return tuple(expects)

    def refresh(self, grant_id: str) -> tuple[str, Refresh]:
        """A family's first refresh token, and what is kept of it."""
        now = self.effects.now()
        text, kept = self.secrets.make(grant_id, self.effects.random_bytes)
        ends_at = now + self.lifetimes.refresh_absolute
        return text, Refresh(kept, min(now + self.lifetimes.refresh_idle, ends_at), ends_at)

    async def participation(self, grant: Grant, client: Application, now: datetime) -> tuple[Put, ...]:
        """The row that lets the client know of the session's end; none if it stands already."""
        participant_id = f"{grant.session_id}:{client.client_id}"
        if not grant.session_id or await self.store.get(PARTICIPANT, participant_id) is not None:
            return ()
        logout_uri = client.oidc.back_channel_logout_uri if client.oidc else ""
        joined = Participant(
            participant_id, grant.session_id, client.client_id, grant.user_id, now, logout_uri=logout_uri
        )
        return (Put(PARTICIPANT, joined),)

    def trace(self, action: str, grant: Grant, **facts: str | bool) -> Audit:
        """The audit record of tokens that were given or taken."""
        return Audit(
            self.effects.now(), grant.client_id, action, grant.id, detail(user_id=grant.user_id, **facts)
        )


def new_grant(minted: Minted) -> Put:
    """The grant of freshly minted tokens, to be saved."""
    return Put(GRANT, minted.grant)


def answer(minted: Minted, refresh_token: str = "", issued_token_type: str = "") -> TokenAnswer:
    """The answer that hands minted tokens out."""
    return TokenAnswer(
        access_token=minted.access_token,
        token_type="Bearer",
        expires_in=minted.expires_in_s,
        refresh_token=refresh_token,
        id_token=minted.id_token,
        scope=" ".join(minted.grant.scope),
        issued_token_type=issued_token_type,
    )


def may_refresh(client: Application, scope: tuple[str, ...]) -> bool:
    """Whether the client gets a refresh token: it asked for offline access and is registered for the grant."""
    return OFFLINE in scope and client.oidc is not None and "refresh_token" in client.oidc.grant_types


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """One request at the token endpoint: who authenticated as client, an application or a service user, if anybody.

    ``overlaps``: what it wants to spend was not spent yet when it arrived, or others that found it so are in flight.
    """

    form: Parameters
    client: Application | None = None
    machine: User | None = None
    overlaps: bool = False


def client_of(request: TokenRequest) -> Application:
    """The authenticated client; raises invalid_client without one."""
    if request.client is None:
        raise OAuthError("invalid_client", "the client must authenticate", 401)
    return request.client
