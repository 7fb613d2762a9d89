"""Sealing: what was changed, moved or made under another key opens nowhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.crypto.seal import BrokenSeal, Sealer, derive
from tests.doubles.effects import SettableEffects

OLD, NEW = bytes(32), bytes(range(32))


def sealer(**keys: bytes) -> Sealer:
    """A sealer with keys ``k1=…``."""
    return Sealer({int(name[1:]): key for name, key in keys.items()}, SettableEffects().random_bytes)


@given(st.binary(max_size=200), st.text(max_size=20))
def test_round_trip(plain: bytes, context: str) -> None:
    """What is sealed opens in its place, is not readable, and is sealed differently each time."""
    one = sealer(k1=OLD)
    first, second = one.seal(plain, context), one.seal(plain, context)
    assert one.open(first, context) == one.open(second, context) == plain
    assert first != second
    assert len(plain) < 4 or plain not in first


@given(st.binary(min_size=1, max_size=20), st.data())
def test_tampering(plain: bytes, data: st.DataObject) -> None:
    """A single other byte, or a missing one, breaks the seal."""
    one = sealer(k1=OLD, k2=NEW)
    sealed = one.seal(plain, "row")
    place = data.draw(st.integers(0, len(sealed) - 1))
    flipped = bytearray(sealed)
    flipped[place] ^= data.draw(st.integers(1, 255))
    for broken in (bytes(flipped), sealed[:place], sealed + b"\x00"):
        with pytest.raises(BrokenSeal):
            one.open(broken, "row")


def test_moving() -> None:
    """A value moved to another row does not open, and the error does not hold it."""
    one = sealer(k1=OLD)
    with pytest.raises(BrokenSeal, match=r"^authenticator\|2$"):
        one.open(one.seal(b"secret", "authenticator|1"), "authenticator|2")


def test_rotation() -> None:
    """The newest key seals, older ones open; without its key a value is lost."""
    old, both, new = sealer(k1=OLD), sealer(k1=OLD, k7=NEW), sealer(k7=NEW)
    sealed = both.seal(b"new", "row")
    assert both.open(old.seal(b"old", "row"), "row") == b"old"
    assert new.open(sealed, "row") == b"new"
    with pytest.raises(BrokenSeal):
        old.open(sealed, "row")
    with pytest.raises(BrokenSeal):
        sealer(k7=OLD).open(sealed, "row")


@pytest.mark.parametrize("keys", [{}, {1: b"short"}, {1: OLD, 2: NEW + b"x"}])
def test_keys(keys: dict[int, bytes]) -> None:
    """There is at least one key, and each has its length."""
    with pytest.raises(ValueError, match="32 bytes"):
        Sealer(keys, SettableEffects().random_bytes)


def test_derived_keys_are_apart() -> None:
    """Keys of two purposes, or of two masters, are different, of the wanted length, and repeatable."""
    made = {derive(master, purpose) for master in (OLD, NEW) for purpose in ("seal", "sign")}
    assert len(made) == 4
    assert derive(OLD, "seal") in made
    assert len(derive(OLD, "seal", 64)) == 64


def test_subkeys() -> None:
    """A subkey is of the newest master key and of its purpose."""
    both = sealer(k1=OLD, k7=NEW)
    assert both.subkey("pages") == derive(NEW, "pages") != both.subkey("codes")
