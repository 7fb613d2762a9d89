"""Passwords set: the proof is judged as a guess, the new one by its complexity, and both are hashed in the pool."""

from dataclasses import dataclass
from functools import partial

import msgspec

from ostiary.core.factor import Attempt, Evidence, Rejected, Verified
from ostiary.core.permission import Caller
from ostiary.core.policy import LockoutPolicy
from ostiary.core.user import AUTHENTICATOR, Authenticator, User, UserState, VerificationCode
from ostiary.errors import FailedPrecondition, InvalidArgument, OstiaryError
from ostiary.storage.port import Changes, Put
from ostiary.users.change import NewPassword, Proof
from ostiary.users.codes import INVITE, PASSWORD_RESET, Codes
from ostiary.users.context import Context, Draft
from ostiary.users.credential_change import credential_changed
from ostiary.users.guesses import Guesses
from ostiary.users.invites import accept, judge_invitation, require_unequipped
from ostiary.users.password_hash import hashed, require_acceptable
from ostiary.users.password_rules import require_chosen_well
from ostiary.users.rules import not_human, permitted, require_step_up

KIND = "password"


@dataclass(frozen=True, slots=True)
class Typed:
    """A password as its factor takes it."""

    password: str

    def __repr__(self) -> str:
        """Never the password."""
        return "Typed(…)"


@dataclass(frozen=True, slots=True)
class _Proved:
    """A hash that may be stored in place of the password it was judged against; ``code`` is what is spent for it."""

    against: Authenticator | None
    code: VerificationCode | None
    encoded_hash: bytes


class PasswordChange:
    """One change of a password. What was proved holds as long as what it was judged against is unchanged."""

    def __init__(
        self,
        context: Context,
        codes: Codes,
        guesses: Guesses,
        caller: Caller,
        new: NewPassword,
        proof: Proof,
    ) -> None:
        """Work is done inside a place of the hash pool that the caller of this holds."""
        self._context = context
        self._codes = codes
        self._guesses = guesses
        self._caller = caller
        self._new = new
        self._proof = proof
        self._proved: _Proved | None = None

    async def write(self, draft: Draft) -> None:
        """Prove what must be, and write the new password with the draft; raises the refusal.

        Save the draft guarded by the generation: the organisation's complexity was looked at.
        """
        user = draft.user
        if user.profile is None:
            raise not_human("user.password_of_machine")
        if user.state is UserState.INITIAL and not self._proof.invitation_code:
            raise FailedPrecondition("COMMAND-M9dse", "User is not yet initialised")
        await self._require_entitled(user)
        await require_acceptable(self._context, self._new, user.organization_id)
        if self._new.password and not self._caller.holds("user.write", user.organization_id):
            await require_chosen_well(self._context, self._new.password, user)
        owned = await self._owned(user)
        if self._proved is None or not await self._holds(self._proved, owned):
            self._proved = await self._prove(user, owned)
        if self._proof.current_password:
            await self._guesses.require_not_above(user, self._context.factors[KIND])
        await self._store(draft, self._proved)

    async def _require_entitled(self, user: User) -> None:
        """A permission, or a proof; the current password of a user who is not active proves nothing.

        Without a proof a person's own session must be fresh, whatever they are permitted.
        """
        if self._proof.current_password:
            if user.state is UserState.LOCKED:
                raise self._context.factors[KIND].blocked(0)
            if user.state is not UserState.ACTIVE:
                raise FailedPrecondition("user.not_active", "User is not active", hint=f"it is {user.state}")
        elif not (self._proof.verification_code or self._proof.invitation_code):
            self._caller.require("user.credential.write", user.organization_id)
            await require_step_up(self._context, self._caller, user)

    async def _owned(self, user: User) -> Authenticator | None:
        rows = await self._context.store.owned(AUTHENTICATOR, user.id)
        return next((row for row in rows if row.kind == KIND), None)

    async def _holds(self, proved: _Proved, owned: Authenticator | None) -> bool:
        return proved.against == owned and (proved.code is None or await self._codes.is_same(proved.code))

    async def _prove(self, user: User, owned: Authenticator | None) -> _Proved:
        code = None
        if self._proof.current_password:
            await self._prove_current(user, owned)
        elif self._proof.verification_code:
            typed = self._proof.verification_code
            code = await self._codes.judge(self._caller.user_id, user.id, PASSWORD_RESET, typed)
        elif self._proof.invitation_code:
            code = await judge_invitation(self._codes, self._caller, user.id, self._proof.invitation_code)
            require_unequipped(await self._context.store.owned(AUTHENTICATOR, user.id))
        await self._require_other(user, owned)
        return _Proved(owned, code, await hashed(self._context, self._new))

    async def _prove_current(self, user: User, owned: Authenticator | None) -> None:
        """Judge the current password, as a guess that is counted before."""
        factor = self._context.factors[KIND]
        if owned is None:
            raise FailedPrecondition("COMMAND-Fds3s", "User has not set a password")
        generation = self._context.cache.generation  # no newer than the policy
        policy = await self._guesses.policy(user)
        attempts = await self._guesses.count_first(user.id, factor, policy, generation)
        evidence = await self._judged(user, owned, self._proof.current_password)
        if isinstance(evidence, Rejected):
            raise await self._refused(user, policy, attempts, evidence.error)

    async def _refused(
        self, user: User, policy: LockoutPolicy, attempts: int, refusal: OstiaryError
    ) -> OstiaryError:
        factor = self._context.factors[KIND]
        audit = self._guesses.trace(self._caller.user_id, user.id, factor)
        await self._context.store.save(Changes(audit=audit))
        return await self._guesses.refused(user, factor, policy, attempts, refusal)

    async def _require_other(self, user: User, owned: Authenticator | None) -> None:
        """Raise when the new password is the old one; asked only of who proved that they may change it."""
        if owned is not None and self._new.password:
            evidence = await self._judged(user, owned, self._new.password)
            if isinstance(evidence, Verified):
                raise FailedPrecondition("COMMAND-Aesh5", "New password must differ from the current one")

    async def _judged(self, user: User, owned: Authenticator, password: str) -> Evidence:
        factor, context = self._context.factors[KIND], self._context
        attempt = Attempt(context.effects.now(), "", user, (owned,), (), context.tools)
        return await context.pool.run(partial(factor.verify, Typed(password), attempt))

    async def _store(self, draft: Draft, proved: _Proved) -> None:
        user, context, old = draft.user, self._context, proved.against
        fresh = context.factors[KIND].enrol(user.id, proved.encoded_hash, draft.now, context.tools)
        was = old.version if old else 0
        created_at = old.created_at if old else draft.now
        fresh = msgspec.structs.replace(fresh, created_at=created_at, version=was + 1)
        draft.puts.append(Put(AUTHENTICATOR, fresh, was))
        await self._codes.drop(draft, PASSWORD_RESET)
        draft.clears += self._guesses.counters(user.id, context.factors[KIND])
        if old is not None:
            await credential_changed(context, self._caller, draft, user, "password_changed", is_lost=True)
        draft.set(password_changed_at=draft.now, password_change_required=self._new.change_required)
        if proved.code is not None:
            self._codes.remember(draft, proved.code)
        if proved.code is not None and proved.code.purpose == INVITE:
            await accept(self._codes, draft, proved.code)
        elif proved.code is not None:
            _verify_address(draft, proved.code.address)


