"""The login name between its page and the password's: in the URL, but sealed, for URLs are logged and kept."""

import base64
import binascii

from ostiary.ui.cookie import Seals

_CONTEXT = "typed login name"


class TypedNames:
    """Puts names into URLs and takes them out."""

    def __init__(self, seals: Seals, broken: type[Exception]) -> None:
        """``broken`` is raised by ``seals`` for what it did not seal."""
        self._seals = seals
        self._broken = broken

    def write(self, login_name: str) -> str:
        """The name, sealed."""
        return base64.urlsafe_b64encode(self._seals.seal(login_name.encode(), _CONTEXT)).decode().rstrip("=")

    def read(self, text: str) -> str:
        """The name; empty for what we did not write."""
        try:
            sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            return self._seals.open(sealed, _CONTEXT).decode()
        except (self._broken, binascii.Error, ValueError):
            return ""
