"""Users changed: only the parts that are given."""

from contextlib import nullcontext

import msgspec

from ostiary.core.contact import language_of
from ostiary.core.login_name import username_of
from ostiary.core.permission import Caller
from ostiary.core.user import Profile, User
from ostiary.errors import FailedPrecondition, InvalidArgument
from ostiary.storage.port import Changes
from ostiary.users.addresses import remove_phone, require_trusted, set_email, set_phone
from ostiary.users.change import (
    Changed,
    HumanChange,
    MachineChange,
    ProfileChange,
    UserChange,
)
from ostiary.users.codes import Codes
from ostiary.users.context import Context, Draft
from ostiary.users.credential_change import addresses_changed
from ostiary.users.names import require_own_reader, take_name
from ostiary.users.password import PasswordChange, UserPasswords
from ostiary.users.rules import not_human, permitted, require_step_up

_PERMISSION = "user.write"


class UserUpdate:
    """Changes of users: their own, or with ``user.write``."""

    def __init__(self, context: Context, codes: Codes, passwords: UserPasswords) -> None:
        """A password changes here as it does in :mod:`ostiary.users.password`."""
        self._context = context
        self._codes = codes
        self._passwords = passwords

    async def update(self, caller: Caller, user_id: str, wanted: UserChange) -> Changed:
        """Change what is given, all or nothing; without any change nothing is saved."""
        human = wanted.of if isinstance(wanted.of, HumanChange) else None
        new = human.password if human else None
        async with self._context.pool.place() if new else nullcontext():
            password = self._passwords.change(caller, new, human.proof) if human and new else None

            async def attempt(generation: int) -> tuple[Changes | None, Changed]:
                user = await permitted(self._context.store, caller, user_id, _PERMISSION)
                draft = Draft(user, user.version, self._context.effects.now())
                codes = await self._apply(caller, draft, wanted, password)
                if _reachable(draft.user) != _reachable(user):
                    await require_step_up(self._context, caller, user)
                    await addresses_changed(self._context, caller, draft, user)
                if draft.user == user and not draft.puts and not draft.removes:
                    return None, Changed(user)
                changes = draft.changes(caller.user_id, "user.updated", generation=generation)
                return changes, Changed(draft.user, *codes)

            return await self._context.carry_out(attempt)

    async def skip_mfa_init(self, caller: Caller, user_id: str) -> User:
        """The user was asked to set up a second factor and said no, now."""

        async def attempt(_: int) -> tuple[Changes, User]:
            user = await permitted(self._context.store, caller, user_id, _PERMISSION)
            if user.profile is None:
                raise not_human("user.mfa_init_of_machine")
            draft = Draft(user, user.version, self._context.effects.now())
            draft.set(mfa_init_skipped_at=draft.now)
            return draft.changes(caller.user_id, "user.mfa_init_skipped"), draft.user

        return await self._context.carry_out(attempt)

    async def _apply(
        self, caller: Caller, draft: Draft, wanted: UserChange, password: PasswordChange | None
    ) -> tuple[str | None, str | None]:
        codes: tuple[str | None, str | None] = (None, None)
        if isinstance(wanted.of, HumanChange):
            codes = await self._apply_human(caller, draft, wanted.of)
        elif wanted.of is not None:
            _apply_machine(draft, wanted.of)
        if wanted.username is not None:
            was = draft.user
            draft.set(username=username_of(wanted.username))
            if draft.user.username != was.username:
                if not caller.holds(_PERMISSION, was.organization_id):
                    require_own_reader(draft.user)
                await take_name(self._context, draft, was)
        if password is not None:
            await password.write(draft)
        return codes

    async def _apply_human(
        self, caller: Caller, draft: Draft, wanted: HumanChange
    ) -> tuple[str | None, str | None]:
        profile = draft.user.profile
        if profile is None:
            raise not_human("user.human_change_of_machine")
        if wanted.profile is not None:
            draft.set(profile=_changed(profile, wanted.profile))
        email_code = phone_code = None
        if wanted.email is not None:
            require_trusted(self._context, caller, draft.user, wanted.email)
            email_code = await set_email(self._codes, draft, wanted.email)
        if wanted.phone is not None and wanted.phone.value:
            require_trusted(self._context, caller, draft.user, wanted.phone)
            phone_code = await set_phone(self._codes, draft, wanted.phone)
        elif wanted.phone is not None:
            await remove_phone(self._codes, draft)
        return email_code, phone_code


def _reachable(user: User) -> tuple[object, ...]:
    """By which names and addresses a user is found and recovered."""
    return user.username, user.email, user.phone


def _apply_machine(draft: Draft, wanted: MachineChange) -> None:
    machine = draft.user.machine
    if machine is None:
        raise FailedPrecondition("user.machine_change_of_human", "User must be a machine")
    name = machine.name if wanted.name is None else wanted.name
    description = machine.description if wanted.description is None else wanted.description
    if not name:
        raise InvalidArgument("user.machine_name_empty", "The machine's name is empty")
    draft.set(machine=msgspec.structs.replace(machine, name=name, description=description))


def _changed(profile: Profile, wanted: ProfileChange) -> Profile:
    given_name = profile.given_name if wanted.given_name is None else wanted.given_name.strip()
    family_name = profile.family_name if wanted.family_name is None else wanted.family_name.strip()
    if not given_name or not family_name:
        raise InvalidArgument("user.name_empty", "First and last name must not be empty")
    language = wanted.preferred_language
    return Profile(
        given_name,
        family_name,
        profile.nick_name if wanted.nick_name is None else wanted.nick_name or None,
        profile.display_name if wanted.display_name is None else wanted.display_name or None,
        profile.preferred_language if not language else language_of(language),
        profile.gender if wanted.gender is None else wanted.gender,
    )
