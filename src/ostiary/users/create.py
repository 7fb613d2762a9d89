"""Making users: people and machines."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import msgspec

from ostiary.core.contact import language_of
from ostiary.core.login_name import chosen_id_of, username_of
from ostiary.core.organization import INSTANCE, INSTANCE_KEY, ORGANIZATION, Organization
from ostiary.core.permission import Caller
from ostiary.core.user import (
    AUTHENTICATOR,
    USER,
    USER_METADATA,
    Machine,
    Profile,
    User,
)
from ostiary.crypto.otp import from_base32
from ostiary.errors import FailedPrecondition, InvalidArgument, NotFound
from ostiary.storage.port import Changes, Put
from ostiary.users.addresses import set_email, set_phone
from ostiary.users.change import Changed, NewHuman, NewUser, OrganizationNamed
from ostiary.users.codes import Codes
from ostiary.users.context import Context, Draft
from ostiary.users.metadata import metadata_rows, require_room
from ostiary.users.names import take_name
from ostiary.users.password_hash import hashed, place_for, require_acceptable

_TOTP_SECRET_MIN_BYTES = 10


@dataclass(frozen=True, slots=True)
class PreparedUser:
    """A user about to be made. ``changes`` of home, actor and generation are to be saved, guarded by the generation."""

    user_id: str
    changes: Callable[[Organization, str, int], Awaitable[tuple[Changes, Changed]]]


class UserCreation:
    """Makes users; they are active at once."""

    def __init__(self, context: Context, codes: Codes) -> None:
        """``codes`` verify the addresses of people."""
        self._context = context
        self._codes = codes

    async def create(self, caller: Caller, wanted: NewUser) -> Changed:
        """A new user; needs ``user.write`` on the organisation.

        A username that is not given is the person's email address, or the machine's id. Raises FailedPrecondition
        COMMAND-7yiox1isql (the id is taken), AlreadyExists V3-DKcYh (the username is).
        """
        organization = await self._organization(caller, wanted.organization)
        prepared = await self.prepare(wanted, organization.id)

        async def attempt(generation: int) -> tuple[Changes, Changed]:
            home = await self._organization(caller, wanted.organization)
            return await prepared.changes(home, caller.user_id, generation)

        return await self._context.carry_out(attempt)

    async def prepare(self, wanted: NewUser, organization_id: str) -> PreparedUser:
        """The user, judged as far as can be beforehand, with the password hashed.

        Who asks may make users in the organisation, or makes the organisation itself in the same save.
        """
        human = wanted.of if isinstance(wanted.of, NewHuman) else None
        secret = _checked_totp_secret(human) if human else b""
        new = human.password if human else None
        if new is not None:
            await require_acceptable(self._context, new, organization_id)
        async with place_for(self._context, new):
            encoded_hash = await hashed(self._context, new) if new else b""
        user_id = chosen_id_of(wanted.user_id) if wanted.user_id else self._context.effects.new_id()

        async def changes(home: Organization, actor_id: str, generation: int) -> tuple[Changes, Changed]:
            if new is not None:
                await require_acceptable(self._context, new, home.id)
            draft = await self._draft(wanted, home, user_id)
            self._enrol(draft, "password", encoded_hash)
            self._enrol(draft, "totp", secret)
            email_code, phone_code = await self._reach(draft, human) if human else (None, None)
            await take_name(self._context, draft)
            made = draft.changes(actor_id, "user.created", generation=generation)
            return made, Changed(draft.user, email_code, phone_code)

        return PreparedUser(user_id, changes)

    async def _organization(self, caller: Caller, named: OrganizationNamed) -> Organization:
        """The organisation, for a caller who may make users in it."""
        if named.domain:
            if not caller.holds_anywhere("user.write"):
                raise caller.refusal("user.write")
            domain = named.domain.casefold()
            found = await self._context.store.find(ORGANIZATION, "primary_domain", domain)
        else:
            caller.require("user.write", named.id)
            found = await self._context.store.get(ORGANIZATION, named.id)
        if found is None:
            raise NotFound("user.organization_unknown", "Organisation could not be found")
        caller.require("user.write", found.id)
        return found

    async def _draft(self, wanted: NewUser, organization: Organization, user_id: str) -> Draft:
        if await self._context.store.get(USER, user_id) is not None:
            raise FailedPrecondition("COMMAND-7yiox1isql", "User already exists")
        now = self._context.effects.now()
        user = User(
            user_id,
            organization.id,
            username="",
            created_at=now,
            changed_at=now,
            domain=organization.primary_domain,
            # an id that a caller chose may have been another user's: their sessions are not this one's
            valid_after=now if wanted.user_id else None,
        )
        draft = Draft(user, 0, now)
        if isinstance(wanted.of, Machine):
            draft.set(machine=wanted.of, username=username_of(wanted.username or user_id))
        else:
            username = username_of(wanted.username or wanted.of.email.value)
            profile = await checked_profile(self._context, wanted.of.profile)
            draft.set(profile=profile, username=username)
            self._own(draft, wanted.of, now)
        return draft

    def _own(self, draft: Draft, human: NewHuman, now: datetime) -> None:
        """What a person brings along beside addresses and authenticators."""
        require_room(human.metadata)
        draft.puts += [Put(USER_METADATA, row) for row in metadata_rows(draft.user.id, human.metadata, now)]
        if human.password is not None:
            draft.set(password_changed_at=now, password_change_required=human.password.change_required)

    def _enrol(self, draft: Draft, kind: str, plain: bytes) -> None:
        if plain:
            context = self._context
            owned = context.factors[kind].enrol(draft.user.id, plain, draft.now, context.tools)
            draft.puts.append(Put(AUTHENTICATOR, owned))

    async def _reach(self, draft: Draft, human: NewHuman) -> tuple[str | None, str | None]:
        email_code = await set_email(self._codes, draft, human.email)
        phone_code = await set_phone(self._codes, draft, human.phone) if human.phone else None
        return email_code, phone_code


async def checked_profile(context: Context, wanted: Profile) -> Profile:
    """The profile with trimmed names and a language we know, else the instance's; raises InvalidArgument."""
    given_name, family_name = wanted.given_name.strip(), wanted.family_name.strip()
    if not given_name:
        raise InvalidArgument("USER-UCej2", "First name in profile is empty")
    if not family_name:
        raise InvalidArgument("USER-4hB7d", "Last name in profile is empty")
    instance = await context.cache.get(INSTANCE, INSTANCE_KEY)
    default = instance.default_language if instance else None
    language = language_of(wanted.preferred_language) if wanted.preferred_language else default
    return msgspec.structs.replace(
        wanted, given_name=given_name, family_name=family_name, preferred_language=language
    )


def _checked_totp_secret(human: NewHuman) -> bytes:
    """The secret's bytes, empty without one; raises for it, and for links to providers that do not exist."""
    if human.has_identity_links:
        raise FailedPrecondition("COMMAND-39nfs", "IDP does not exist")
    if not human.totp_secret:
        return b""
    try:
        secret = from_base32(human.totp_secret)
    except ValueError:
        secret = b""
    if len(secret) < _TOTP_SECRET_MIN_BYTES:
        hint = f"base32 of at least {_TOTP_SECRET_MIN_BYTES} bytes"
        raise InvalidArgument("user.totp_secret_form", "TOTP secret is invalid", hint=hint)
    return secret
