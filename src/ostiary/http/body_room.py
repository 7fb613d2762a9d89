"""How much of requests that are not complete yet is held for their senders, who need not be known for that. Source: R-29."""

from typing import Final

OWN_BYTES: Final = 64 << 10  # of each connection


class Room:
    """What all connections together may hold, beside what each has of its own."""

    def __init__(self, size: int) -> None:
        """Nothing is held; ``size`` in bytes."""
        self.left = size


class Share:
    """What one connection holds. Beyond its own part it takes of everybody's, as long as there is any."""

    __slots__ = ("_held", "_room")

    def __init__(self, room: Room) -> None:
        """Nothing yet."""
        self._held = 0
        self._room = room

    def take(self, size: int) -> bool:
        """Hold so many bytes more; False if there is no room for them."""
        more = _beyond(self._held + size) - _beyond(self._held)
        if more > self._room.left:
            return False
        self._held += size
        self._room.left -= more
        return True

    def give(self, size: int) -> None:
        """Hold so many bytes less."""
        self._room.left += _beyond(self._held) - _beyond(self._held - size)
        self._held -= size


def _beyond(held: int) -> int:
    return max(0, held - OWN_BYTES)
