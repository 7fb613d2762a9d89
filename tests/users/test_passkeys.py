"""Passkeys and U2F keys over their RPCs: registered, verified, listed, removed; links and who may do what."""

from typing import Any

import pytest
from protobuf.wkt import Struct

from ostiary.core.permission import Caller
from ostiary.core.user import AUTHENTICATOR
from ostiary.crypto.web_authn import base64url, from_base64url
from ostiary.errors import (
    FailedPrecondition,
    Internal,
    InvalidArgument,
    NotFound,
    PermissionDenied,
)
from ostiary.storage.memory import MemoryStore
from ostiary.users.key_registration import KEYS_KEPT, PENDING_KEPT
from tests.doubles.authenticator import UP, SoftKey
from tests.users.conftest import ADMIN, STRANGER, House, caller, refused

USER_MANAGER = caller("905", "IAM_USER_MANAGER")  # user.passkey.write, and not user.credential.write


def options_of(answer: Any) -> dict[str, Any]:
    """What the browser is told."""
    struct = answer.public_key_credential_creation_options
    assert isinstance(struct, Struct)
    told: dict[str, Any] = struct.to_python()
    return told


async def registering(
    house: House, user_id: str, who: Caller = ADMIN, /, kind: str = "Passkey", **more: Any
) -> tuple[str, dict[str, Any]]:
    """The id of a key that waits, and the browser's options."""
    answer = await house.rpc(f"Register{kind}", who, userId=user_id, **more)
    return answer.passkey_id if kind == "Passkey" else answer.u2f_id, options_of(answer)


async def verifying(
    house: House,
    user_id: str,
    key_id: str,
    sent: dict[str, Any],
    who: Caller = ADMIN,
    /,
    kind: str = "Passkey",
) -> Any:
    """The browser's answer handed in."""
    named = {"passkeyId": key_id, "passkeyName": "Laptop"}
    if kind == "U2F":
        named = {"u2fId": key_id, "tokenName": "Laptop"}
    return await house.rpc(
        f"Verify{kind}Registration", who, userId=user_id, publicKeyCredential=sent, **named
    )


async def owning(house: House, user_id: str, kind: str = "Passkey", **key: Any) -> str:
    """The id of a key that is ready."""
    key_id, options = await registering(house, user_id, ADMIN, kind)
    await verifying(house, user_id, key_id, SoftKey(**key).create(options), ADMIN, kind)
    return key_id


async def listed(house: House, user_id: str) -> list[str]:
    """The ids of the passkeys that are listed."""
    answer = await house.rpc("ListPasskeys", userId=user_id)
    assert answer.details.total_result == len(answer.result)
    return [one.id for one in answer.result]


async def test_passkey(each_house: House) -> None:
    """Registered with the user's own wishes, verified by an attestation, listed by its name."""
    user_id = await each_house.human()
    own = caller(user_id)
    key_id, options = await registering(
        each_house, user_id, own, authenticator="PASSKEY_AUTHENTICATOR_PLATFORM", domain="Acme.Test"
    )
    public = options["publicKey"]
    assert len(from_base64url(public.pop("challenge"))) == 32
    assert public == {
        "rp": {"id": "acme.test", "name": "acme.test"},
        "user": {"id": base64url(user_id.encode()), "name": "alice", "displayName": "Alice Doe"},
        "pubKeyCredParams": [{"type": "public-key", "alg": one} for one in (-7, -8, -257)],
        "timeout": 300_000,
        "excludeCredentials": [],
        "authenticatorSelection": {
            "authenticatorAttachment": "platform",
            "residentKey": "required",
            "requireResidentKey": True,
            "userVerification": "required",
        },
        "attestation": "none",
    }
    assert await listed(each_house, user_id) == []
    key_id, options = await registering(each_house, user_id, own)
    sent = SoftKey().create(options)
    answer = await verifying(each_house, user_id, key_id, sent, own)
    assert answer.details.sequence == (await each_house.user(user_id)).version
    (found,) = (await each_house.rpc("ListPasskeys", own, userId=user_id)).result
    assert (found.id, found.name, found.state.name) == (key_id, "Laptop", "READY")
    again, options = await registering(each_house, user_id, own)
    assert options["publicKey"]["excludeCredentials"] == [
        {"type": "public-key", "id": base64url(SoftKey().credential_id), "transports": ["usb"]}
    ]
    assert again != key_id


