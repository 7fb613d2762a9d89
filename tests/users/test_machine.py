"""Secrets and keys of machines."""

from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives import serialization

from ostiary.core.client import MACHINE_KEY, MACHINE_SECRET, PublicKey
from ostiary.core.project import AUTHORIZATION, Authorization
from ostiary.core.secret import parse_token
from ostiary.crypto.key_pair import new_rsa_pair
from ostiary.errors import FailedPrecondition, InvalidArgument, NotFound
from ostiary.storage.port import OWNED_LIMIT, Changes, Put
from tests.doubles.effects import START
from tests.users.conftest import ACME, ADMIN, OTHER, STRANGER, House, caller, refused

LATER = "2030-01-01T00:00:00Z"
READER = caller("904", "ORG_OWNER", resource=f"organization:{OTHER}")


async def test_secret(each_house: House) -> None:
    """A secret is told once and kept as a hash; another takes its place; without one there is none to remove."""
    user_id = await each_house.machine()
    assert not (await _machine(each_house, user_id)).has_secret
    first = await each_house.rpc("AddSecret", userId=user_id)
    second = await each_house.rpc("AddSecret", userId=user_id)
    row = await each_house.store.get(MACHINE_SECRET, user_id)
    parts = parse_token(second.client_secret)
    assert row is not None
    assert parts is not None
    assert row.secret_hash == parts.secret_hash
    assert first.client_secret != second.client_secret
    assert (await _machine(each_house, user_id)).has_secret
    assert (await each_house.rpc("RemoveSecret", userId=user_id)).deletion_date is not None
    assert not (await _machine(each_house, user_id)).has_secret
    with refused(FailedPrecondition, "user.no_secret"):
        await each_house.rpc("RemoveSecret", userId=user_id)


async def _machine(house: House, user_id: str) -> Any:
    return (await house.rpc("GetUserByID", userId=user_id)).user.type.value


async def test_people_have_none(house: House) -> None:
    """Secrets and keys are for machines."""
    user_id = await house.human()
    for name, request, id_ in (
        ("AddSecret", {}, "user.secret_of_human"),
        ("RemoveSecret", {}, "user.secret_not_of_human"),
        ("AddKey", {"expirationDate": LATER}, "user.key_of_human"),
    ):
        with refused(FailedPrecondition, id_):
            await house.rpc(name, userId=user_id, **request)


async def test_permissions(house: House) -> None:
    """They are given and taken by those who may write the machine, not by itself."""
    user_id = await house.machine()
    for who in (STRANGER, caller(user_id)):
        for name, request in (("AddSecret", {}), ("AddKey", {"expirationDate": LATER}), ("RemoveKey", {})):
            with refused(NotFound, "AUTHZ-cdgFk"):
                await house.rpc(name, who, userId=user_id, **request)


async def test_key_made_here(each_house: House) -> None:
    """The key file holds the private half of the key that is kept."""
    user_id = await each_house.machine()
    answer = await each_house.rpc("AddKey", userId=user_id, expirationDate=LATER)
    file = msgspec.json.decode(answer.key_content)
    assert (file["type"], file["keyId"], file["userId"]) == ("serviceaccount", answer.key_id, user_id)
    assert file["expirationDate"] == LATER
    private = serialization.load_pem_private_key(file["key"].encode(), None)
    row = await each_house.store.get(MACHINE_KEY, answer.key_id)
    assert row is not None
    assert serialization.load_pem_public_key(row.pem.encode()) == private.public_key()
    await each_house.rpc("RemoveKey", userId=user_id, keyId=answer.key_id)
    assert await each_house.store.get(MACHINE_KEY, answer.key_id) is None
    with refused(NotFound, "COMMAND-4m77G"):
        await each_house.rpc("RemoveKey", userId=user_id, keyId=answer.key_id)


async def test_key_brought_along(house: House) -> None:
    """Of a public key that is given nothing is answered; a bad one is refused."""
    user_id = await house.machine()
    public = new_rsa_pair().public_pem
    request = {"userId": user_id, "expirationDate": LATER}
    answer = await house.rpc("AddKey", **request, publicKey=_base64(public))
    assert answer.key_content == b""
    row = await house.store.get(MACHINE_KEY, answer.key_id)
    assert row is not None
    assert row.pem == public
    with refused(InvalidArgument, "COMMAND-5F3h1"):
        await house.rpc("AddKey", **request, publicKey=_base64("no key"))


