"""The authorization endpoint: OpenID Connect Core 3.1.2, RFC 9126, RFC 9207, and sessions that finish at once."""

from urllib.parse import urlencode

import msgspec
import pytest

from ostiary.core.login_request import LOGIN_REQUEST, Stage
from ostiary.core.project import PROJECT
from ostiary.errors import FailedPrecondition, NotFound, OstiaryError
from ostiary.http.message import Request
from ostiary.sessions.change import SessionChange
from ostiary.signin.requests import Proof
from ostiary.storage.memory import MemoryStore
from tests.oidc.conftest import ISSUER, REDIRECT, Provider, error_of, good, location, query
from tests.sessions.conftest import LOGIN_CLIENT, STRANGER, user_check


async def request_id(provider: Provider, **parameters: str | None) -> str:
    """An open request."""
    return query(location(await provider.start(**parameters)))["authRequest"]


async def test_a_request_waits_at_the_login_ui(provider: Provider) -> None:
    """Under an id that the login UI can read."""
    to = location(await provider.start(login_hint="alice", max_age="60", prompt="login", ui_locales="de en"))
    assert to.startswith("/ui/v2/login/login?authRequest=V2_")
    found = await provider.requests.get(LOGIN_CLIENT, query(to)["authRequest"])
    assert (found.oidc.login_hint, found.oidc.max_age_s, found.oidc.prompt) == ("alice", 60, ("login",))
    with pytest.raises(NotFound):
        await provider.requests.get(STRANGER, found.id)
    with pytest.raises(NotFound, match="does not exist"):
        await provider.requests.get(LOGIN_CLIENT, "V2_1")


async def test_nobody_guesses_a_request(provider: Provider) -> None:
    """Whoever knew a stranger's request could answer it as themselves: its id is not near that of one's own."""
    ids = [await request_id(provider) for _ in range(10)]
    assert ids == sorted(ids)
    secret = [int(one[-20:]) for one in ids]
    assert min(abs(one - other) for one in secret for other in secret if one != other) > 2**40
    assert len(set(secret)) == 10


@pytest.mark.parametrize(
    "parameters",
    [
        {"client_id": None},
        {"client_id": "nobody"},
        {"redirect_uri": None},
        {"redirect_uri": "https://evil.example/cb"},
        *({"redirect_uri": REDIRECT + more} for more in ("/..", "?x=1", "#f", "%2f", "@evil.example")),
    ],
)
async def test_untrusted_requests_are_answered_here(
    provider: Provider, parameters: dict[str, str | None]
) -> None:
    """Never by a redirect."""
    assert error_of(await provider.start(**parameters)) == "invalid_request"


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"response_type": "foo"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"scope": None}, "invalid_request"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"scope": "openid \x01"}, "invalid_scope"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "dance"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "1e3"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"response_mode": "pigeon"}, "invalid_request"),
        ({"request": "ey"}, "request_not_supported"),
        ({"request_uri": "https://client.example/request.jwt"}, "request_uri_not_supported"),
        ({"resource": "no-uri"}, "invalid_target"),
        ({"state": "s" * 3000}, "invalid_request"),
        ({"id_token_hint": "ey.rubbish"}, "invalid_request"),
    ],
)
async def test_other_errors_go_to_the_client(
    provider: Provider, parameters: dict[str, str | None], error: str
) -> None:
    """With state and issuer."""
    told = query(location(await provider.start(**parameters)))
    assert told["error"] == error
    assert told["iss"] == ISSUER
    assert told["state"]


@pytest.mark.parametrize("response_type", ["token", "id_token", "code id_token"])
async def test_only_codes_are_sent_through_browsers(provider: Provider, response_type: str) -> None:
    """By default; the error goes where the answer would have gone."""
    told = location(await provider.start(response_type=response_type))
    assert told.startswith(f"{REDIRECT}#error=unsupported_response_type")


async def test_public_clients_need_pkce(provider: Provider) -> None:
    """RFC 9700 2.1.1."""
    told = query(
        location(await provider.start(client_id="native", code_challenge=None, code_challenge_method=None))
    )
    assert told["error"] == "invalid_request"


