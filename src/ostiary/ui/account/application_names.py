"""What applications are called."""

from collections.abc import Iterable

from ostiary.core.client import APPLICATION
from ostiary.signin.requests import SignIn


class ApplicationNames:
    """Names by client id."""

    def __init__(self, signin: SignIn) -> None:
        """Its cache was made fresh by the visit."""
        self._cache = signin.cache

    async def of(self, client_ids: Iterable[str]) -> tuple[str, ...]:
        """The names in alphabetical order; an application that was removed is called by its id."""
        return tuple(sorted([await self.name(client_id) for client_id in client_ids], key=str.casefold))

    async def name(self, client_id: str) -> str:
        """One name."""
        found = await self._cache.find(APPLICATION, "client_id", client_id)
        return found.name if found else client_id
