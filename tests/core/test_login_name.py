"""The names that people log in with."""

import pytest

from ostiary.core.login_name import chosen_id_of, username_of
from ostiary.errors import InvalidArgument

UNSEEN = {
    "zero width space": "admin\u200b",
    "zero width joiner": "ad\u200dmin",
    "soft hyphen": "ad\u00admin",
    "text that runs backwards": "\u202enimda",
    "isolate": "\u2066admin\u2069",
    "byte order mark": "\ufeffadmin",
    "line separator": "admin\u2028x",
    "tag": "admin\U000e0041",
    "control": "admin\x1b[2J",
    "control of the second block": "admin\x9b2J",
    "half of a pair": "admin\ud800",
}


@pytest.mark.parametrize("text", UNSEEN.values(), ids=UNSEEN.keys())
def test_nobody_looks_like_another(text: str) -> None:
    """Two names that differ by what nobody sees would be taken for each other, by administrators above all."""
    with pytest.raises(InvalidArgument):
        username_of(text)
    with pytest.raises(InvalidArgument):
        chosen_id_of(text)


@pytest.mark.parametrize(
    "text", ["zoë", "Ægir", "李小龍", "ali.veli+1@example.com", "Anna Lena", "علي", "🦊"]
)
def test_names_of_all_the_world(text: str) -> None:
    """What is seen may stand in a name."""
    assert username_of(f" {text} ") == text
