"""The sender of ``--dev``: each message becomes a file and a line on the console."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from ostiary.core.delivery import Outcome
from ostiary.core.notification import Notification, decode_notification, encode_notification
from ostiary.delivery.outbox import Sent
from ostiary.storage.port import Message

KINDS: Final = ("email", "phone")


class Folder:
    """``FOLDER/ID.json`` holds the kind, the notification and its link; repeated, it is written again."""

    def __init__(self, folder: Path, say: Callable[[str], None], link: Callable[[Notification], str]) -> None:
        """The folder is made, for its owner alone, if it is not there; ``link`` is where a notification leads."""
        folder.mkdir(mode=0o700, exist_ok=True)
        self._folder = folder
        self._say = say
        self._link = link

    async def deliver(self, message: Message, plain: bytes) -> Sent:
        """Write the file, then say so."""
        notification = decode_notification(plain)
        content = msgspec.json.decode(encode_notification(notification))
        link = self._link(notification)
        text = msgspec.json.encode({"id": message.id, "kind": message.kind, **content, "link": link})
        draft = self._folder / f".{message.id}"
        draft.write_bytes(msgspec.json.format(text, indent=2))
        file = self._folder / f"{message.id}.json"
        draft.replace(file)
        code = f", code {notification.code}" if notification.code else ""
        self._say(f"{message.kind} to {notification.recipient}: {notification.template}{code}  ({file.name})")
        if link:
            self._say(f"  {link}")
        return Sent(Outcome.DELIVERED, "file")
