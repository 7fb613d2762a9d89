"""Whether a session token is good now, for somebody who is not its session's own API."""

from dataclasses import dataclass
from datetime import datetime

from ostiary.core.assurance import alive, require_authenticated
from ostiary.core.login_request import Authentication
from ostiary.core.login_rules import authentication_of
from ostiary.core.organization import INSTANCE, INSTANCE_KEY
from ostiary.core.policy import LoginPolicy
from ostiary.core.secret import SESSION_TOKEN, Token
from ostiary.core.session import SESSION, Session
from ostiary.core.session_token import matches
from ostiary.core.user import AUTHENTICATOR, USER, User
from ostiary.errors import PermissionDenied
from ostiary.storage.cache import Cache
from ostiary.storage.port import Store


@dataclass(frozen=True, slots=True)
class ValidSession:
    """A living session that authenticated its user, whose state nobody has judged yet."""

    session: Session
    user: User
    authentication: Authentication


async def find_session(store: Store, cache: Cache, token: Token | None, now: datetime) -> ValidSession | None:
    """What a session's live token stands for; None for any other.

    A session that merely has a user, or lacks the second factor that the policy or the user's own devices ask for,
    stands for nobody: as a bearer it would be refused too (wire contract 2.13, steps 3 and 4).
    """
    if token is None or token.kind != SESSION_TOKEN:
        return None
    session, user = await store.get_with_owner(SESSION, token.id, USER)
    instance = await cache.get(INSTANCE, INSTANCE_KEY)
    if session is None or user is None or instance is None or not matches(session, token):
        return None
    if not alive(session, user, instance, now):
        return None
    owned = await store.owned(AUTHENTICATOR, user.id)
    try:
        require_authenticated(session, user, owned, await cache.policy(LoginPolicy, user.organization_id))
    except PermissionDenied:
        return None
    return ValidSession(session, user, authentication_of(session, user))
