"""A user's email address and phone number: set, with the code that verifies them, and verified by it."""

from dataclasses import dataclass, field

import msgspec

from ostiary.core.contact import email_of, phone_of
from ostiary.core.permission import Caller
from ostiary.core.url_template import leads_to, require_template
from ostiary.core.user import Address, User, VerificationCode
from ostiary.errors import FailedPrecondition, InvalidArgument, NotFound, OstiaryError, PermissionDenied
from ostiary.storage.port import Changes
from ostiary.users.change import NewAddress, Verification
from ostiary.users.codes import EMAIL, INVITE, PASSWORD_RESET, PHONE, Codes, Sending
from ostiary.users.context import Context, Draft
from ostiary.users.credential_change import addresses_changed
from ostiary.users.rules import not_human, permitted, require_step_up

_PERMISSION = "user.write"
_CODELESS_IDS = {EMAIL: "EMAIL-5w5ilin4yt", PHONE: "PHONE-5xrra88eq8"}


@dataclass(frozen=True, slots=True)
class Coded:
    """A user, and the code that was made for them if the caller asked for it."""

    user: User
    code: str | None = field(default=None, repr=False)


class UserAddresses:
    """Addresses of people: their own, or with ``user.write``; nobody is told the code of their own address."""

    def __init__(self, context: Context, codes: Codes) -> None:
        """Codes go to the outbox."""
        self._context = context
        self._codes = codes

    async def set(self, caller: Caller, user_id: str, purpose: str, wanted: NewAddress) -> Coded:
        """Set the address. Raises FailedPrecondition COMMAND-Uch5e when that changes nothing."""

        async def attempt(_: int) -> tuple[Changes, Coded]:
            draft = await self._draft(caller, user_id, changes=True)
            user, was = draft.user, _of(draft.user, purpose)
            require_trusted(self._context, caller, draft.user, wanted)
            setting = set_email if purpose == EMAIL else set_phone
            code = await setting(self._codes, draft, wanted)
            now = _of(draft.user, purpose)
            if (
                was is not None
                and now is not None
                and (was.value, was.is_verified) == (now.value, now.is_verified)
            ):
                raise FailedPrecondition(
                    "COMMAND-Uch5e", f"{purpose.title()} not changed", hint="ask for another code instead"
                )
            await addresses_changed(self._context, caller, draft, user)
            return draft.changes(caller.user_id, f"user.{purpose}_set"), Coded(draft.user, code)

        return await self._context.carry_out(attempt)

    async def remove_phone(self, caller: Caller, user_id: str) -> User:
        """No phone any more, and no code for it. Raises NotFound COMMAND-p6rsc."""

        async def attempt(_: int) -> tuple[Changes, User]:
            draft = await self._draft(caller, user_id, changes=True)
            if draft.user.phone is None:
                raise NotFound("COMMAND-p6rsc", "Phone not found")
            user = draft.user
            await remove_phone(self._codes, draft)
            await addresses_changed(self._context, caller, draft, user)
            return draft.changes(caller.user_id, "user.phone_removed"), draft.user

        return await self._context.carry_out(attempt)

    async def send_code(
        self, caller: Caller, user_id: str, purpose: str, asked: NewAddress, *, again: bool
    ) -> Coded:
        """A new code for the address there is; the old one is dead. The value of ``asked`` does not matter.

        ``again``: only if a code is pending; raises FailedPrecondition EMAIL-5w5ilin4yt or PHONE-5xrra88eq8.
        """
        if asked.url_template:
            require_template(asked.url_template)

        async def attempt(_: int) -> tuple[Changes, Coded]:
            draft = await self._draft(caller, user_id)
            await require_told(self._context, caller, draft.user, asked)
            address = _of(draft.user, purpose)
            pending = await self._codes.pending(user_id, purpose) if again else None
            if address is None or (again and pending is None):
                hint = "there is no code to be sent again"
                raise FailedPrecondition(_CODELESS_IDS[purpose], "Code is empty", hint=hint)
            told = asked.verification is Verification.RETURN_CODE
            sending = None if told else Sending(purpose, address.value, asked.url_template)
            code = await self._codes.issue(draft, purpose, sending)
            changes = draft.changes(caller.user_id, f"user.{purpose}_code_made")
            return changes, Coded(draft.user, code if told else None)

        return await self._context.carry_out(attempt)

    async def verify(self, caller: Caller, user_id: str, purpose: str, typed: str) -> User:
        """The address is verified by its code, which is spent by it.

        Raises InvalidArgument COMMAND-Fia4a (none typed), COMMAND-eis9R (none pending), CODE-woT0xc (wrong),
        FailedPrecondition CODE-QvUQ4P (expired).
        """
        if not typed.strip():
            raise InvalidArgument("COMMAND-Fia4a", "Code is empty")
        judged: VerificationCode | None = None

        async def attempt(_: int) -> tuple[Changes, User]:
            nonlocal judged
            draft = await self._draft(caller, user_id)
            if judged is None or not await self._codes.is_same(judged):
                judged = await self._codes.judge(caller.user_id, user_id, purpose, typed, none=_no_code())
            address = _of(draft.user, purpose)
            if address is None:
                raise _no_code()
            draft.set(**{purpose: msgspec.structs.replace(address, is_verified=True)})
            self._codes.spend(draft, judged)
            return draft.changes(caller.user_id, f"user.{purpose}_verified"), draft.user

        return await self._context.carry_out(attempt)

    async def _draft(self, caller: Caller, user_id: str, *, changes: bool = False) -> Draft:
        """The user; who ``changes`` their own address must have proved themselves, a code is its own proof."""
        user = await permitted(self._context.store, caller, user_id, _PERMISSION)
        if changes:
            await require_step_up(self._context, caller, user)
        if user.profile is None:
            raise not_human("user.address_of_machine")
        return Draft(user, user.version, self._context.effects.now())


