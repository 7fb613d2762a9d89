"""The pure parts that users stand on."""

import pytest

from ostiary.core.code import code_hash, code_text, is_code
from ostiary.core.complexity import require_complexity
from ostiary.core.contact import email_of, language_of, phone_of
from ostiary.core.filter import Every, Owns, matches
from ostiary.core.login_name import claimed_domain, rivals
from ostiary.core.policy import PasswordComplexityPolicy
from ostiary.core.url_template import require_template
from ostiary.core.user import USER_METADATA, User, metadata_id
from ostiary.crypto.password import is_supported
from ostiary.errors import InvalidArgument
from tests.doubles.effects import START
from tests.users.conftest import refused

SALT_AND_TAG = "$bm9ib2R5bm9ib2R5bm8xNg$J2wziDxSIpEmG7Av8GsprBSLmLiYOAqBjuDDl508HLs"


def test_codes() -> None:
    """A code has six characters that are not mistaken, and is known however it is typed, in its place only."""
    code = code_text(bytes(range(28, 34)))
    assert code == "6789AB"
    kept = code_hash("1:email", code)
    assert is_code("1:email", " 6789ab\n", kept)
    assert not is_code("2:email", code, kept)
    assert not is_code("1:email", "6789AC", kept)


@pytest.mark.parametrize(
    "text", ["<x>@example.com", "a@b>", "a,b@example.com", "a;b@c.d", '"a"@c.d', "a(b)@c.d", "a@[::1]"]
)
def test_no_email(text: str) -> None:
    """What has a meaning of its own in the headers of mails is no part of an address."""
    with pytest.raises(InvalidArgument):
        email_of(text)


@pytest.mark.parametrize(
    "text", ["o'neil+x@example.com", "a@ü.example", "jörg@example.com", "a!b%c@sub.example.com"]
)
def test_emails(text: str) -> None:
    """What mail servers take is an address."""
    assert email_of(f" {text} ") == text


def test_lax_complexity() -> None:
    """What a policy does not ask for is not asked; lengths are bytes."""
    lax = PasswordComplexityPolicy(
        4,
        requires_uppercase=False,
        requires_lowercase=False,
        requires_number=False,
        requires_symbol=False,
    )
    require_complexity("\N{LATIN SMALL LETTER A WITH DIAERESIS}" * 2, lax)
    with refused(InvalidArgument, "DOMAIN-HuJf6"):
        require_complexity("abc", lax)


@pytest.mark.parametrize(
    ("stored", "wanted"),
    [
        ("$2a$10$" + "a" * 53, True),
        ("$2y$16$" + "a" * 53, True),
        ("$2a$17$" + "a" * 53, False),
        ("$2a$03$" + "a" * 53, False),
        ("$2x$10$" + "a" * 53, False),
        ("$argon2id$v=19$m=19456,t=2,p=1" + SALT_AND_TAG, True),
        ("$argon2i$v=19$m=65536,t=3,p=4" + SALT_AND_TAG, True),
        ("$argon2id$v=19$m=4194304,t=1,p=1" + SALT_AND_TAG, False),
        ("$argon2id$v=19$m=65536,t=400,p=1" + SALT_AND_TAG, False),
        ("$argon2id$v=19$m=19456,t=2,p=200" + SALT_AND_TAG, False),
        ("$argon2id$broken", False),
        ("plain", False),
    ],
)
def test_supported_hashes(stored: str, wanted: bool) -> None:
    """Hashes are taken in that we know, and that cost no more than we can bear."""
    assert is_supported(stored) is wanted


def test_login_names() -> None:
    """The names that would lead to two users."""
    assert rivals("Bob", "acme.test") == ("bob@acme.test",)
    assert rivals("bob@ACME.test", "acme.test") == ("bob@acme.test@acme.test", "bob")
    assert claimed_domain("bob") == ""
    assert claimed_domain("a@b@Acme.Test") == "acme.test"


def test_contacts() -> None:
    """Numbers are written as E.164 writes them, languages as they came."""
    assert phone_of("+41 (0)79 123 45 67") == "+41791234567"
    assert language_of("de-CH") == "de-CH"


@pytest.mark.parametrize(
    "template", ["https://x/", "https://x/{{.Code}}/{{ .UserID }}?o={{.OrgID}}&i={{.CodeID}}"]
)
def test_templates(template: str) -> None:
    """Links may hold the places that we fill."""
    require_template(template)


def test_metadata_ids() -> None:
    """No two pairs of user and key share an id."""
    pairs = [("a", "b"), ("a:b", ""), ("a", "b:"), ("a%3Ab", ""), ("a%", "b")]
    assert len({metadata_id(*pair) for pair in pairs}) == len(pairs)


def test_name_of_nobody() -> None:
    """A user of whom nothing is known is shown by username."""
    assert User("1", "2", "name", START, START).display_name == "name"


def test_owns_nothing() -> None:
    """Without anybody who knows the owners nobody owns anything."""
    assert not matches(Owns(USER_METADATA, Every(())), {"id": "1"})
