"""How many calls a second one client, and all together, may make: counted in memory, by each process for itself.

For volume alone; what guards secrets is durable (``core.guess_limit``). Off unless set, for one login UI is one client.
"""

from typing import Protocol

from ostiary.core.permission import Caller
from ostiary.effects import Effects
from ostiary.errors import ResourceExhausted, Unavailable


class _Access(Protocol):
    async def admit(self, authorization: str, organization_id: str) -> tuple[Caller, str]: ...


class Rings:
    """Lets callers through whom another knows, not too many at once."""

    def __init__(self, access: _Access, effects: Effects, *, per_client: int, of_all: int) -> None:
        """Calls a second; 0 is no limit. A client is an application, or else a user."""
        self._access = access
        self._effects = effects
        self._per_client = per_client
        self._of_all = of_all
        self._second = 0
        self._count = 0
        self._counts: dict[str, int] = {}

    async def admit(self, authorization: str, organization_id: str) -> tuple[Caller, str]:
        """As the other does; raises Unavailable before it is asked, or ResourceExhausted after."""
        second = int(self._effects.now().timestamp())
        if second != self._second:
            self._second, self._count = second, 0
            self._counts.clear()
        self._count += 1
        if 0 < self._of_all < self._count:
            raise Unavailable("calls.busy", "The server is busy", retry_after_s=1)
        caller, organization = await self._access.admit(authorization, organization_id)
        client = caller.client_id or caller.user_id
        count = self._counts[client] = self._counts.get(client, 0) + 1
        if 0 < self._per_client < count:
            hint = f"a client has {self._per_client} calls a second"
            raise ResourceExhausted("calls.too_many", "Too many calls", hint=hint, retry_after_s=1)
        return caller, organization