async def test_u2f(each_house: House) -> None:
    """A second factor: nothing is asked of the key, it is a factor of its own, and passkeys do not show it."""
    user_id = await each_house.human()
    key_id, options = await registering(each_house, user_id, ADMIN, "U2F")
    assert options["publicKey"]["authenticatorSelection"] == {
        "residentKey": "discouraged",
        "requireResidentKey": False,
        "userVerification": "discouraged",
    }
    pending = await factors(each_house, user_id, states=["AUTH_FACTOR_STATE_NOT_READY"])
    assert [(one.type.field, one.type.value.id, one.type.value.name) for one in pending] == [
        ("u2f", key_id, "")
    ]
    await verifying(each_house, user_id, key_id, SoftKey(flags=UP).create(options), ADMIN, "U2F")
    assert await listed(each_house, user_id) == []
    (found,) = await factors(each_house, user_id, authFactors=["U2F"])
    assert (found.state.name, found.type.value.id, found.type.value.name) == ("READY", key_id, "Laptop")
    _, options = await registering(each_house, user_id)
    assert options["publicKey"]["excludeCredentials"] == []
    await each_house.rpc("RemoveU2F", userId=user_id, u2fId=key_id)
    assert await factors(each_house, user_id) == []


async def factors(house: House, user_id: str, /, **asked: Any) -> list[Any]:
    """The second factors that are listed."""
    return list((await house.rpc("ListAuthenticationFactors", userId=user_id, **asked)).result)


async def test_method_types(house: House) -> None:
    """A domain limits keys to those that were made for it; other methods it does not concern."""
    user_id = await house.human()
    await owning(house, user_id)
    key_id, options = await registering(house, user_id, ADMIN, "U2F", domain="acme.test")
    elsewhere = SoftKey(credential_id=b"u2f", origin="https://acme.test", flags=UP)
    await verifying(house, user_id, key_id, elsewhere.create(options), ADMIN, "U2F")

    async def methods(**query: Any) -> list[str]:
        answer = await house.rpc("ListAuthenticationMethodTypes", userId=user_id, **query)
        return [method.name for method in answer.auth_method_types]

    assert sorted(await methods()) == ["PASSKEY", "PASSWORD", "U2F"]
    assert sorted(await methods(domainQuery={"domain": "localhost"})) == ["PASSKEY", "PASSWORD"]
    assert sorted(await methods(domainQuery={"domain": "ACME.test"})) == ["PASSWORD", "U2F"]
    assert await methods(domainQuery={"domain": "x.test", "includeWithoutDomain": True}) == ["PASSWORD"]


async def test_verification_refused(each_house: House) -> None:
    """Unknown, unreadable and bad attestations each have their id and leave a trace; the key still waits."""
    user_id = await each_house.human()
    key_id, options = await registering(each_house, user_id)
    key = SoftKey()
    for wrong in ("404", f"{user_id}:password"):
        with refused(FailedPrecondition, "COMMAND-3b7zs"):
            await verifying(each_house, user_id, wrong, key.create(options))
    with refused(FailedPrecondition, "COMMAND-3b7zs"):
        await verifying(each_house, user_id, key_id, key.create(options), ADMIN, "U2F")
    with refused(Internal, "WEBAU-sEr8c"):
        await verifying(each_house, user_id, key_id, {"id": "x"})
    with refused(Internal, "WEBAU-3Vb9s"):
        await verifying(each_house, user_id, key_id, key.create(options, flags=UP))
    if isinstance(each_house.store, MemoryStore):
        traces = [one.detail for one in each_house.store.audits if one.action == "user.proof_refused"]
        assert [b"WEBAU-sEr8c" in traces[0], b"WEBAU-3Vb9s" in traces[1], len(traces)] == [True, True, 2]
    await verifying(each_house, user_id, key_id, key.create(options))
    with refused(FailedPrecondition, "COMMAND-3b7zs"):
        await verifying(each_house, user_id, key_id, key.create(options))


async def test_late(house: House) -> None:
    """A browser has five minutes; whoever begins again forgets what nobody answered."""
    user_id = await house.human()
    key_id, options = await registering(house, user_id)
    house.effects.later(minutes=5)
    with refused(FailedPrecondition, "COMMAND-3b7zs"):
        await verifying(house, user_id, key_id, SoftKey().create(options))
    await registering(house, user_id)
    assert await house.store.get(AUTHENTICATOR, key_id) is None


