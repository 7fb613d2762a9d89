"""Codes that prove somebody reads an address: issued, judged, spent."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ostiary.core.audit import detail
from ostiary.core.code import (
    CODE_GUESSES,
    CODE_LENGTH,
    CODE_LIVES,
    LINK_CODE_LENGTH,
    code_guess_key,
    code_hash,
    code_text,
    is_code,
)
from ostiary.core.idempotency import IDEMPOTENT_ANSWER, IdempotentAnswer
from ostiary.core.notification import Notification, encode_notification, sealing_context
from ostiary.core.secret import same_hash
from ostiary.core.send_limit import send_limits
from ostiary.core.user import VERIFICATION_CODE, User, VerificationCode
from ostiary.errors import FailedPrecondition, InvalidArgument, OstiaryError
from ostiary.storage.budgets import rate_budgets
from ostiary.storage.port import Audit, Budget, BudgetSpent, Changes, Message, Put, Remove
from ostiary.users.context import Context, Draft

EMAIL = "email"
PHONE = "phone"
PASSWORD_RESET = "password_reset"
INVITE = "invite"
PASSKEY_LINK = "passkey_link"
_TEMPLATES = {
    EMAIL: "verify_email",
    PHONE: "verify_phone",
    PASSWORD_RESET: "reset_password",
    INVITE: "invite",
    PASSKEY_LINK: "register_passkey",
}
_SENT_TWICE = timedelta(minutes=1)  # a double click, or a lost answer
_LENGTHS = {PASSKEY_LINK: LINK_CODE_LENGTH}


@dataclass(frozen=True, slots=True)
class Sending:
    """Where a code goes: by which channel (``email`` or ``phone``), to whom, with which link, for what.

    ``template`` names the text, where it is not the purpose's own.
    """

    channel: str
    recipient: str
    url_template: str = ""
    application_name: str = ""
    template: str = ""


class Codes:
    """The codes of users. A purpose has at most one code at a time; a new one kills the old."""

    def __init__(self, context: Context) -> None:
        """Hashes are sealed: so short a code could be found by trying all."""
        self._context = context

    async def issue(
        self, draft: Draft, purpose: str, sending: Sending | None, *, lives: timedelta = CODE_LIVES
    ) -> str:
        """A new code, written with the draft: to the outbox if it is to be sent, else for the caller to be told."""
        user, now = draft.user, draft.now
        place = code_id(user.id, purpose)
        code = code_text(self._context.effects.random_bytes(_LENGTHS.get(purpose, CODE_LENGTH)))
        old = await self._context.store.get(VERIFICATION_CODE, place)
        was = old.version if old else 0
        sealed = self._context.sealer.seal(code_hash(place, code), _context(place))
        sent = sending or Sending("", "")
        row = VerificationCode(
            place,
            user.id,
            purpose,
            sealed,
            now,
            now + lives,
            sent.recipient,
            was + 1,
            sent.url_template,
            sent.application_name,
        )
        draft.puts.append(Put(VERIFICATION_CODE, row, was))
        draft.clears.append(code_guess_key(place))
        if sending is not None:
            draft.outbox.append(self._message(user, row, sending, code))
            draft.budgets += sending_budgets(user.id, sending.channel, sending.recipient, now)
        return code

    def _message(self, user: User, row: VerificationCode, sending: Sending, code: str) -> Message:
        # whoever reads an address that is not confirmed may be a stranger to whom we would mail what somebody typed
        name = user.display_name if _is_theirs(user, sending.recipient) else ""
        notification = Notification(
            sending.template or _TEMPLATES[row.purpose],
            sending.recipient,
            user.id,
            user.organization_id,
            code,
            sending.url_template,
            user.preferred_language,
            name,
            sending.application_name,
            login_name=user.login_names[0],
            code_id=row.id,
            asked_at=row.created_at,
            expires_at=row.expires_at,
        )
        return sealed_message(self._context, sending.channel, row.created_at, notification)

    async def drop(self, draft: Draft, purpose: str) -> None:
        """No code of this purpose is good any more, once the draft is saved."""
        old = await self.pending(draft.user.id, purpose)
        if old is not None:
            self.spend(draft, old)

    async def pending(self, user_id: str, purpose: str) -> VerificationCode | None:
        """The code there is, expired or not."""
        return await self._context.store.get(VERIFICATION_CODE, code_id(user_id, purpose))

    def spend(self, draft: Draft, code: VerificationCode) -> None:
        """That very code is good no more, once the draft is saved; the save fails if it is gone by then."""
        remove = Remove(VERIFICATION_CODE, code.id, code.version)
        if remove not in draft.removes:
            draft.removes.append(remove)
            draft.clears.append(code_guess_key(code.id))

    def remember(self, draft: Draft, code: VerificationCode) -> None:
        """Write with the draft that what this very code was brought for is done."""
        done = self._context.sealer.open(code.code_hash, _context(code.id)).hex()
        draft.puts.append(Put(IDEMPOTENT_ANSWER, IdempotentAnswer(done, b"", b"", draft.now + _SENT_TWICE)))

    async def is_done(self, user_id: str, purpose: str, typed: str) -> bool:
        """Whether it was done a moment ago with the code that was typed: then the same form has come twice."""
        done = await self._context.store.get(
            IDEMPOTENT_ANSWER, code_hash(code_id(user_id, purpose), typed).hex()
        )
        return done is not None and done.expires_at > self._context.effects.now()

    async def judge(
        self,
        actor_id: str,
        user_id: str,
        purpose: str,
        typed: str,
        *,
        none: OstiaryError | None = None,
        wrong: OstiaryError | None = None,
    ) -> VerificationCode:
        """The code that was typed; it stays good until it is dropped or spent.

        A wrong one counts, before this answers; after ``CODE_GUESSES`` the code has expired. Raises FailedPrecondition
        COMMAND-2M9sd (none) or CODE-QvUQ4P (expired), InvalidArgument CODE-woT0xc (wrong); ``none`` and ``wrong`` say
        what to raise instead.
        """
        place, now = code_id(user_id, purpose), self._context.effects.now()
        row = await self._context.store.get(VERIFICATION_CODE, place)
        if row is None:
            await self.refuse(user_id, purpose)
            raise none or FailedPrecondition("COMMAND-2M9sd", "Code not found")
        if row.expires_at <= now:
            raise _expired()
        expected = self._context.sealer.open(row.code_hash, _context(place))
        is_right = is_code(place, typed, expected)
        budget = Budget(code_guess_key(place), now, row.expires_at, CODE_GUESSES, 0 if is_right else 1)
        facts = detail(factor=purpose)
        audit = None if is_right else Audit(now, actor_id, "user.proof_refused", user_id, facts)
        try:
            await self._context.store.save(Changes(budgets=(budget,), audit=audit))
        except BudgetSpent:
            raise _expired() from None
        if not is_right:
            raise wrong or InvalidArgument("CODE-woT0xc", "Code is invalid")
        return row

    async def refuse(self, user_id: str, purpose: str) -> None:
        """One save, as for a wrong code, where none is good; it leaves no audit record, for anybody could fill the audit."""
        now = self._context.effects.now()
        typed = Budget(code_guess_key(f"none:{code_id(user_id, purpose)}"), now, now + CODE_LIVES, add=1)
        await self._context.store.save(Changes(budgets=(typed,)))

    async def is_same(self, judged: VerificationCode) -> bool:
        """Whether that very code is still there."""
        now = await self._context.store.get(VERIFICATION_CODE, judged.id)
        return now is not None and same_hash(now.code_hash, judged.code_hash)


def sealed_message(context: Context, channel: str, due_at: datetime, notification: Notification) -> Message:
    """The notification as it lies in the outbox."""
    message_id = context.effects.new_id()
    sealed = context.sealer.seal(encode_notification(notification), sealing_context(message_id))
    return Message(message_id, channel, due_at, sealed)


def sending_budgets(user_id: str, channel: str, recipient: str, now: datetime) -> list[Budget]:
    """Room for one more message to the user."""
    return rate_budgets(send_limits(user_id, channel, recipient, now), now, add=1)


def _is_theirs(user: User, recipient: str) -> bool:
    known = (address for address in (user.email, user.phone) if address is not None and address.is_verified)
    return any(address.value == recipient for address in known)


def _expired() -> OstiaryError:
    return FailedPrecondition("CODE-QvUQ4P", "Code is expired", hint="ask for a new one")


def code_id(user_id: str, purpose: str) -> str:
    """The id of the one code that a user has for a purpose."""
    return f"{user_id}:{purpose}"


def _context(place: str) -> str:
    return f"verification_code|{place}"
