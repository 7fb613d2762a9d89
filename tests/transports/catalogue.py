"""Compiles the catalogues of messages: ``python -m tests.transports.catalogue``.

Our catalogues use a small part of gettext's format: msgid and msgstr, each on one line but for the header.
"""

import ast
import struct
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "src/ostiary/locale"
PAGES = FOLDER.parent / "ui/locale"
_MAGIC = 0x950412DE


def read(text: str) -> dict[str, str]:
    """The messages of a .po file."""
    messages: dict[str, str] = {}
    key, field = "", ""
    for line in text.splitlines():
        if line.startswith("#") or not line.strip():
            continue
        word, _, value = line.partition(" ") if not line.startswith('"') else (field, "", line)
        field = word
        content = str(ast.literal_eval(value))
        if word == "msgid":
            key = content
        elif word == "msgstr":
            messages[key] = messages.get(key, "") + content
    return messages


def compiled(messages: dict[str, str]) -> bytes:
    """The .mo file: a table of keys, a table of texts, then both, each ending in NUL."""
    pairs = [(key.encode(), text.encode()) for key, text in sorted(messages.items())]
    at = 28 + 16 * len(pairs)
    tables: list[bytes] = []
    for side in (0, 1):
        for pair in pairs:
            tables.append(struct.pack("<II", len(pair[side]), at))
            at += len(pair[side]) + 1
    texts = b"".join(pair[side] + b"\0" for side in (0, 1) for pair in pairs)
    count = len(pairs)
    head = struct.pack("<7I", _MAGIC, 0, count, 28, 28 + 8 * count, 0, 28 + 16 * count)
    return head + b"".join(tables) + texts


if __name__ == "__main__":
    for source in (*FOLDER.glob("*/LC_MESSAGES/*.po"), *PAGES.glob("*/LC_MESSAGES/*.po")):
        source.with_suffix(".mo").write_bytes(compiled(read(source.read_text("utf-8"))))