async def test_waiting_keys_are_few(house: House) -> None:
    """Of registrations that nobody answers the newest few are kept, and the newest is good."""
    user_id = await house.human()
    for _ in range(PENDING_KEPT + 3):
        house.effects.later(seconds=1)
        await registering(house, user_id)
    house.effects.later(seconds=1)
    key_id, options = await registering(house, user_id)
    rows = await house.store.owned(AUTHENTICATOR, user_id)
    assert sum(row.kind == "passkey" for row in rows) == PENDING_KEPT
    await verifying(house, user_id, key_id, SoftKey().create(options))


async def test_credential_of_somebody_else(each_house: House) -> None:
    """26: a credential is registered once, by whoever was first, in whatever role."""
    alice, bob = await each_house.human(), await each_house.human("bob")
    await owning(each_house, alice)
    for kind in ("Passkey", "U2F"):
        key_id, options = await registering(each_house, bob, ADMIN, kind)
        with refused(Internal, "WEBAU-3Vb9s"):
            await verifying(each_house, bob, key_id, SoftKey().create(options), ADMIN, kind)
    key_id, options = await registering(each_house, bob)
    await verifying(each_house, bob, key_id, SoftKey(credential_id=b"bob's").create(options))


async def test_at_most(house: House) -> None:
    """There is an end to keys, so that reading them is bounded."""
    user_id = await house.human()
    for number in range(KEYS_KEPT):
        await owning(house, user_id, credential_id=b"key %d" % number)
    with refused(FailedPrecondition, "user.too_many_keys"):
        await registering(house, user_id)


async def test_remove(each_house: House) -> None:
    """A key is removed under its own kind, ready or not; what is not there is not found."""
    user_id = await each_house.human()
    key_id = await owning(each_house, user_id)
    waiting, _ = await registering(each_house, user_id)
    with refused(NotFound, "COMMAND-DAfb2"):
        await each_house.rpc("RemoveU2F", userId=user_id, u2fId=key_id)
    for one in (key_id, waiting):
        await each_house.rpc("RemovePasskey", caller(user_id), userId=user_id, passkeyId=one)
    assert await listed(each_house, user_id) == []
    with refused(NotFound, "COMMAND-DAfb2"):
        await each_house.rpc("RemovePasskey", userId=user_id, passkeyId=key_id)
    await owning(each_house, user_id)


@pytest.mark.parametrize(
    "domain", ["127.0.0.1", "com", "co.uk", "a b", "https://acme.test", "-.test", "x" * 64]
)
async def test_domain(house: House, domain: str) -> None:
    """What a browser takes for no relying party, and what is everybody's, is refused."""
    user_id = await house.human()
    with refused(InvalidArgument, "user.key_domain"):
        await registering(house, user_id, domain=domain)


async def test_not_human(house: House) -> None:
    """Machines touch no keys."""
    machine_id = await house.machine()
    with refused(FailedPrecondition, "user.key_of_machine"):
        await registering(house, machine_id)
    with refused(FailedPrecondition, "user.passkey_link_of_machine"):
        await house.rpc("CreatePasskeyRegistrationLink", userId=machine_id, returnCode={})
    with refused(NotFound, "QUERY-Dfbg2"):
        await registering(house, "404")


async def test_permission(house: House) -> None:
    """Others need user.credential.write; for passkeys user.passkey.write will do."""
    user_id = await house.human()
    key_id, options = await registering(house, user_id, USER_MANAGER)
    await verifying(house, user_id, key_id, SoftKey().create(options), USER_MANAGER)
    with refused(PermissionDenied, "AUTH-AWfge"):
        await registering(house, user_id, USER_MANAGER, "U2F")
    with refused(PermissionDenied, "AUTH-AWfge"):
        await house.rpc("RemovePasskey", USER_MANAGER, userId=user_id, passkeyId=key_id)
    for kind in ("Passkey", "U2F"):
        with refused(NotFound, "AUTHZ-cdgFk"):
            await registering(house, user_id, STRANGER, kind)
        with refused(NotFound, "AUTHZ-cdgFk"):
            await verifying(house, user_id, key_id, {}, STRANGER, kind)
    waiting, options = await registering(house, user_id, USER_MANAGER)
    with refused(NotFound, "AUTHZ-cdgFk"):
        await verifying(house, user_id, waiting, SoftKey(credential_id=b"2").create(options), STRANGER)
    with refused(NotFound, "AUTHZ-cdgFk"):
        await house.rpc("ListPasskeys", STRANGER, userId=user_id)


