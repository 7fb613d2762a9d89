"""``GET /oauth/v2/keys``: the keys that verify our tokens. Source: RFC 7517 5; wire contract, part 4.1."""

from typing import Final

import msgspec

from ostiary.http.message import Header, Request, Response
from ostiary.keys.signing import SigningKeys
from ostiary.storage.cache import Cache

_HEADERS: Final[tuple[Header, ...]] = (
    (b"content-type", b"application/json"),
    (b"cache-control", b"max-age=300, must-revalidate"),
    (b"x-content-type-options", b"nosniff"),
)


class Jwks:
    """The published keys, public members only."""

    def __init__(self, keys: SigningKeys, cache: Cache) -> None:
        """A key counts from the request after it was made."""
        self._keys = keys
        self._cache = cache

    async def __call__(self, _: Request) -> Response:
        """A JWK Set."""
        await self._cache.fresh()
        return Response(200, _HEADERS, msgspec.json.encode({"keys": await self._keys.published()}))
