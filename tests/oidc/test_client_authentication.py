"""Who calls as a client: RFC 6749 2.3, RFC 7523, and service users by secret and by key."""

import base64
from enum import StrEnum
from typing import Any
from urllib.parse import quote_plus, urlencode

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import RSAKey

from ostiary.core.client import (
    APPLICATION,
    APPLICATION_KEY,
    CLIENT_SECRET,
    MACHINE_KEY,
    MACHINE_SECRET,
    ClientAuthentication,
    MachineSecret,
    PublicKey,
)
from ostiary.core.organization import ORGANIZATION, OrganizationState
from ostiary.core.project import PROJECT, ActiveState
from ostiary.core.record import Kind
from ostiary.core.secret import secret_hash, token_text
from ostiary.core.user import USER, UserState
from ostiary.crypto.jws import JwsKey, sign
from ostiary.http.message import Request, Response
from ostiary.oidc.client_authentication import ASSERTION_TYPE
from ostiary.oidc.grants.jwt_bearer import NAME as JWT_BEARER
from ostiary.oidc.introspection import Introspection
from ostiary.storage.port import Changes, Put
from tests.oidc.conftest import ISSUER, SECRET, Provider, error_of, good

PRIVATE = rsa.generate_private_key(65537, 2048)
PEM = PRIVATE.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
KEY = JwsKey("k1", "RS256", RSAKey.import_key(PRIVATE))
MACHINE_TEXT = token_text(CLIENT_SECRET, "900", b"m" * 32)


async def send(provider: Provider, form: dict[str, str], header: str = "") -> Response:
    """A form to the token endpoint, with any Authorization header."""
    headers = {b"content-type": b"application/x-www-form-urlencoded"}
    if header:
        headers[b"authorization"] = header.encode()
    request = Request("POST", "/oauth/v2/token", headers, body=urlencode(form).encode())
    return await provider.ask(provider.token_endpoint, request)


def basic(client: str, secret: str) -> str:
    """A Basic header, form-encoded first as RFC 6749 says."""
    plain = f"{quote_plus(client)}:{quote_plus(secret)}"
    return "Basic " + base64.b64encode(plain.encode()).decode()


UNKNOWN = {"grant_type": "refresh_token", "refresh_token": "x"}


async def test_a_secret_in_header_or_form(provider: Provider) -> None:
    """Both get as far as the grant."""
    assert error_of(await send(provider, UNKNOWN, basic("web", SECRET))) == "invalid_grant"
    posted = {**UNKNOWN, "client_id": "web", "client_secret": SECRET}
    assert error_of(await send(provider, posted)) == "invalid_grant"


async def test_a_known_client_is_judged_again_when_anything_changes(provider: Provider) -> None:
    """A header that was good is bad at once after a new secret; what stands beside it in the form is always judged."""
    header = basic("web", SECRET)
    for form in ({**UNKNOWN, "client_id": "other"}, {**UNKNOWN, "client_secret": SECRET}):
        assert error_of(await send(provider, UNKNOWN, header)) == "invalid_grant"
        assert error_of(await send(provider, form, header)) == "invalid_request"
    new = token_text(CLIENT_SECRET, "701", b"n" * 32)
    await provider.edit(APPLICATION, "701", secret_hash=secret_hash(new))
    assert error_of(await send(provider, UNKNOWN, header)) == "invalid_client"
    assert error_of(await send(provider, UNKNOWN, basic("web", new))) == "invalid_grant"


@pytest.mark.parametrize(
    ("form", "header", "error"),
    [
        ({}, basic("web", "wrong"), "invalid_client"),
        ({}, basic("web", token_text(CLIENT_SECRET, "701", b"x" * 32)), "invalid_client"),
        ({}, basic("nobody", SECRET), "invalid_client"),
        ({}, basic("native", SECRET), "invalid_client"),
        ({}, "Basic %%%", "invalid_client"),
        ({}, "Bearer x", "invalid_client"),
        ({"client_id": "web"}, "", "invalid_client"),
        ({}, "", "invalid_client"),
        ({"client_secret": SECRET, "client_id": "web"}, basic("web", SECRET), "invalid_request"),
        ({"client_id": "other"}, basic("web", SECRET), "invalid_request"),
        ({"client_assertion": "x"}, "", "invalid_request"),
        ({"client_assertion": "x", "client_assertion_type": "urn:x"}, "", "invalid_client"),
        ({"client_assertion": "x", "client_assertion_type": ASSERTION_TYPE}, "", "invalid_client"),
    ],
)
async def test_wrong_credentials(provider: Provider, form: dict[str, str], header: str, error: str) -> None:
    """401, with a challenge where the header was used."""
    answer = await send(provider, {**UNKNOWN, **form}, header)
    assert error_of(answer) == error
    if error == "invalid_client" and header:
        assert any(name == b"www-authenticate" for name, _ in answer.headers)


