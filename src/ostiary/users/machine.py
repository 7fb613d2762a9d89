"""What machines authenticate with at the token endpoint: a secret, or keys that they sign assertions with."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from ostiary.core.client import CLIENT_SECRET, MACHINE_KEY, MACHINE_SECRET, MachineSecret, PublicKey
from ostiary.core.filter import Compare, Every, Filter, OneOf, Order, Some
from ostiary.core.permission import Caller
from ostiary.core.project_permission import organizations_of
from ostiary.core.secret import SECRET_BYTES, secret_hash, token_text
from ostiary.core.user import Machine, User
from ostiary.crypto.key_pair import new_rsa_pair, public_pem
from ostiary.errors import FailedPrecondition, InvalidArgument, NotFound
from ostiary.storage.port import OWNED_LIMIT, Changes, Listing, Page, Put, Remove
from ostiary.users.context import Context, Draft
from ostiary.users.rules import permitted

_PERMISSION = "user.write"


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A machine with its new secret, which is shown this once."""

    user: User
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key, and its private half if it was made here: that exists nowhere else."""

    key: PublicKey
    private_pem: str = field(default="", repr=False)


class MachineCredentials:
    """What callers with ``user.write`` may do to the secret and the keys of a machine."""

    def __init__(self, context: Context) -> None:
        """Only a hash of the secret and public keys are stored; each change counts for callers' caches at once."""
        self._context = context

    async def add_secret(self, caller: Caller, user_id: str) -> NewSecret:
        """Another secret in place of the old; raises FailedPrecondition for a person."""
        effects = self._context.effects
        text = token_text(CLIENT_SECRET, effects.new_id(), effects.random_bytes(SECRET_BYTES))

        async def attempt(_: int) -> tuple[Changes, NewSecret]:
            store, now = self._context.store, effects.now()
            user, machine = await self._machine(caller, user_id, "user.secret_of_human")
            old = await store.get(MACHINE_SECRET, user.id)
            was = old.version if old else 0
            draft = Draft(user, user.version, now)
            draft.puts.append(
                Put(MACHINE_SECRET, MachineSecret(user.id, secret_hash(text), now, was + 1), was)
            )
            draft.set(machine=msgspec.structs.replace(machine, has_secret=True))
            changes = draft.changes(caller.user_id, "user.secret_added")
            return changes, NewSecret(draft.user, text)

        return await self._context.carry_out(attempt)

    async def remove_secret(self, caller: Caller, user_id: str) -> datetime:
        """The secret opens nothing any more; the time of it. Raises FailedPrecondition when there is none."""

        async def attempt(_: int) -> tuple[Changes, datetime]:
            store, now = self._context.store, self._context.effects.now()
            user, machine = await self._machine(caller, user_id, "user.secret_not_of_human")
            old = await store.get(MACHINE_SECRET, user.id)
            if old is None:
                raise FailedPrecondition("user.no_secret", "User has no secret")
            removes = [Remove(MACHINE_SECRET, old.id, old.version)]
            draft = Draft(user, user.version, now, removes=removes)
            draft.set(machine=msgspec.structs.replace(machine, has_secret=False))
            return draft.changes(caller.user_id, "user.secret_removed"), now

        return await self._context.carry_out(attempt)

    async def add_key(
        self, caller: Caller, user_id: str, expires_at: datetime, given_pem: bytes = b""
    ) -> NewKey:
        """A key made here, or the public key that is given; raises InvalidArgument COMMAND-5F3h1 for a bad one."""
        await self._machine(caller, user_id, "user.key_of_human")
        private, public = await _pair(given_pem)
        key_id = self._context.effects.new_id()

        async def attempt(_: int) -> tuple[Changes, NewKey]:
            store, now = self._context.store, self._context.effects.now()
            user, _machine = await self._machine(caller, user_id, "user.key_not_of_human")
            if expires_at <= now:
                raise InvalidArgument("user.key_expiry_past", "The expiration date is not in the future")
            if len(await store.owned(MACHINE_KEY, user_id)) >= OWNED_LIMIT:
                hint = f"a machine has at most {OWNED_LIMIT}; remove those that are not used"
                raise FailedPrecondition("user.keys_full", "Too many keys", hint=hint)
            key = PublicKey(key_id, user.id, user.organization_id, public, now, expires_at)
            draft = Draft(user, user.version, now, puts=[Put(MACHINE_KEY, key)])
            return draft.changes(caller.user_id, "user.key_added", key=key.id), NewKey(key, private)

        return await self._context.carry_out(attempt)

    async def remove_key(self, caller: Caller, user_id: str, key_id: str) -> datetime:
        """Nothing signed with the key is good any more; the time of it. Raises NotFound COMMAND-4m77G."""

        async def attempt(_: int) -> tuple[Changes, datetime]:
            store, now = self._context.store, self._context.effects.now()
            user = await permitted(store, caller, user_id, _PERMISSION, own=False)
            key = await store.get(MACHINE_KEY, key_id)
            if key is None or key.owner_id != user_id:
                raise NotFound("COMMAND-4m77G", "Key could not be found")
            draft = Draft(user, user.version, now, removes=[Remove(MACHINE_KEY, key.id, key.version)])
            return draft.changes(caller.user_id, "user.key_removed", key=key.id), now

        return await self._context.carry_out(attempt)

    async def search_keys(
        self,
        caller: Caller,
        conditions: Sequence[Filter],
        *,
        order: str,
        descending: bool,
        offset: int,
        limit: int,
    ) -> Page[PublicKey]:
        """A page of the keys the caller may know of: their own, and those where they hold ``user.read``."""
        where = Every((_visible(caller), *conditions))
        return await self._context.store.page(Listing(MACHINE_KEY, where, order, descending, offset, limit))

    async def _machine(self, caller: Caller, user_id: str, refusal: str) -> tuple[User, Machine]:
        user = await permitted(self._context.store, caller, user_id, _PERMISSION, own=False)
        if user.machine is None:
            raise FailedPrecondition(refusal, "User must be a machine")
        return user, user.machine


async def _pair(given_pem: bytes) -> tuple[str, str]:
    """Private and public half; of a key that was given only the public one."""
    if not given_pem:
        pair = await asyncio.to_thread(new_rsa_pair)
        return pair.private_pem, pair.public_pem
    try:
        return "", public_pem(given_pem)
    except ValueError:
        hint = "PEM of a public key: RSA of 2048 bits or more, P-256 or Ed25519"
        raise InvalidArgument("COMMAND-5F3h1", "Public key is invalid", hint=hint) from None


def _visible(caller: Caller) -> Filter:
    if caller.holds("user.read"):
        return Every(())
    own = Compare("owner_id", Order.EQUAL, caller.user_id)
    return Some((own, OneOf("organization_id", organizations_of(caller, "user.read"))))
