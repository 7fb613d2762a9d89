"""What a login carries from page to page beside its session: in URLs and forms, but sealed, for URLs are logged and kept."""

import base64
import binascii

from ostiary.ui.cookie import Seals


class SealedTexts:
    """Closes texts of one kind, and opens them again."""

    def __init__(self, seals: Seals, broken: type[Exception], context: str) -> None:
        """``broken`` is raised by ``seals`` for what it did not seal; ``context`` names the kind."""
        self._seals = seals
        self._broken = broken
        self._context = context

    def write(self, text: str) -> str:
        """The text, sealed."""
        return base64.urlsafe_b64encode(self._seals.seal(text.encode(), self._context)).decode().rstrip("=")

    def read(self, text: str) -> str:
        """The text; empty for what we did not write."""
        try:
            sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            return self._seals.open(sealed, self._context).decode()
        except (self._broken, binascii.Error, ValueError):
            return ""