def _base64(text: str) -> str:
    import base64

    return base64.b64encode(text.encode()).decode()


async def test_key_refused(house: House) -> None:
    """A key ends in the future, and a machine has not too many."""
    user_id = await house.machine()
    with refused(InvalidArgument, "user.key_expiry_past"):
        await house.rpc("AddKey", userId=user_id, expirationDate="2020-01-01T00:00:00Z")
    with refused(InvalidArgument, "list.time"):
        await house.rpc("AddKey", userId=user_id)
    now = house.effects.now()
    keys = (PublicKey(f"k{n}", user_id, ACME, "", now, now) for n in range(OWNED_LIMIT))
    await house.store.save(Changes(puts=tuple(Put(MACHINE_KEY, key) for key in keys)))
    with refused(FailedPrecondition, "user.keys_full"):
        await house.rpc("AddKey", userId=user_id, expirationDate=LATER)


async def test_list(each_house: House) -> None:
    """Keys are found by every filter, and only by those who may know of them."""
    one, other = await each_house.machine("one"), await each_house.machine("other")
    keys = {}
    for user_id in (one, other):
        answer = await each_house.rpc("AddKey", userId=user_id, expirationDate=LATER)
        keys[user_id] = answer.key_id
        each_house.effects.later(seconds=1)
    after = {"timestamp": START.isoformat().replace("+00:00", "Z"), "method": "TIMESTAMP_FILTER_METHOD_AFTER"}
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({"keyIdFilter": {"id": keys[one]}}, [one]),
        ({"userIdFilter": {"id": other}}, [other]),
        ({"organizationIdFilter": {"id": ACME}}, [one, other]),
        ({"createdDateFilter": after}, [other]),
        ({"expirationDateFilter": {"timestamp": LATER}}, [one, other]),
    ]
    for condition, wanted in cases:
        page = await each_house.rpc("ListKeys", filters=[condition], pagination={"asc": True})
        assert [key.user_id for key in page.result] == wanted, condition
    assert (await each_house.rpc("ListKeys", READER)).pagination.total_result == 0
    own = await each_house.rpc("ListKeys", caller(one))
    assert [key.id for key in own.result] == [keys[one]]
    for field in ("CREATED_DATE", "ID", "USER_ID", "ORGANIZATION_ID", "KEY_EXPIRATION_DATE"):
        page = await each_house.rpc("ListKeys", ADMIN, sortingColumn=f"KEY_FIELD_NAME_{field}")
        assert page.pagination.total_result == 2
    with refused(InvalidArgument, "list.filter_unnamed"):
        await each_house.rpc("ListKeys", filters=[{}])


async def test_all_go_with_their_user(each_house: House) -> None:
    """A machine that is deleted leaves no secret, no key and no authorisation."""
    user_id = await each_house.machine()
    await each_house.rpc("AddSecret", userId=user_id)
    key = await each_house.rpc("AddKey", userId=user_id, expirationDate=LATER)
    given = Authorization("a", user_id, "p", ACME, START, START)
    await each_house.store.save(Changes(puts=(Put(AUTHORIZATION, given),)))
    await each_house.rpc("DeleteUser", userId=user_id)
    assert await each_house.store.get(MACHINE_SECRET, user_id) is None
    assert await each_house.store.get(MACHINE_KEY, key.key_id) is None
    assert await each_house.store.get(AUTHORIZATION, "a") is None


@pytest.mark.parametrize("what", ["secret", "key"])
async def test_nothing_secret_shows(house: House, what: str) -> None:
    """What carries a secret or a private key does not show it."""
    user_id = await house.machine()
    if what == "secret":
        made = await house.users.machines.add_secret(ADMIN, user_id)
        assert made.secret not in repr(made)
    else:
        key = await house.users.machines.add_key(ADMIN, user_id, START.replace(year=2030))
        assert "PRIVATE" not in repr(key)
