"""The keys at work: which signs, which are published, what was signed by one of them."""

import msgspec
import pytest

from ostiary.core.signing_key import SIGNING_KEY
from ostiary.crypto.jws import BadToken, load, new_private_jwk, public_jwk, sign, unverified
from ostiary.crypto.seal import BrokenSeal
from ostiary.keys.making import opened
from ostiary.storage.port import Changes, Put
from tests.keys.conftest import KeyRoom


async def test_first_keys(room: KeyRoom) -> None:
    """The first start makes one ES256 and one RS256 key of 2048 bits, both published and signing at once."""
    published = await room.keys.published()
    assert sorted(jwk["alg"] for jwk in published) == ["ES256", "RS256"]
    assert len(next(jwk["n"] for jwk in published if jwk["alg"] == "RS256")) == 342
    for algorithm in ("ES256", "RS256"):
        token = await room.sign(algorithm)
        assert await room.keys.verify(token, "JWT") == {"sub": "100"}
        assert unverified(token).header["kid"] == (await room.kids(algorithm))[0]


async def test_published_is_public(room: KeyRoom) -> None:
    """No private member is ever published."""
    for jwk in await room.keys.published():
        assert jwk.keys() <= {"kty", "crv", "x", "y", "n", "e", "use", "alg", "kid"}


async def test_private_part_is_sealed(room: KeyRoom) -> None:
    """The private JWK is sealed for its own row: it opens nowhere else, and the row does not show it."""
    row = await room.row(await room.signer())
    private = opened(row, room.sealer)
    assert private.id == row.id
    assert b'"d"' not in row.private
    with pytest.raises(BrokenSeal):
        opened(msgspec.structs.replace(row, id="5"), room.sealer)


async def test_keys_are_loaded_once(room: KeyRoom) -> None:
    """The same object signs until the key changes."""
    assert await room.keys.signing("ES256") is await room.keys.signing("ES256")


async def test_other_algorithm_by_asking(room: KeyRoom) -> None:
    """The first EdDSA key is made when a client asks for one, and stays."""
    token = await room.sign("EdDSA")
    first = await room.signer("EdDSA")
    assert unverified(token).header["kid"] == first == await room.signer("EdDSA")
    assert await room.keys.verify(token, "JWT") == {"sub": "100"}
    assert await room.kids("EdDSA") == [first]


async def test_another_process_sees_it(room: KeyRoom) -> None:
    """A token signed by one process is verified by another, and a rotation counts from the next request."""
    token = await room.sign()
    room.keys = room.another()
    await room.cache.fresh()
    assert await room.keys.verify(token, "JWT") == {"sub": "100"}
    before = await room.signer()
    await room.rotation.rotate(now=True)
    assert await room.signer() != before


async def test_known_again(room: KeyRoom) -> None:
    """A token that was verified is known again under the same type alone."""
    token = await room.sign()
    assert await room.keys.verify(token, "JWT") is await room.keys.verify(token, "JWT")
    with pytest.raises(BadToken):
        await room.keys.verify(token, "at+jwt")
    with pytest.raises(BadToken):
        await room.keys.verify(token, "JWT", ("RS256",))


async def test_strangers_key(room: KeyRoom) -> None:
    """A token under a key that is not ours is none, though it names one of ours."""
    kid = await room.signer()
    stranger = load(new_private_jwk("ES256"), kid, "ES256")
    with pytest.raises(BadToken):
        await room.keys.verify(sign({"sub": "100"}, stranger, "JWT"), "JWT")


async def test_many_keys(room: KeyRoom) -> None:
    """More keys than are kept loaded: each still verifies."""
    kid = await room.signer("EdDSA")
    token = await room.sign("EdDSA")
    row = await room.row(kid)
    puts = []
    for number in range(70):
        key_id = str(10**18 + number)
        public = public_jwk(new_private_jwk("EdDSA"), key_id, "EdDSA")
        other = msgspec.structs.replace(row, id=key_id, public=public, active_at=row.created_at)
        puts.append(Put(SIGNING_KEY, msgspec.structs.replace(other, version=1)))
    await room.store.save(Changes(puts=tuple(puts)))
    assert len(await room.kids("EdDSA")) == 71
    assert await room.keys.verify(token, "JWT") == {"sub": "100"}
