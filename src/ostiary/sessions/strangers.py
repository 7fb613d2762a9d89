"""Unknown users: they are answered as a known one's wrong guess is, and at the same cost."""

import hmac
from functools import partial

from ostiary.core.audit import detail
from ostiary.core.factor import Factor
from ostiary.core.organization import ORGANIZATION
from ostiary.core.policy import LockoutPolicy
from ostiary.core.session import Session
from ostiary.crypto.hash_pool import HashPool
from ostiary.crypto.seal import Sealer
from ostiary.effects import Effects
from ostiary.errors import NotFound
from ostiary.sessions.change import UserNamed
from ostiary.sessions.guesses import Guesses
from ostiary.storage.cache import Cache
from ostiary.storage.port import Audit, Changes, Store


class Strangers:
    """Whoever is named and is not there."""

    def __init__(
        self, store: Store, cache: Cache, effects: Effects, sealer: Sealer, pool: HashPool, guesses: Guesses
    ) -> None:
        """``pool`` spends the time of a check, ``sealer`` gives the key that hides the names."""
        self._store = store
        self._cache = cache
        self._effects = effects
        self._sealer = sealer
        self._pool = pool
        self._guesses = guesses

    async def refusal(
        self, named: UserNamed, slow: tuple[Factor, object] | None, actor: str, session: Session
    ) -> NotFound:
        """The answer, after what a known user's wrong one would have cost: count, hash and trace.

        Raises what too many guesses raise.
        """
        unknown = NotFound("QUERY-Dfbg2", "User could not be found")
        if slow is None or slow[0].pretend is None:
            return unknown
        stranger = self._counted_as(named.user_id or await self._short(named.login_name))
        policy = await self._cache.policy(LockoutPolicy)
        attempts = await self._guesses.count_first(stranger, slow[0], policy, session)
        await self._pool.run(partial(slow[0].pretend, slow[1]))
        facts, now = detail(factor=slow[0].kind, id=unknown.id), self._effects.now()
        await self._store.save(Changes(audit=Audit(now, actor, "session.refused", stranger, facts)))
        await self._guesses.wrong(stranger, slow[0], policy, attempts, session)
        return unknown

    async def _short(self, login_name: str) -> str:
        """The name without the domain of an organisation: a user's two names have one counter, so must nobody's."""
        name, _, domain = login_name.rpartition("@")
        known = await self._cache.find(ORGANIZATION, "primary_domain", domain.casefold()) if name else None
        return name if known else login_name

    def _counted_as(self, named: str) -> str:
        """What an unknown name's guesses are counted under: no name is kept, nor a password typed in its place."""
        key = self._sealer.subkey("unknown names")
        return f"?{hmac.digest(key, named.casefold().encode(), 'sha256').hex()}"
