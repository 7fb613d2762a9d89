"""The sender of ``--dev``: each message becomes a file and a line on the console."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from ostiary.core.delivery import Outcome
from ostiary.core.notification import decode_notification, encode_notification
from ostiary.delivery.outbox import Sent
from ostiary.storage.port import Message

KINDS: Final = ("email", "phone")


class Folder:
    """``FOLDER/ID.json`` holds the kind and the notification; repeated, it is written again."""

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        """The folder is made, for its owner alone, if it is not there."""
        folder.mkdir(mode=0o700, exist_ok=True)
        self._folder = folder
        self._say = say

    async def deliver(self, message: Message, plain: bytes) -> Sent:
        """Write the file, then say so."""
        notification = decode_notification(plain)
        content = msgspec.json.decode(encode_notification(notification))
        text = msgspec.json.encode({"id": message.id, "kind": message.kind, **content})
        draft = self._folder / f".{message.id}"
        draft.write_bytes(msgspec.json.format(text, indent=2))
        file = self._folder / f"{message.id}.json"
        draft.replace(file)
        code = f", code {notification.code}" if notification.code else ""
        self._say(f"{message.kind} to {notification.recipient}: {notification.template}{code}  ({file.name})")
        return Sent(Outcome.DELIVERED, "file")