async def test_an_inactive_client_is_nobody(provider: Provider) -> None:
    """Whatever its secret; so is one whose project or organisation is inactive."""
    cases: tuple[tuple[Kind[Any], str, StrEnum, StrEnum], ...] = (
        (APPLICATION, "701", ActiveState.INACTIVE, ActiveState.ACTIVE),
        (PROJECT, "700", ActiveState.INACTIVE, ActiveState.ACTIVE),
        (ORGANIZATION, "500", OrganizationState.INACTIVE, OrganizationState.ACTIVE),
    )
    for kind, row, inactive, active in cases:
        await provider.edit(kind, row, state=inactive)
        assert error_of(await send(provider, UNKNOWN, basic("web", SECRET))) == "invalid_client"
        assert error_of(await provider.start()) == "invalid_request"
        await provider.edit(kind, row, state=active)
        assert error_of(await send(provider, UNKNOWN, basic("web", SECRET))) == "invalid_grant"


async def test_an_assertion_names_us_by_any_of_our_names(provider: Provider) -> None:
    """RFC 9126 2: issuer, token endpoint, PAR endpoint, or several of them."""
    await with_keys(provider)
    form = {**UNKNOWN, "client_assertion_type": ASSERTION_TYPE}
    for audience in (ISSUER, f"{ISSUER}/oauth/v2/par", [ISSUER, f"{ISSUER}/oauth/v2/token"]):
        text = sign(claims(provider, "web", aud=audience), KEY, "JWT")
        assert error_of(await send(provider, {**form, "client_assertion": text})) == "invalid_grant"


def claims(provider: Provider, owner: str, **changes: Any) -> dict[str, Any]:
    """An assertion's claims; None takes one away."""
    now = int(provider.effects.now().timestamp())
    made = {"iss": owner, "sub": owner, "aud": ISSUER, "iat": now, "exp": now + 60, **changes}
    return {name: value for name, value in made.items() if value is not None}


async def with_keys(provider: Provider) -> None:
    """The web client and the machine own the key; the machine has a secret."""
    later = provider.effects.now().replace(year=2030)
    made = provider.effects.now()
    await provider.edit(APPLICATION, "701", authentication=ClientAuthentication.PRIVATE_KEY_JWT)
    await provider.store.save(
        Changes(
            puts=(
                Put(APPLICATION_KEY, PublicKey("k1", "web", "500", PEM, made, later)),
                Put(MACHINE_KEY, PublicKey("k1", "900", "500", PEM, made, later)),
                Put(MACHINE_SECRET, MachineSecret("900", secret_hash(MACHINE_TEXT), made)),
            )
        )
    )


async def test_a_signed_assertion_is_used_once(provider: Provider) -> None:
    """Its secret no longer works once the method is private_key_jwt."""
    await with_keys(provider)
    text = sign(claims(provider, "web", jti="j1"), KEY, "JWT")
    form = {**UNKNOWN, "client_assertion": text, "client_assertion_type": ASSERTION_TYPE}
    assert error_of(await send(provider, {**form, "client_id": "web"})) == "invalid_grant"
    assert error_of(await send(provider, form)) == "invalid_client"
    assert error_of(await send(provider, UNKNOWN, basic("web", SECRET))) == "invalid_client"
    other = sign(claims(provider, "web", jti="j2"), KEY, "JWT")
    mixed = {**form, "client_assertion": other, "client_id": "native"}
    assert error_of(await send(provider, mixed)) == "invalid_client"


async def introspected(provider: Provider, assertion: str) -> Response:
    """The answer to a question about no token."""
    asking = Introspection(
        provider.store, provider.cache, provider.effects, provider.access, provider.authenticator, ISSUER
    )
    form = {"token": "x", "client_assertion": assertion, "client_assertion_type": ASSERTION_TYPE}
    headers = {b"content-type": b"application/x-www-form-urlencoded"}
    request = Request("POST", "/oauth/v2/introspect", headers, body=urlencode(form).encode())
    return await provider.ask(asking, request)


async def test_an_assertion_without_jti_is_known_by_its_text(provider: Provider) -> None:
    """It gives something once; it may ask again, and then gives nothing."""
    await with_keys(provider)
    form = {**UNKNOWN, "client_assertion_type": ASSERTION_TYPE}
    once = sign(claims(provider, "web"), KEY, "JWT")
    assert error_of(await send(provider, {**form, "client_assertion": once})) == "invalid_grant"
    assert error_of(await send(provider, {**form, "client_assertion": once})) == "invalid_client"
    asking = sign(claims(provider, "web", x=1), KEY, "JWT")
    for _ in range(2):
        assert good(await introspected(provider, asking)) == {"active": False}
    assert error_of(await send(provider, {**form, "client_assertion": asking})) == "invalid_client"
    named = sign(claims(provider, "web", jti="j3"), KEY, "JWT")
    good(await introspected(provider, named))
    assert error_of(await introspected(provider, named)) == "invalid_client"


