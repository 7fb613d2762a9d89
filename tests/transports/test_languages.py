"""Languages: which is chosen, and that what is shipped is what is written."""

import re

import pytest

from ostiary.api.languages import Languages
from tests.transports import catalogue

LANGUAGES = Languages()


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("DE-at", "de"),
        ("fr, de;q=0.5, en;q=0.4", "de"),
        ("fr, de;q=0.4, en;q=0.5", "en"),
        ("de;q=0", "en"),
        ("de;q=much", "en"),
        ("*", "en"),
        (",;=", "en"),
        ("x" * 10_000, "en"),
        ("fr," * 1000 + "de", "en"),
    ],
)
def test_choice(header: str, language: str) -> None:
    """The first language that is taken and there; else English."""
    assert LANGUAGES.choose(header) == language


def test_translation() -> None:
    """A text without translation stays as it is."""
    assert LANGUAGES.translate("Password is invalid", "de") == "Das Passwort ist falsch"
    assert LANGUAGES.translate("Password is invalid", "en") == "Password is invalid"
    assert LANGUAGES.translate("never heard of", "de") == "never heard of"
    assert LANGUAGES.translate("", "de") == ""


def test_catalogues_are_current() -> None:
    """Each compiled catalogue is that of its source, and no id is in any text."""
    sources = list(catalogue.FOLDER.glob("*/LC_MESSAGES/*.po"))
    assert sources
    for source in sources:
        messages = catalogue.read(source.read_text("utf-8"))
        assert source.with_suffix(".mo").read_bytes() == catalogue.compiled(messages), (
            "python -m tests.transports.catalogue"
        )
        assert not [text for text in messages.values() if re.search(r"\b[A-Z]{3,}-\w{5}\b", text)]
