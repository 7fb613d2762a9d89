"""People who open an account for themselves. Who they are is shown by a code that goes to the address they claim.

Until it is typed the user is initial and owns nothing; the code is an invitation's, so it sets the first password or
registers the first passkey. Nobody but the reader of the address learns whether it had an account before.
"""

from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from ostiary.core.audit import detail
from ostiary.core.code import CODE_LIVES
from ostiary.core.contact import email_of
from ostiary.core.login_name import rivals, username_of
from ostiary.core.notification import Notification
from ostiary.core.organization import ORGANIZATION, Organization, OrganizationState
from ostiary.core.policy import LoginPolicy
from ostiary.core.user import LOGIN_NAME, USER, Address, Profile, User, UserState, login_name_id
from ostiary.errors import FailedPrecondition, ResourceExhausted
from ostiary.storage.port import Audit, Changes
from ostiary.users.codes import EMAIL, INVITE, Codes, Sending, sealed_message, sending_budgets
from ostiary.users.context import Context, Draft
from ostiary.users.create import checked_profile
from ostiary.users.names import refuse_foreign_domain, take_name
from ostiary.users.reset import users_by_email

REGISTER: Final = "register"
ACCOUNT_EXISTS: Final = "account_exists"


@dataclass(frozen=True, slots=True)
class Registrant:
    """What somebody says of themselves; the email address becomes their username."""

    organization_id: str
    profile: Profile
    email: str


class Registrations:
    """Accounts that are opened by whom they are for."""

    def __init__(self, context: Context, codes: Codes) -> None:
        """Nobody has to be signed in."""
        self._context = context
        self._codes = codes

    async def begin(self, wanted: Registrant) -> None:
        """Send the address a code for a new account, or word that it has one already.

        Who asks often enough is sent nothing, and told nothing else. Raises InvalidArgument for names and address,
        FailedPrecondition user.registration_closed.
        """
        profile = await checked_profile(self._context, wanted.profile)
        await self._send(wanted.organization_id, username_of(email_of(wanted.email)), profile)

    async def resend(self, organization_id: str, email: str) -> None:
        """Another code, if an account was begun with this address; else as :meth:`begin`, or nothing."""
        await self._send(organization_id, username_of(email_of(email)), None)

    async def _send(self, organization_id: str, email: str, profile: Profile | None) -> None:
        async def attempt(generation: int) -> tuple[Changes, None]:
            organization = await self._open_to_all(organization_id)
            await refuse_foreign_domain(self._context, email, organization.primary_domain)
            holder = await self._holder(email, organization)
            if holder is not None and not _is_pending(holder, email, organization):
                return self._told(holder), None
            draft = await self._draft(holder, profile, email, organization)
            if draft is None:
                return Changes(audit=self._audit("")), None
            address = draft.user.email.value if draft.user.email else email
            sending = Sending(EMAIL, address, template=REGISTER, application_name=organization.name)
            await self._codes.issue(draft, INVITE, sending, lives=CODE_LIVES)
            return draft.changes("", "user.registered", generation=generation), None

        with suppress(ResourceExhausted):
            await self._context.carry_out(attempt)

    async def _open_to_all(self, organization_id: str) -> Organization:
        """The organisation; raises unless people may come in by themselves."""
        organization = await self._context.cache.get(ORGANIZATION, organization_id)
        policy = await self._context.cache.policy(LoginPolicy, organization_id)
        if (
            organization is None
            or organization.state is not OrganizationState.ACTIVE
            or not policy.allow_register
        ):
            hint = "the login policy's allow_register is off, or there is no such organisation"
            raise FailedPrecondition("user.registration_closed", "Registration is not allowed", hint=hint)
        return organization

    async def _holder(self, email: str, organization: Organization) -> User | None:
        """Who has the login name, or has confirmed the address in the same organisation, or was invited by it."""
        store = self._context.store
        for key in (login_name_id(email), *rivals(email, organization.primary_domain)):
            taken = await store.get(LOGIN_NAME, key)
            if taken is not None:
                return await store.get(USER, taken.user_id)
        known = await users_by_email(store, email)
        return next((user for user in known if _is_reader(user, organization)), None)

    async def _draft(
        self, pending: User | None, profile: Profile | None, email: str, organization: Organization
    ) -> Draft | None:
        """The new user; or the one whom nobody has opened yet, with the name that was typed last."""
        now = self._context.effects.now()
        if pending is not None:
            draft = Draft(pending, pending.version, now)
            draft.set(profile=profile or pending.profile)
            return draft
        if profile is None:
            return None
        user = User(
            self._context.effects.new_id(),
            organization.id,
            username=email,
            created_at=now,
            changed_at=now,
            state=UserState.INITIAL,
            domain=organization.primary_domain,
            profile=profile,
            email=Address(email),
        )
        draft = Draft(user, 0, now)
        await take_name(self._context, draft)
        return draft

    def _told(self, holder: User) -> Changes:
        """Word to whoever has the account, which stays as it is."""
        now = self._context.effects.now()
        audit = self._audit(holder.id)
        if holder.email is None:
            return Changes(audit=audit)
        notification = Notification(
            ACCOUNT_EXISTS,
            holder.email.value,
            holder.id,
            holder.organization_id,
            language=holder.preferred_language,
            login_name=holder.login_names[0],
            asked_at=now,
        )
        return Changes(
            budgets=tuple(sending_budgets(holder.id, EMAIL, holder.email.value, now)),
            outbox=(sealed_message(self._context, EMAIL, now, notification),),
            audit=audit,
        )

    def _audit(self, user_id: str) -> Audit:
        return Audit(self._context.effects.now(), "", "user.registered_again", user_id, detail())


def _is_reader(user: User, organization: Organization) -> bool:
    """Whether the user is one of the organisation's who does not merely claim their address."""
    is_shown = user.email is not None and user.email.is_verified
    return user.organization_id == organization.id and (is_shown or user.state is UserState.INITIAL)


def _is_pending(user: User, email: str, organization: Organization) -> bool:
    """Whether the account was begun in the same way, and never opened."""
    address = user.email.value if user.email else ""
    return (
        user.state is UserState.INITIAL
        and user.organization_id == organization.id
        and login_name_id(address) == login_name_id(email)
    )
