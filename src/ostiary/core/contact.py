"""Email addresses, phone numbers and languages as they are stored."""

import re

import phonenumbers

from ostiary.errors import InvalidArgument

LANGUAGES = frozenset(
    {
        "ar", "bg", "cs", "de", "en", "es", "fr", "hu", "id", "it", "ja", "ko", "mk", "nl", "pl", "pt", "ro",
        "ru", "sv", "tr", "uk", "zh",
    }
)  # fmt: skip
# RFC 5322, 3.2.3, without quoted local parts; what is beyond ASCII may be good elsewhere (RFC 6531)
_EMAIL = re.compile(r"[^\s@\x00-\x1f\x7f()<>\[\]:;,\\\"]+@[^\s@\x00-\x1f\x7f()<>\[\]:;,\\\"]+")
_EMAIL_MAX_LENGTH = 200


def email_of(text: str) -> str:
    """The address without surrounding space; raises InvalidArgument."""
    email = text.strip()
    if not email:
        raise InvalidArgument("EMAIL-spblu", "Email is empty")
    if len(email) > _EMAIL_MAX_LENGTH or not _EMAIL.fullmatch(email):
        raise InvalidArgument("EMAIL-599BI", "Email is invalid")
    return email


def phone_of(text: str) -> str:
    """The number as E.164 writes it; raises InvalidArgument."""
    if not text.strip():
        raise InvalidArgument("PHONE-Zt0NV", "Phone is empty")
    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        hint = "write it with its country code, as in +41791234567"
        raise InvalidArgument("PHONE-so0wa", "Phone is invalid", hint=hint)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def language_of(tag: str) -> str:
    """The BCP 47 tag if its language is one we know; raises InvalidArgument."""
    language = tag.partition("-")[0].casefold()
    if language not in LANGUAGES:
        hint = f"one of {', '.join(sorted(LANGUAGES))}, optionally with a region"
        raise InvalidArgument("user.language_not_supported", "Language is not supported", hint=hint)
    return tag