async def test_permission_of_an_organization(house: House) -> None:
    """A right on one organisation is none on another, and one on the whole instance is not hidden by it."""
    user_id = await house.human()
    owner = caller("906", "ORG_OWNER", resource="organization:500")
    await registering(house, user_id, owner)
    with refused(PermissionDenied, "AUTH-AWfge"):
        await registering(house, user_id, caller("907", "ORG_OWNER", resource="organization:600"))
    both = Caller(
        "908",
        "500",
        (*USER_MANAGER.memberships, *caller("x", "ORG_OWNER", resource="organization:600").memberships),
    )
    await registering(house, user_id, both)


async def link(house: House, user_id: str) -> dict[str, str]:
    """The code of a new link, as it is sent back."""
    answer = await house.rpc("CreatePasskeyRegistrationLink", userId=user_id, returnCode={})
    return {"id": answer.code.id, "code": answer.code.code}


async def test_link(each_house: House) -> None:
    """Whoever has the code registers one passkey, and verifies it; the code is spent by the registration."""
    user_id = await each_house.human()
    code = await link(each_house, user_id)
    assert (len(code["code"]), code["code"].isalnum()) == (12, True)
    key_id, options = await registering(each_house, user_id, STRANGER, code=code)
    with refused(InvalidArgument, "COMMAND-Eeb2a"):
        await registering(each_house, user_id, STRANGER, code=code)
    with refused(NotFound, "AUTHZ-cdgFk"):
        await verifying(each_house, user_id, key_id, SoftKey().create(options), caller("903"))
    await verifying(each_house, user_id, key_id, SoftKey().create(options), STRANGER)
    assert await listed(each_house, user_id) == [key_id]


async def test_wrong_links(house: House) -> None:
    """Another's, an older one, a wrong code or id, and an unknown user have one answer; a late one has expired."""
    user_id, other = await house.human(), await house.human("bob")
    old, code = await link(house, user_id), await link(house, user_id)
    for wanted, wrong in (
        (user_id, old),
        (user_id, {**code, "id": "1"}),
        (user_id, {**code, "code": "A" * 12}),
        (other, code),
        ("404", {"id": "404:passkey_link", "code": "A" * 12}),
    ):
        with refused(InvalidArgument, "COMMAND-Eeb2a"):
            await registering(house, wanted, STRANGER, code=wrong)
    house.effects.later(hours=1)
    with refused(FailedPrecondition, "CODE-QvUQ4P"):
        await registering(house, user_id, STRANGER, code=code)


async def test_link_is_sent(house: House) -> None:
    """By mail, with the caller's link or the default one; who sends it learns no code."""
    user_id = await house.human()
    for template in ("", "https://login.test/{{.UserID}}/{{.CodeID}}/{{.Code}}"):
        medium = {"urlTemplate": template} if template else {}
        answer = await house.rpc("CreatePasskeyRegistrationLink", userId=user_id, sendLink=medium)
        assert not answer.has_field("code")
        sent = house.sent()[-1]
        assert (sent.template, sent.recipient) == ("register_passkey", "alice@example.com")
        assert (sent.url_template, sent.user_id, len(sent.code)) == (template, user_id, 12)
        assert sent.code_id == f"{user_id}:passkey_link"
    with refused(InvalidArgument, "DOMAIN-ieYa7"):
        medium = {"urlTemplate": "https://login.test/{{.What}}"}
        await house.rpc("CreatePasskeyRegistrationLink", userId=user_id, sendLink=medium)
    with refused(NotFound, "AUTHZ-cdgFk"):
        await house.rpc("CreatePasskeyRegistrationLink", caller(user_id), userId=user_id, returnCode={})


async def test_no_secret_shows(house: House) -> None:
    """What carries a code does not show it."""
    user_id = await house.human()
    _, code = await house.users.passkeys.link(ADMIN, user_id, "", sends=False)
    assert code.code not in repr(code)
