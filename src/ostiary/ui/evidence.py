"""What factors are given by the pages: evidence that people type or their keys sign, and what they ask for."""

from typing import Any

import msgspec

REQUIRED, DISCOURAGED = 1, 3  # the wire's numbers of UserVerificationRequirement


class Typed(msgspec.Struct, frozen=True):
    """A password or a code."""

    password: str = ""
    code: str = ""

    def __repr__(self) -> str:
        """Never the evidence."""
        return "Typed(…)"


class Signed(msgspec.Struct, frozen=True):
    """A browser's PublicKeyCredential: the JSON that our script put into a form."""

    text: str

    @property
    def credential_assertion_data(self) -> "Signed":
        """Itself, as the factor reads it."""
        return self

    def to_python(self) -> dict[str, Any]:
        """The JSON's object; an empty one for what is none."""
        try:
            return msgspec.json.decode(self.text, type=dict[str, Any])
        except (msgspec.MsgspecError, RecursionError):
            return {}


class KeyAsked(msgspec.Struct, frozen=True):
    """A challenge for a key. ``domain`` is the relying party's id."""

    domain: str
    user_verification_requirement: int


class Link(msgspec.Struct, frozen=True):
    """Where the link in a mail leads."""

    url_template: str


class SendCode(msgspec.Struct, frozen=True):
    """How a code goes by mail."""

    value: Link
    field: str = "send_code"


class CodeAsked(msgspec.Struct, frozen=True):
    """A challenge for a code that is sent, with a link in mails."""

    delivery_type: SendCode | None = None
    return_code: bool = False
