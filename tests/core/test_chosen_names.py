"""Names, ids and role keys that callers choose."""

import pytest

from ostiary.core.chosen_names import MAX_LENGTH, chosen_id_of, name_of, role_key_of
from ostiary.errors import InvalidArgument


def test_names() -> None:
    """A name loses the space around it, and is printable."""
    assert name_of("  My shop ") == "My shop"
    for text in ("", "  ", "a\nb", "\ud800", "x" * (MAX_LENGTH + 1)):
        with pytest.raises(InvalidArgument, check=lambda error: error.id == "chosen.name_form"):
            name_of(text)


def test_ids() -> None:
    """An id has letters, digits and a few signs; never a colon, with which ids are joined."""
    for text in ("123", "my-shop", "a.b_c~d", "x" * MAX_LENGTH):
        assert chosen_id_of(text) == text
    for text in ("", "a:b", "a b", "ä", "a/b", "x" * (MAX_LENGTH + 1), "a\n"):
        with pytest.raises(InvalidArgument, check=lambda error: error.id == "chosen.id_form"):
            chosen_id_of(text)


def test_role_keys() -> None:
    """A key is on one line, and begins and ends with something to see."""
    for text in ("admin", "shop:admin", "Rolle äöü"):
        assert role_key_of(text) == text
    for text in ("", " a", "a ", "a\nb", "x" * (MAX_LENGTH + 1)):
        with pytest.raises(InvalidArgument, check=lambda error: error.id == "chosen.role_key_form"):
            role_key_of(text)
