"""Requests that show one refresh token at the same time.

A client may show a token several times before it hears the first answer: from several tabs or threads, or again after a
lost connection. That is one use, and it gets one successor; who comes when all of them are answered is late.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

# What had been sent when a request was answered has arrived after so many turns of the event loop: in one its
# connection is accepted, in the next it is read, in the third it is begun. In time it is some 100 µs of an idle server.
TURNS: Final = 3


class Overlaps:
    """The tokens that are in flight in this process, by the hash of their secret."""

    def __init__(self) -> None:
        """None yet."""
        self._in_flight: dict[bytes, int] = {}

    @contextmanager
    def of(self, token_hash: bytes, *, is_live: bool) -> Iterator[bool]:
        """Whether a request, meanwhile in flight, overlaps those that may rotate its token.

        It does if its token is live as it arrives, or while another one that does is in flight. A replay that comes
        alone never does, so it makes no other replay look better.
        """
        if not (is_live or token_hash in self._in_flight):
            yield False
            return
        self._in_flight[token_hash] = self._in_flight.get(token_hash, 0) + 1
        try:
            yield True
        finally:
            self._leave(token_hash, TURNS)

    def _leave(self, token_hash: bytes, turns: int) -> None:
        """Forget one request, once all that had been sent before its answer is in flight too."""
        if turns:
            asyncio.get_running_loop().call_soon(self._leave, token_hash, turns - 1)
            return
        self._in_flight[token_hash] -= 1
        if not self._in_flight[token_hash]:
            del self._in_flight[token_hash]