def require_trusted(context: Context, caller: Caller, user: User, wanted: NewAddress) -> None:
    """Nobody says of their own address that it is verified, or has its code told: that is what the code is for.

    Nor does anybody have us mail a link of theirs: the address may be a stranger's.
    """
    if wanted.verification in {Verification.VERIFIED, Verification.RETURN_CODE}:
        caller.require(_PERMISSION, user.organization_id)
    link = wanted.url_template
    if link and not leads_to(link, context.domain) and not caller.holds(_PERMISSION, user.organization_id):
        hint = f"a link that does not lead to {context.domain} takes the permission {_PERMISSION!r}"
        raise PermissionDenied("user.link_elsewhere", "No matching permissions found", hint=hint)


async def require_told(context: Context, caller: Caller, user: User, wanted: NewAddress) -> None:
    """As ``require_trusted``; and a person who may have even their own code told must just have proved themselves."""
    require_trusted(context, caller, user, wanted)
    if wanted.verification is Verification.RETURN_CODE:
        await require_step_up(context, caller, user)


async def set_email(codes: Codes, draft: Draft, wanted: NewAddress) -> str | None:
    """Write the address and its code with the draft; the code if the caller asked for it."""
    if wanted.url_template:
        require_template(wanted.url_template)
    address = _address(draft.user.email, email_of(wanted.value), wanted)
    return await _set(codes, draft, EMAIL, address, wanted)


async def set_phone(codes: Codes, draft: Draft, wanted: NewAddress) -> str | None:
    """Write the number and its code with the draft; the code if the caller asked for it."""
    address = _address(draft.user.phone, phone_of(wanted.value), wanted)
    return await _set(codes, draft, PHONE, address, wanted)


async def remove_phone(codes: Codes, draft: Draft) -> None:
    """No phone any more, and no code for it or sent to it."""
    draft.set(phone=None)
    for purpose in (PHONE, PASSWORD_RESET):
        await codes.drop(draft, purpose)


def _address(have: Address | None, value: str, wanted: NewAddress) -> Address:
    """The address; one that stays the same stays verified."""
    kept = have is not None and have.value == value and have.is_verified
    return Address(value, kept or wanted.verification is Verification.VERIFIED)


async def _set(codes: Codes, draft: Draft, purpose: str, address: Address, wanted: NewAddress) -> str | None:
    have = _of(draft.user, purpose)
    draft.set(**{purpose: address})
    if have is not None and have.value != address.value:
        # codes that whoever reads the old address may have must not open what the new one is for
        for other in (PASSWORD_RESET, INVITE):
            await codes.drop(draft, other)
    asked = wanted.verification
    if asked is Verification.VERIFIED:
        await codes.drop(draft, purpose)
        return None
    if asked is Verification.UNSAID and have is not None and have.value == address.value:
        return None
    if asked is Verification.RETURN_CODE:
        return await codes.issue(draft, purpose, None)
    await codes.issue(draft, purpose, Sending(purpose, address.value, wanted.url_template))
    return None


def _of(user: User, purpose: str) -> Address | None:
    return user.email if purpose == EMAIL else user.phone


def _no_code() -> OstiaryError:
    return InvalidArgument("COMMAND-eis9R", "Code is empty", hint="no code is pending; ask for one")