async def test_fragments_and_forms(provider: Provider) -> None:
    """The asked-for response mode carries success and error alike."""
    session = await provider.alice()
    for mode, start in (
        ("fragment", f"{REDIRECT}#code="),
        ("form_post", f"{ISSUER}/oauth/v2/form_post?request="),
    ):
        asked = await request_id(provider, response_mode=mode)
        done = await provider.requests.finish(LOGIN_CLIENT, asked, Proof(session.session_id, session.token))
        assert done.callback_url.startswith(start)
    told = location(await provider.start(response_mode="fragment", scope="x"))
    assert told.startswith(f"{REDIRECT}#error=invalid_scope")


async def test_a_request_is_answered_once(provider: Provider) -> None:
    """By a session or by an error, whichever came first."""
    session = await provider.alice()
    proof = Proof(session.session_id, session.token)
    asked = await request_id(provider)
    await provider.requests.finish(LOGIN_CLIENT, asked, proof)
    for call, error_id in (
        (provider.requests.finish(LOGIN_CLIENT, asked, proof), "COMMAND-Sx208nt"),
        (provider.requests.refuse(LOGIN_CLIENT, asked, "access_denied"), "COMMAND-Sx202nt"),
    ):
        with pytest.raises(FailedPrecondition) as refused:
            await call
        assert refused.value.id == error_id
    refused_id = await request_id(provider)
    told = await provider.requests.refuse(
        LOGIN_CLIENT, refused_id, "access_denied", "no", "https://x.example"
    )
    assert list(query(told.callback_url)) == ["error", "error_description", "error_uri", "state", "iss"]


async def test_who_may_finish(provider: Provider) -> None:
    """The request's own login client, or who has session.link; not a stranger without them."""
    session = await provider.alice()
    proof = Proof(session.session_id, session.token)
    asked = await request_id(provider)
    with pytest.raises(NotFound) as refused:
        await provider.requests.finish(STRANGER, asked, proof)
    assert refused.value.id == "AUTHZ-cdgFk"
    row = await provider.store.get(LOGIN_REQUEST, asked)
    assert row is not None
    await provider.edit(LOGIN_REQUEST, asked, login_client_id=STRANGER.user_id)
    assert (await provider.requests.finish(STRANGER, asked, proof)).request.id == asked


async def test_the_session_must_be_live_and_its_token_current(provider: Provider) -> None:
    """Unknown, ended, spent token, without a user."""
    session, asked = await provider.alice(), await request_id(provider)
    other = await provider.alice()
    await provider.commands.end(LOGIN_CLIENT, other.session_id, "")
    empty = await provider.create(SessionChange())
    cases = [
        (Proof("1", session.token), "COMMAND-Flk38"),
        (Proof(other.session_id, other.token), "COMMAND-Hewfq"),
        (Proof(session.session_id, other.token), "COMMAND-sGr42"),
        (Proof(session.session_id, "no/base64url"), "COMMAND-hi6Ph"),
        (Proof(empty.session_id, empty.token), "signin.session_without_user"),
    ]
    for proof, error_id in cases:
        with pytest.raises(OstiaryError) as refused:
            await provider.requests.finish(LOGIN_CLIENT, asked, proof)
        assert refused.value.id == error_id


@pytest.mark.parametrize(
    ("parameters", "missing"),
    [
        ({"max_age": "10"}, "max_age"),
        ({"prompt": "login"}, "prompt=login"),
        ({"acr_values": "urn:ostiary:acr:aal2"}, "acr_values"),
        ({"acr_values": "urn:unknown"}, "acr_values"),
    ],
)
async def test_the_session_must_satisfy_the_request(
    provider: Provider, parameters: dict[str, str | None], missing: str
) -> None:
    """The error says what is missing."""
    session = await provider.alice()
    provider.effects.later(seconds=60)
    asked = await request_id(provider, **parameters)
    with pytest.raises(FailedPrecondition) as refused:
        await provider.requests.finish(LOGIN_CLIENT, asked, Proof(session.session_id, session.token))
    assert missing in refused.value.hint


async def test_relaxed_the_login_ui_is_trusted() -> None:
    """As in ZITADEL: a bare user check may finish."""
    provider = Provider(MemoryStore(), is_strict=False)
    await provider.furnish()
    bare = await provider.create(user_check())
    good(await provider.redeem(await provider.code_for(bare)))


async def test_a_bare_user_check_finishes_nothing(provider: Provider) -> None:
    """Strict, as by default."""
    bare = await provider.create(user_check())
    with pytest.raises(FailedPrecondition):
        await provider.code_for(bare)


