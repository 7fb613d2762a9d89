"""Access tokens at our own API (wire contract 2.13, 4.3 and 4.4)."""

import pytest

from ostiary.access.bearer import Access
from ostiary.core.permission import Caller
from ostiary.core.policy import POLICY, Policy
from ostiary.core.session import ENDED_SESSION, SESSION, EndedSession
from ostiary.core.user import AUTHENTICATOR, USER, Authenticator, UserState
from ostiary.errors import OstiaryError, PermissionDenied, Unauthenticated
from ostiary.oidc.minting import Minted
from ostiary.sessions.change import SessionChange
from ostiary.storage.port import Changes, Put, Remove
from tests.doubles.effects import START
from tests.oidc.conftest import Provider
from tests.oidc.grants import alices_token, make_jwt_robot, robots_token
from tests.oidc.resource import Resource
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
    """Offline access does not reach our own API without its session: nobody can judge it there any more."""
    minted = await alices_token(provider, audience=OURS, scope=("openid", "offline_access"))
    session = await provider.store.get(SESSION, minted.grant.session_id)
    assert session is not None
    gone = EndedSession(session.id, "100", "expired", START, START)
    removes = (Remove(SESSION, session.id, session.version),)
    await provider.store.save(Changes(puts=(Put(ENDED_SESSION, gone),), removes=removes))
    assert (await refusal(provider, minted)).id == "AUTH-7fs1e"


async def by(provider: Provider, authorization: str, organization_id: str = "") -> tuple[Caller, str]:
    """Whom our API sees by a header."""
    access = Access(provider.store, provider.cache, provider.effects, provider.access)
    return await access.admit(authorization, organization_id)


@pytest.mark.parametrize(
    ("header", "error"),
    [("", ""), ("Basic x", "AUTH-toLo1"), ("Bearer", "AUTH-toLo1"), ("Bearer x", "AUTH-7fs1e")],
)
async def test_headers(provider: Provider, header: str, error: str) -> None:
    """Without a bearer token nobody is calling, and each way of it has its id."""
    with pytest.raises(Unauthenticated) as caught:
        await by(provider, header)
    assert caught.value.id == error


async def test_personal_access_token(provider: Provider) -> None:
    """A personal access token is its machine, again and again, until it expires or goes."""
    access = Access(provider.store, provider.cache, provider.effects, provider.access)
    header = f"Bearer {await Resource(provider).pat()}"
    first, _ = await access.admit(header, "")
    again, _ = await access.admit(header, "")
    assert first is again
    assert (first.user_id, first.is_machine, first.client_id, first.session_id) == ("900", True, "", "")
    assert first.holds("session.write")
    await provider.edit(USER, "900", state=UserState.INACTIVE)
    provider.effects.later(days=1)
    with pytest.raises(Unauthenticated):
        await access.admit(header, "")


async def test_inactive_machine(provider: Provider) -> None:
    """The token of an inactive machine is refused."""
    header = f"Bearer {await Resource(provider).pat()}"
    await provider.edit(USER, "900", state=UserState.INACTIVE)
    with pytest.raises(PermissionDenied):
        await by(provider, header)


async def test_session_token(provider: Provider) -> None:
    """A session token is its user; another token of the session, or of none, is refused."""
    session = await provider.alice()
    caller, organization_id = await by(provider, f"Bearer {session.token}", "500")
    assert (caller.user_id, caller.session_id, organization_id) == ("100", session.session_id, "500")
    with pytest.raises(PermissionDenied) as caught:
        await by(provider, f"Bearer {session.token[:-4]}AAAA")
    assert caught.value.id == "QUERY-dsfr3"
    with pytest.raises(Unauthenticated):
        await by(provider, "Bearer osts_1_" + "A" * 43)
    with pytest.raises(PermissionDenied) as caught:
        await by(provider, f"Bearer {session.token}", "9")
    assert caught.value.id == "AUTH-Bs7Ds"


async def test_session_without_authentication(provider: Provider) -> None:
    """A session without user, without factor, or at its end is nobody."""
    for change, error in ((SessionChange(), "access.session_without_user"), (user_check(), "AUTHZ-Kl3p0")):
        made = await provider.create(change)
        with pytest.raises(PermissionDenied) as caught:
            await by(provider, f"Bearer {made.token}")
        assert caught.value.id == error
    session = await provider.alice()
    await provider.edit(SESSION, session.session_id, expires_at=provider.effects.now())
    with pytest.raises(PermissionDenied) as caught:
        await by(provider, f"Bearer {session.token}")
    assert caught.value.id == "AUTHZ-EGDo3"
