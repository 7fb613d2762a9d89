"""Access tokens at our own API (wire contract 2.13, 4.3 and 4.4)."""

import pytest

from ostiary.access.bearer import Access
from ostiary.core.permission import Caller
from ostiary.core.policy import POLICY, Policy
from ostiary.core.session import ENDED_SESSION, SESSION, EndedSession
from ostiary.core.user import AUTHENTICATOR, Authenticator
from ostiary.errors import OstiaryError, PermissionDenied, Unauthenticated
from ostiary.oidc.minting import Minted
from ostiary.storage.port import Changes, Put, Remove
from tests.doubles.effects import START
from tests.oidc.conftest import Provider
from tests.oidc.grants import alices_token, make_jwt_robot, robots_token
from tests.sessions.conftest import user_check

OURS = ("web", "zitadel")


async def admitted(provider: Provider, minted: Minted) -> Caller:
    """The caller whom our API sees."""
    access = Access(provider.store, provider.cache, provider.effects, provider.access)
    caller, organization_id = await access.admit(f"Bearer {minted.access_token}", "")
    assert organization_id == caller.organization_id
    return caller


async def refusal(provider: Provider, minted: Minted) -> OstiaryError:
    """Why our API sees none."""
    with pytest.raises((Unauthenticated, PermissionDenied)) as caught:
        await admitted(provider, minted)
    assert isinstance(caught.value, OstiaryError)
    return caught.value


@pytest.mark.parametrize("form", ["jwt", "opaque"])
@pytest.mark.parametrize("audience", [OURS, ("web", "1")])
async def test_person(provider: Provider, form: str, audience: tuple[str, ...]) -> None:
    """A token that was meant for our API is good there, by name or by project id; the caller knows its session."""
    minted = await alices_token(provider, form, audience=audience)
    caller = await admitted(provider, minted)
    assert (caller.user_id, caller.organization_id, caller.is_machine) == ("100", "500", False)
    assert (caller.session_id, caller.client_id) == (minted.grant.session_id, "web")


async def test_service_user(provider: Provider) -> None:
    """A service user calls with an opaque token or a JWT, and has its roles."""
    for _ in range(2):
        caller = await admitted(provider, await robots_token(provider, audience=("zitadel",)))
        assert (caller.user_id, caller.is_machine, caller.session_id, caller.client_id) == (
            "900",
            True,
            "",
            "robot",
        )
        assert caller.holds("session.write")
        await make_jwt_robot(provider)


async def test_other_audience(provider: Provider) -> None:
    """A token for other APIs is refused, and the hint names the scope."""
    error = await refusal(provider, await alices_token(provider))
    assert error.id == "AUTH-7fs1e"
    assert "urn:zitadel:iam:org:project:id:zitadel:aud" in error.hint


async def test_bad_token(provider: Provider) -> None:
    """A token that is not good any more is refused."""
    minted = await alices_token(provider, audience=OURS)
    provider.effects.later(seconds=900)
    error = await refusal(provider, minted)
    assert (error.id, error.hint) == ("AUTH-7fs1e", "")


async def test_without_judge(provider: Provider) -> None:
    """Where nobody judges access tokens, none is taken."""
    minted = await alices_token(provider, audience=OURS)
    access = Access(provider.store, provider.cache, provider.effects)
    with pytest.raises(Unauthenticated):
        await access.admit(f"Bearer {minted.access_token}", "")


async def test_impersonation(provider: Provider) -> None:
    """A token that somebody acts with is not accepted by our own API."""
    error = await refusal(provider, await alices_token(provider, audience=OURS, actor_id="900"))
    assert error.id == "APP-Shi0J"


async def test_forced_second_factor(provider: Provider) -> None:
    """The policy is judged at the time of the request: forcing a second factor later stops existing tokens."""
    minted = await alices_token(provider, audience=OURS)
    await admitted(provider, minted)
    policy = Policy("instance:login", "instance", "login", {"force_mfa": True})
    await provider.store.save(Changes(puts=(Put(POLICY, policy),)))
    assert (await refusal(provider, minted)).id == "AUTHZ-Kl3p0"


async def test_own_second_factor(provider: Provider) -> None:
    """A user who owns a ready second factor must have used it in the session."""
    minted = await alices_token(provider, audience=OURS)
    totp = Authenticator("100:totp", "100", "totp", START, START)
    await provider.store.save(Changes(puts=(Put(AUTHENTICATOR, totp),)))
    assert (await refusal(provider, minted)).id == "AUTHZ-Kl3p0"


async def test_bare_session(provider: Provider) -> None:
    """A session with a bare user check authenticates nobody, whatever token was made of it."""
    minted = await alices_token(provider, audience=OURS)
    await provider.edit(SESSION, minted.grant.session_id, factors={})
    assert (await refusal(provider, minted)).id == "AUTHZ-Kl3p0"
    assert (await provider.create(user_check())).session_id


async def test_swept_session(provider: Provider) -> None:
    """Offline access does not reach our own API once its session was swept: nobody can judge it there any more."""
    minted = await alices_token(provider, audience=OURS, scope=("openid", "offline_access"))
    session = await provider.store.get(SESSION, minted.grant.session_id)
    assert session is not None
    gone = EndedSession(session.id, "100", "expired", START, START)
    removes = (Remove(SESSION, session.id, session.version),)
    await provider.store.save(Changes(puts=(Put(ENDED_SESSION, gone),), removes=removes))
    assert (await refusal(provider, minted)).id == "AUTHZ-EGDo3"
