"""RFC 8693: a session token, or another token, for tokens."""

import msgspec
import pytest

from ostiary.core.client import APPLICATION, ClientAuthentication
from ostiary.core.permission import MEMBERSHIP, Membership
from ostiary.core.policy import POLICY, Policy
from ostiary.core.user import AUTHENTICATOR, USER, Authenticator, UserState
from ostiary.crypto.jws import sign, unverified
from ostiary.http.message import Response
from ostiary.oidc.grants.subject_token import ACCESS_TOKEN, ID_TOKEN, JWT, SESSION_TYPE, USER_ID
from ostiary.storage.port import Changes, Put
from tests.doubles.effects import START
from tests.oidc.conftest import Provider, error_of, good
from tests.oidc.test_client_authentication import KEY, claims, with_keys
from tests.sessions.conftest import LOGIN_CLIENT, user_check

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"


async def exchange(provider: Provider, subject: str, kind: str = SESSION_TYPE, **form: str) -> Response:
    """An exchange by the web client, or by another one."""
    client = form.pop("client", "web")
    known = {"grant_type": EXCHANGE, "subject_token": subject, "subject_token_type": kind}
    return await provider.token(client=client, **known, **form)


async def test_a_session_token_gives_what_the_scope_asks_for(provider: Provider) -> None:
    """JWT access token always; refresh token with offline_access; ID token with openid; sid, amr, acr inside."""
    session = await provider.alice()
    plain = good(await exchange(provider, session.token))
    assert set(plain) >= {"access_token", "expires_in", "issued_token_type"}
    assert not {"refresh_token", "id_token"} & set(plain)
    full = good(await exchange(provider, session.token, scope="openid offline_access"))
    claims = unverified(full["access_token"]).claims
    assert (claims["sub"], claims["sid"], claims["amr"]) == ("100", session.session_id, ["pwd"])
    assert claims["acr"] == "urn:ostiary:acr:aal1"
    assert unverified(full["id_token"]).claims["sid"] == session.session_id
    good(await provider.refresh(full["refresh_token"]))


async def test_the_session_token_stays_the_sessions(provider: Provider) -> None:
    """An exchange spends nothing; after the session's end nothing of it is good."""
    session = await provider.alice()
    tokens = good(await exchange(provider, session.token, scope="offline_access"))
    good(await exchange(provider, session.token))
    await provider.commands.end(LOGIN_CLIENT, session.session_id, session.token)
    assert await provider.access.find(tokens["access_token"]) is None
    assert error_of(await provider.refresh(tokens["refresh_token"])) == "invalid_grant"
    assert error_of(await exchange(provider, session.token)) == "invalid_grant"


async def test_a_bare_user_check_exchanges_nothing(provider: Provider) -> None:
    """Nor a password alone where the user owns a second factor."""
    bare = await provider.create(user_check())
    assert error_of(await exchange(provider, bare.token)) == "invalid_grant"
    session = await provider.alice()
    owned = Authenticator("100:u2f", "100", "u2f", START, START)
    await provider.store.save(Changes(puts=(Put(AUTHENTICATOR, owned),)))
    assert error_of(await exchange(provider, session.token)) == "invalid_grant"


@pytest.mark.parametrize("text", ["rubbish", "osts_1_" + "A" * 43, "ostp_1_" + "A" * 43])
async def test_no_token_of_a_live_session(provider: Provider, text: str) -> None:
    """Malformed, unknown, of another kind."""
    assert error_of(await exchange(provider, text)) == "invalid_grant"


async def test_an_old_session_token_is_refused(provider: Provider) -> None:
    """Only the newest one speaks for the session."""
    session = await provider.alice()
    await provider.set(session.session_id, session.token, user_check())
    assert error_of(await exchange(provider, session.token)) == "invalid_grant"


async def test_a_locked_user_gets_nothing(provider: Provider) -> None:
    """Whatever the session says."""
    session = await provider.alice()
    await provider.edit(USER, "100", state=UserState.LOCKED)
    assert error_of(await exchange(provider, session.token)) == "invalid_grant"


async def test_audience_is_the_clients_own(provider: Provider) -> None:
    """A foreign project cannot be named by audience; a sibling can."""
    session = await provider.alice()
    assert error_of(await exchange(provider, session.token, audience="799")) == "invalid_target"
    scope = "urn:zitadel:iam:org:project:id:{}:aud"
    assert error_of(await exchange(provider, session.token, scope=scope.format("404"))) == "invalid_target"
    good(await exchange(provider, session.token, scope=scope.format("799")))
    good(await exchange(provider, session.token, scope=scope.format("zitadel")))
    tokens = good(await exchange(provider, session.token, audience="native"))
    assert unverified(tokens["access_token"]).claims["aud"] in ("native", ["native"])


async def test_an_access_token_is_only_narrowed(provider: Provider) -> None:
    """Scope and audience stay within the subject's, and another project's client gets nothing."""
    tokens = await provider.login()
    narrowed = good(await exchange(provider, tokens["access_token"], ACCESS_TOKEN, scope="openid"))
    assert narrowed["scope"] == "openid"
    wider = await exchange(provider, tokens["access_token"], ACCESS_TOKEN, scope="openid email")
    assert error_of(wider) == "invalid_scope"
    good(await exchange(provider, tokens["access_token"], ACCESS_TOKEN, scope="openid offline_access"))
    sibling = {"grant_type": EXCHANGE, "subject_token": tokens["access_token"], "scope": "offline_access"}
    longer = await provider.token("native", "", subject_token_type=ACCESS_TOKEN, **sibling)
    assert error_of(longer) == "invalid_scope"
    stranger = await exchange(provider, tokens["access_token"], ACCESS_TOKEN, client="other")
    assert error_of(stranger) == "invalid_grant"


