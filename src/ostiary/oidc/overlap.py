"""Requests that show one refresh token at the same time.

A client may show a token several times before it hears the first answer: from several tabs or threads, or again after a
lost connection. That is one use, and it gets one successor; who comes when all of them are answered is late. On a
connection of HTTP/1.1 a request follows the answer of the one before, so it is late for that one, however soon it comes.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from ostiary.http.message import Peer

# What had been sent when a request was answered has arrived after so many turns of the event loop: in one its
# connection is accepted, in the next it is read, in the third it is begun. In time it is some 100 µs of an idle server.
TURNS: Final = 3


class Overlaps:
    """The tokens that are in flight in this process, by the hash of their secret."""

    def __init__(self) -> None:
        """None yet."""
        self._in_flight: dict[bytes, list[Peer | None]] = {}

    @contextmanager
    def of(self, token_hash: bytes, *, is_live: bool, connection: Peer | None = None) -> Iterator[bool]:
        """Whether a request, meanwhile in flight, overlaps those that may rotate its token.

        It does if its token is live as it arrives, or while another one that does is in flight, on another
        ``connection``. A replay that comes alone never does, so it makes no other replay look better.
        """
        others = self._in_flight.get(token_hash, ())
        if not (is_live or any(other is None or other != connection for other in others)):
            yield False
            return
        self._in_flight.setdefault(token_hash, []).append(connection)
        try:
            yield True
        finally:
            self._leave(token_hash, connection, TURNS)

    def _leave(self, token_hash: bytes, connection: Peer | None, turns: int) -> None:
        """Forget one request, once all that had been sent before its answer is in flight too."""
        if turns:
            asyncio.get_running_loop().call_soon(self._leave, token_hash, connection, turns - 1)
            return
        self._in_flight[token_hash].remove(connection)
        if not self._in_flight[token_hash]:
            del self._in_flight[token_hash]
