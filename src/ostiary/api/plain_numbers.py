"""Whole numbers of a Struct are written without a fraction: ``-7``, for readers of integers refuse ``-7.0``.

Both are the same number, and ProtoJSON allows both; ZITADEL writes the first. Source: RFC 8259 6.
"""

from typing import Final

import msgspec

_FRACTION: Final = ".0"


def plain_numbers(document: str) -> bytes:
    """The document, as UTF-8; read and written again only where there may be such a number."""
    if _FRACTION not in document:
        return document.encode()
    return msgspec.json.encode(_read(document))


def _number(text: str) -> float:
    return int(text.removesuffix(_FRACTION)) if text.endswith(_FRACTION) else float(text)


_read: Final = msgspec.json.Decoder(float_hook=_number).decode