async def test_a_service_users_key(provider: Provider) -> None:
    """RFC 7523; a client_id in the form is ignored, as some SDKs send None."""
    await with_keys(provider)
    form = {"grant_type": JWT_BEARER, "scope": "openid", "client_id": "None"}
    tokens = good(await send(provider, {**form, "assertion": sign(claims(provider, "900"), KEY, "JWT")}))
    assert tokens["expires_in"] == 3600
    found = await provider.access.find(tokens["access_token"])
    assert found is not None
    assert found.user.id == "900"


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "https://other.example"},
        {"aud": ["https://other.example"]},
        {"aud": [ISSUER, "https://other.example"]},
        {"aud": []},
        {"aud": None},
        {"aud": f"{ISSUER}/"},
        {"sub": "100"},
        {"iss": "100", "sub": "100"},
        {"exp": None},
        {"iat": None},
        {"exp": "soon"},
        {"exp": True},
        {"exp": 253_402_300_800},
        {"iat": 10**15},
        {"exp": 1},
        {"nbf": 4_000_000_000},
    ],
)
async def test_assertions_that_do_not_hold(provider: Provider, changes: dict[str, Any]) -> None:
    """Audience, subject and times are judged (RFC 7523 3)."""
    await with_keys(provider)
    text = sign(claims(provider, "900", **changes), KEY, "JWT")
    assert error_of(await send(provider, {"grant_type": JWT_BEARER, "assertion": text})) == "invalid_grant"


@pytest.mark.parametrize("step", [-3700, 60, 4000])
async def test_old_early_and_long_assertions(provider: Provider, step: int) -> None:
    """Issued more than an hour ago, in the future, or good for longer than an hour."""
    await with_keys(provider)
    now = int(provider.effects.now().timestamp())
    issued, ends = (now, now + step) if step == 4000 else (now + step, now + step + 3800)
    text = sign(claims(provider, "900", iat=issued, exp=ends), KEY, "JWT")
    assert error_of(await send(provider, {"grant_type": JWT_BEARER, "assertion": text})) == "invalid_grant"


async def test_a_removed_or_expired_key_signs_nothing(provider: Provider) -> None:
    """Nor does one that somebody else made."""
    await with_keys(provider)
    foreign = JwsKey("k1", "RS256", RSAKey.generate_key(2048, auto_kid=False))
    text = sign(claims(provider, "900"), foreign, "JWT")
    assert error_of(await send(provider, {"grant_type": JWT_BEARER, "assertion": text})) == "invalid_grant"
    await provider.edit(MACHINE_KEY, "k1", expires_at=provider.effects.now())
    text = sign(claims(provider, "900"), KEY, "JWT")
    assert error_of(await send(provider, {"grant_type": JWT_BEARER, "assertion": text})) == "invalid_grant"


async def test_client_credentials_of_a_service_user(provider: Provider) -> None:
    """client_id is the username; locked users and people get nothing."""
    await with_keys(provider)
    form = {"grant_type": "client_credentials", "scope": "openid urn:zitadel:iam:org:project:id:zitadel:aud"}
    tokens = good(await send(provider, form, basic("robot", MACHINE_TEXT)))
    assert "refresh_token" not in tokens
    posted = {**form, "client_id": "robot", "client_secret": MACHINE_TEXT}
    good(await send(provider, posted))
    for client, secret in (
        ("robot", "wrong"),
        ("alice", MACHINE_TEXT),
        ("nobody", MACHINE_TEXT),
        ("web", SECRET),
    ):
        assert error_of(await send(provider, form, basic(client, secret))) == "invalid_client"
    await provider.edit(USER, "900", state=UserState.LOCKED)
    assert error_of(await send(provider, form, basic("robot", MACHINE_TEXT))) == "invalid_grant"


@pytest.mark.parametrize(
    ("body", "content_type", "error"),
    [
        (b"grant_type=password", b"application/x-www-form-urlencoded", "unsupported_grant_type"),
        (b"", b"application/x-www-form-urlencoded", "invalid_request"),
        (b"grant_type=a&grant_type=b", b"application/x-www-form-urlencoded", "invalid_request"),
        (b"grant_type=a%00", b"application/x-www-form-urlencoded", "invalid_request"),
        (b"grant_type=%ff", b"application/x-www-form-urlencoded", "invalid_request"),
        (b"&".join(b"a%d=1" % n for n in range(60)), b"application/x-www-form-urlencoded", "invalid_request"),
        (msgspec.json.encode({"grant_type": "refresh_token"}), b"application/json", "invalid_request"),
    ],
)
async def test_forms_that_are_none(provider: Provider, body: bytes, content_type: bytes, error: str) -> None:
    """RFC 6749 3.2: each parameter once, form-encoded UTF-8."""
    request = Request("POST", "/oauth/v2/token", {b"content-type": content_type}, body=body)
    assert error_of(await provider.ask(provider.token_endpoint, request)) == error
