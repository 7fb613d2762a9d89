"""What one proves oneself with: seen, named, taken away."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ostiary.core.identity_link import IDENTITY_LINK, account_hash
from ostiary.core.passkey import PASSKEY, U2F
from ostiary.core.user import Authenticator
from ostiary.errors import InvalidArgument, NotFound
from ostiary.http.message import Response
from ostiary.oidc.parameters import Parameters
from ostiary.ui.account.entrance import Entrance, Member
from ostiary.ui.account.paths import FACTORS
from ostiary.users.otp_enrolment import EMAIL, SMS
from ostiary.users.passkeys import MAX_NAME
from ostiary.users.service import Users

# What one can sign in with that has nothing else; the others come second to these.
_FIRST: Final = frozenset({"password", PASSKEY, IDENTITY_LINK})
_KEYS: Final = frozenset({PASSKEY, U2F})
# A password is changed, recovery codes are made anew: each has a page of its own.
_UNREMOVABLE: Final = frozenset({"password", "recovery_code"})
_ONLY: Final = "This is your only way to sign in. Set up another one first."
_NAME: Final = "Give it a name of at most 200 characters."


@dataclass(frozen=True, slots=True)
class Owned:
    """One way to prove oneself; ``name`` is what its user, or the upstream provider, calls it."""

    id: str
    kind: str
    name: str
    created_at: datetime
    used_at: datetime | None


class Factors:
    """``GET /ui/v2/account/factors``, and ``GET`` and ``POST`` of one of them."""

    def __init__(self, entrance: Entrance, users: Users) -> None:
        """Changes are those commands of users that the API has."""
        self._entrance = entrance
        self._users = users

    async def show(self, member: Member) -> Response:
        """All of them by kind, and what may be set up beside."""
        owned = await self._owned(member)
        policy, user = member.account.held.policy, member.user
        kinds = {one.kind for one in owned}
        return self._entrance.write(
            member,
            "factors",
            owned=owned,
            kinds=kinds,
            password_at=user.password_changed_at,
            codes_left=await self._users.recovery_codes.left(member.caller, user.id),
            allows=frozenset(policy.second_factors),
            allows_passwords=policy.allow_username_password,
            allows_passkeys=policy.passkeys_allowed,
        )

    async def one(self, member: Member) -> Response:
        """One that can be named or taken away."""
        return await self._page(member)

    async def change(self, member: Member, form: Parameters) -> Response:
        """A new name, or away with it."""
        found = await self._found(member)
        if found is None:
            return self._entrance.go(member, FACTORS)
        if form.get("step") == "rename":
            return await self._rename(member, found, form.get("name").strip())
        if form.get("step") != "remove":
            return await self._page(member)
        if is_last(
            found, await self._owned(member), passwords=member.account.held.policy.allow_username_password
        ):
            return await self._page(member, _ONLY)
        with suppress(NotFound):  # another tab was faster
            await self._remove(member, found)
        return self._entrance.go(member, FACTORS)

    async def _page(self, member: Member, problem: str = "") -> Response:
        found = await self._found(member)
        if found is None:
            return self._entrance.go(member, FACTORS)
        status = 400 if problem else 200
        is_named = found.kind in _KEYS
        return self._entrance.write(
            member, "factor", status=status, one=found, is_named=is_named, problem=problem, longest=MAX_NAME
        )

    async def _rename(self, member: Member, found: Owned, name: str) -> Response:
        try:
            await self._users.passkeys.rename(member.caller, member.user.id, found.id, name)
        except InvalidArgument:
            return await self._page(member, _NAME)
        except NotFound:
            pass
        return self._entrance.go(member, FACTORS)

    async def _remove(self, member: Member, found: Owned) -> None:
        caller, user_id, users = member.caller, member.user.id, self._users
        match found.kind:
            case "passkey" | "u2f":
                await users.passkeys.remove(caller, user_id, found.kind, found.id)
            case "totp":
                await users.totp.remove(caller, user_id)
            case "otp_email" | "otp_sms":
                await users.otp.remove(caller, user_id, EMAIL if found.kind == "otp_email" else SMS)
            case "identity_link":
                idp_id, _, external_id = found.id.partition("/")
                await users.identity_links.remove(caller, user_id, idp_id, external_id)
            case _:
                raise NotFound("ui.no_such_factor", "There is no such way to sign in")

    async def _found(self, member: Member) -> Owned | None:
        wanted = member.visit.parameters.get("id")
        owned = await self._owned(member)
        return next((one for one in owned if one.id == wanted and one.kind not in _UNREMOVABLE), None)

    async def _owned(self, member: Member) -> tuple[Owned, ...]:
        caller, user_id = member.caller, member.user.id
        rows = await self._users.queries.authenticators(caller, user_id)
        plain = [_plain(row) for row in rows if row.is_ready and row.kind != IDENTITY_LINK]
        since = {row.lookup_hash: row.created_at for row in rows}
        linked = [
            Owned(f"{one.idp_id}/{one.user_id}", IDENTITY_LINK, one.user_name or one.user_id, at, None)
            for one in await self._users.identity_links.of_user(caller, user_id)
            if (at := since.get(account_hash(one.idp_id, one.user_id))) is not None
        ]
        return tuple(sorted([*plain, *linked], key=lambda one: one.created_at))


def _plain(row: Authenticator) -> Owned:
    used_at = row.changed_at if row.kind in _KEYS and row.changed_at != row.created_at else None
    return Owned(row.id, row.kind, row.name, row.created_at, used_at)


def is_last(one: Owned, owned: Iterable[Owned], *, passwords: bool) -> bool:
    """Whether nothing to sign in with is left without it; ``passwords``: they are taken."""
    first = _FIRST if passwords else _FIRST - {"password"}
    return one.kind in first and not any(other.kind in first and other.id != one.id for other in owned)