async def test_a_session_token_as_hint_finishes_at_once(provider: Provider) -> None:
    """With prompt=none or without; where it does not suffice, the login UI, or login_required."""
    session = await provider.alice()
    for prompt in (None, "none"):
        told = query(location(await provider.start(id_token_hint=session.token, prompt=prompt)))
        good(await provider.redeem(told["code"]))
    bare = await provider.create(user_check())
    assert "authRequest=" in location(await provider.start(id_token_hint=bare.token))
    told = query(location(await provider.start(id_token_hint=bare.token, prompt="none")))
    assert told["error"] == "login_required"


@pytest.mark.parametrize("prompt", ["login", "select_account", "consent", "create"])
async def test_a_prompt_is_seen(provider: Provider, prompt: str) -> None:
    """Whatever session is handed in with it."""
    session = await provider.alice()
    assert "authRequest=" in location(await provider.start(id_token_hint=session.token, prompt=prompt))


async def test_a_user_who_may_not_use_the_project_is_denied(provider: Provider) -> None:
    """Without a page, if none is wanted."""
    session = await provider.alice()
    await provider.edit(PROJECT, "700", requires_authorization=True)
    told = query(location(await provider.start(id_token_hint=session.token, prompt="none")))
    assert told["error"] == "access_denied"


async def test_an_id_token_as_hint_names_the_user(provider: Provider) -> None:
    """For the login UI to read, and nobody else's session finishes the request."""
    session = await provider.alice()
    tokens = await provider.login()
    asked = await request_id(provider, id_token_hint=tokens["id_token"])
    assert (await provider.requests.get(LOGIN_CLIENT, asked)).oidc.hint_user_id == "100"
    proof = Proof(session.session_id, session.token)
    assert (await provider.requests.finish(LOGIN_CLIENT, asked, proof)).request.id == asked
    other = await request_id(provider, id_token_hint=tokens["id_token"])
    row = await provider.store.get(LOGIN_REQUEST, other)
    assert row is not None
    await provider.edit(LOGIN_REQUEST, other, oidc=msgspec.structs.replace(row.oidc, hint_user_id="900"))
    with pytest.raises(FailedPrecondition) as refused:
        await provider.requests.finish(LOGIN_CLIENT, other, proof)
    assert "another user" in refused.value.hint


@pytest.mark.parametrize(
    ("scope", "is_good"),
    [("id:500", True), ("domain:primary:acme.localhost", True), ("id:501", False), ("id:501 id:500", True)],
)
async def test_scopes_restrict_to_organisations(provider: Provider, scope: str, *, is_good: bool) -> None:
    """Reserved scopes of the wire, part 4.5."""
    session = await provider.alice()
    wanted = " ".join(["openid", *(f"urn:zitadel:iam:org:{one}" for one in scope.split())])
    told = query(location(await provider.start(id_token_hint=session.token, prompt="none", scope=wanted)))
    assert told.get("error") == (None if is_good else "login_required")


async def test_errors_are_posted_too(provider: Provider) -> None:
    """By the page that posts answers, which finds them stored."""
    told = location(await provider.start(response_mode="form_post", scope="x", state="s" * 3000))
    assert told.startswith(f"{ISSUER}/oauth/v2/form_post?request=")
    assert query(told)["error"] == "invalid_scope"
    row = await provider.store.get(LOGIN_REQUEST, query(told)["request"])
    assert row is not None
    assert (row.stage, row.oidc.redirect_uri, row.oidc.state) == (Stage.FAILED, REDIRECT, None)
    told = location(await provider.start(response_mode="form_post", scope="x"))
    row = await provider.store.get(LOGIN_REQUEST, query(told)["request"])
    assert row is not None
    assert row.oidc.state == "st"


@pytest.mark.parametrize("name", ["state", "redirect_uri", "client_id", "scope", "prompt"])
async def test_each_parameter_is_sent_once(provider: Provider, name: str) -> None:
    """RFC 6749 3.1; which of two was meant, nobody guesses."""
    once = {"client_id": "web", "redirect_uri": REDIRECT, "response_type": "code", "scope": "openid"}
    twice = urlencode([*once.items(), ("state", "a"), ("prompt", "none"), (name, "b")])
    answer = await provider.ask(provider.authorize, Request("GET", "/oauth/v2/authorize", {}, twice.encode()))
    assert error_of(answer) == "invalid_request"