async def test_an_id_token_of_a_live_session(provider: Provider) -> None:
    """Fresh, and meant for the client."""
    session = await provider.alice()
    tokens = await provider.login(session)
    good(await exchange(provider, tokens["id_token"], ID_TOKEN))
    offline = await exchange(provider, tokens["id_token"], ID_TOKEN, scope="openid offline_access")
    assert error_of(offline) == "invalid_scope"
    assert error_of(await exchange(provider, tokens["id_token"], ID_TOKEN, client="other")) == "invalid_grant"
    await provider.commands.end(LOGIN_CLIENT, session.session_id, "")
    assert error_of(await exchange(provider, tokens["id_token"], ID_TOKEN)) == "invalid_grant"


async def test_an_actor_is_named(provider: Provider) -> None:
    """Delegation: the subject's token and the actor's own."""
    subject, actor = await provider.login(), await provider.login()
    form = {"actor_token": actor["access_token"], "actor_token_type": ACCESS_TOKEN}
    tokens = good(await exchange(provider, subject["access_token"], ACCESS_TOKEN, **form))
    assert unverified(tokens["access_token"]).claims["act"]["sub"] == "100"
    again = {"actor_token": tokens["access_token"], "actor_token_type": ACCESS_TOKEN}
    assert (
        error_of(await exchange(provider, subject["access_token"], ACCESS_TOKEN, **again)) == "invalid_grant"
    )


async def test_impersonation_needs_the_policy_and_the_permission(provider: Provider) -> None:
    """A user id alone proves nothing."""
    actor = await provider.login()
    form = {"actor_token": actor["access_token"], "actor_token_type": ACCESS_TOKEN}
    for somebody in ("900", "nobody"):
        assert error_of(await exchange(provider, somebody, USER_ID)) == "invalid_request"
    assert error_of(await exchange(provider, "900", USER_ID, **form)) == "access_denied"
    policy = Policy("instance:security", "instance", "security", {"enable_impersonation": True})
    await provider.store.save(Changes(puts=(Put(POLICY, policy),)))
    assert error_of(await exchange(provider, "900", USER_ID, **form)) == "access_denied"
    role = Membership("m9", "100", "instance", ("IAM_END_USER_IMPERSONATOR",))
    await provider.store.save(Changes(puts=(Put(MEMBERSHIP, role),)))
    assert error_of(await exchange(provider, "900", USER_ID, **form)) == "access_denied"
    admin = msgspec.structs.replace(role, roles=("IAM_ADMIN_IMPERSONATOR",), version=2)
    await provider.store.save(Changes(puts=(Put(MEMBERSHIP, admin, 1),)))
    tokens = good(await exchange(provider, "900", USER_ID, **form))
    assert unverified(tokens["access_token"]).claims["sub"] == "900"


async def test_a_service_users_own_assertion_is_a_subject(provider: Provider) -> None:
    """Signed with its key and used once; whoever brings it needs the permission to act for it."""
    await with_keys(provider)
    await provider.edit(APPLICATION, "701", authentication=ClientAuthentication.BASIC)
    actor = await provider.login()
    form = {"actor_token": actor["access_token"], "actor_token_type": ACCESS_TOKEN}
    text = sign(claims(provider, "900", jti="s1"), KEY, "JWT")
    assert error_of(await exchange(provider, text, JWT)) == "invalid_request"
    policy = Policy("instance:security", "instance", "security", {"enable_impersonation": True})
    role = Membership("m9", "100", "instance", ("IAM_ADMIN_IMPERSONATOR",))
    await provider.store.save(Changes(puts=(Put(POLICY, policy), Put(MEMBERSHIP, role))))
    told = unverified(good(await exchange(provider, text, JWT, **form))["access_token"]).claims
    assert (told["sub"], told["act"]["sub"]) == ("900", "100")
    assert error_of(await exchange(provider, text, JWT, **form)) == "invalid_grant"
    foreign = sign(claims(provider, "900", aud="https://other.example"), KEY, "JWT")
    assert error_of(await exchange(provider, foreign, JWT, **form)) == "invalid_grant"


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"subject_token_type": "urn:x"}, "invalid_request"),
        ({"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"}, "invalid_request"),
        ({"actor_token": "x"}, "invalid_request"),
        ({"actor_token": "x", "actor_token_type": ACCESS_TOKEN}, "invalid_grant"),
        ({"scope": 'a"b'}, "invalid_scope"),
        ({"resource": "relative"}, "invalid_target"),
        ({"subject_token": ""}, "invalid_request"),
    ],
)
async def test_wrong_parameters(provider: Provider, form: dict[str, str], error: str) -> None:
    """Each with the RFC's error."""
    session = await provider.alice()
    known = {"grant_type": EXCHANGE, "subject_token": session.token, "subject_token_type": SESSION_TYPE}
    assert error_of(await provider.token(**{**known, **form})) == error


async def test_an_id_token_can_be_asked_for(provider: Provider) -> None:
    """It takes the access token's place, with token_type N_A."""
    session = await provider.alice()
    told = good(await exchange(provider, session.token, requested_token_type=ID_TOKEN))
    assert told["token_type"] == "N_A"
    assert unverified(told["access_token"]).claims["sub"] == "100"


async def test_a_public_client_must_be_registered_for_it(provider: Provider) -> None:
    """The native client is, in this house."""
    session = await provider.alice()
    form = {"grant_type": EXCHANGE, "subject_token": session.token, "subject_token_type": SESSION_TYPE}
    good(await provider.token(client="native", secret="", **form))