class UserPasswords:
    """Passwords set by their users, or for them."""

    def __init__(self, context: Context, codes: Codes) -> None:
        """Current passwords count as guesses; codes have their own budget."""
        self._context = context
        self._codes = codes
        self._guesses = Guesses(context)

    def change(self, caller: Caller, new: NewPassword, proof: Proof) -> PasswordChange:
        """A change to be written with a draft, inside a place of the hash pool."""
        return PasswordChange(self._context, self._codes, self._guesses, caller, new, proof)

    async def set(self, caller: Caller, user_id: str, new: NewPassword, proof: Proof) -> User:
        """Set a password: one's own, or with ``user.write``, by the current one, or a code or an invitation that was sent.

        Without any it takes ``user.credential.write``, for oneself too. Raises InvalidArgument COMMAND-3M0fs (wrong),
        FailedPrecondition COMMAND-Aesh5 (the same again), Unavailable.
        """
        is_proved = bool(proof.current_password or proof.verification_code or proof.invitation_code)
        permission = "user.write" if is_proved else "user.credential.write"
        await permitted(self._context.store, caller, user_id, permission, own=is_proved)
        async with self._context.pool.place():
            change = self.change(caller, new, proof)

            async def attempt(generation: int) -> tuple[Changes, User]:
                user = await permitted(self._context.store, caller, user_id, permission, own=is_proved)
                draft = Draft(user, user.version, self._context.effects.now())
                await change.write(draft)
                changes = draft.changes(caller.user_id, "user.password_set", generation=generation)
                return changes, draft.user

            return await self._context.carry_out(attempt)

    async def was_set_by(self, user_id: str, proof: Proof) -> bool:
        """Whether the code of this proof has just set the user's password: a form that comes twice is known by it."""
        if proof.verification_code:
            return await self._codes.is_done(user_id, PASSWORD_RESET, proof.verification_code)
        return await self._codes.is_done(user_id, INVITE, proof.invitation_code)

    async def set_for_nobody(self, name: str, organization_id: str, new: NewPassword) -> None:
        """Raise what :meth:`set` raises for a wrong code, in the same order: whoever has no account is not told so.

        ``name`` is what was typed instead of a user's.
        """
        now = self._context.effects.now()
        async with self._context.pool.place():
            await require_acceptable(self._context, new, organization_id)
            await require_chosen_well(self._context, new.password, User("", organization_id, name, now, now))
        await self._codes.refuse("", PASSWORD_RESET)
        raise InvalidArgument("CODE-woT0xc", "Code is invalid")


def _verify_address(draft: Draft, address: str) -> None:
    """Who typed a code reads where it was sent."""
    for name, have in (("email", draft.user.email), ("phone", draft.user.phone)):
        if have is not None and address and have.value == address:
            draft.set(**{name: msgspec.structs.replace(have, is_verified=True)})
