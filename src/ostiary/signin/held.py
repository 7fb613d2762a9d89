"""Sessions as the holder of their tokens sees them: who is signed in, and what is still to be done."""

from dataclasses import dataclass

from ostiary.core.assurance import alive
from ostiary.core.login_rules import Wanted, password_days_left
from ostiary.core.login_step import Next, next_step
from ostiary.core.organization import INSTANCE, INSTANCE_KEY
from ostiary.core.policy import LoginPolicy
from ostiary.core.secret import parse_token
from ostiary.core.session import SESSION, Session
from ostiary.core.session_token import matches
from ostiary.core.user import AUTHENTICATOR, USER, User
from ostiary.signin.requests import Proof, SignIn


@dataclass(frozen=True, slots=True)
class Held:
    """A live session, its user, and the login policy of their organisation.

    ``password_days_left``: until the password expires, when it is time to say so.
    """

    session: Session
    user: User
    policy: LoginPolicy
    next: Next
    password_days_left: int | None = None


async def held(signin: SignIn, proof: Proof, wanted: Wanted) -> Held | None:
    """The session, if it is alive, has a user, and the token is its live one; with the next step to what is wanted."""
    session, user = await signin.store.get_with_owner(SESSION, proof.session_id, USER)
    if session is None or not matches(session, parse_token(proof.session_token)):
        return None
    instance = await signin.cache.get(INSTANCE, INSTANCE_KEY)
    now = signin.effects.now()
    if user is None or instance is None or not alive(session, user, instance, now):
        return None
    owned = await signin.store.owned(AUTHENTICATOR, user.id)
    policy = await signin.cache.policy(LoginPolicy, user.organization_id)
    expiry = await signin.expiry(user)
    following = next_step(session, user, owned, policy, wanted, now, expiry)
    days_left = password_days_left(user, expiry, now) if expiry else None
    return Held(session, user, policy, following, days_left)
