"""Who may do what to a user. Source: ZITADEL's wire contract, part 5.1."""

from ostiary.core.assurance import aal_within_reach
from ostiary.core.delegation import is_above
from ostiary.core.filter import Compare, Filter, OneOf, Order, Some
from ostiary.core.permission import MEMBERSHIP, Caller
from ostiary.core.project_permission import organizations_of
from ostiary.core.user import AUTHENTICATOR, USER, User
from ostiary.errors import FailedPrecondition, NotFound, OstiaryError, PermissionDenied
from ostiary.storage.port import Store
from ostiary.users.context import Context

_READ = "user.read"


def unknown_user() -> OstiaryError:
    """There is no such user, or no longer."""
    return NotFound("QUERY-Dfbg2", "User could not be found")


def not_human(id: str) -> OstiaryError:  # noqa: A002
    """Only people have this."""
    return FailedPrecondition(id, "User must be a human")


async def permitted(
    store: Store,
    caller: Caller,
    user_id: str,
    permission: str,
    *,
    own: bool = True,
    unknown: OstiaryError | None = None,
) -> User:
    """The user, for a caller who holds the permission where the user belongs, or (``own``) is that user.

    Who holds it nowhere learns nothing of who exists. Raises ``unknown``, the caller's refusal, or PermissionDenied for
    a change of a user above the caller.
    """
    is_own = own and caller.user_id == user_id
    if not is_own and not caller.holds_anywhere(permission):
        raise caller.refusal(permission)
    user = await store.get(USER, user_id)
    if user is None:
        raise unknown or unknown_user()
    if not is_own:
        caller.require(permission, user.organization_id)
        if permission != _READ:
            await _require_not_above(store, caller, user)
    return user


async def trusted(
    context: Context, caller: Caller, user_id: str, permission: str, *, unknown: OstiaryError | None = None
) -> User:
    """The user, for a caller who may change what the user proves themselves with.

    As ``permitted``; but who is that user must just have proved it, as strongly as they can.
    """
    user = await permitted(context.store, caller, user_id, permission, unknown=unknown)
    await require_step_up(context, caller, user)
    return user


async def require_step_up(context: Context, caller: Caller, user: User) -> None:
    """Raise PermissionDenied user.step_up for a person who changes themselves in a session that is stale or weak.

    A stolen session must not become an account. Source: NIST SP 800-63B-4, 4.1.2; OWASP ASVS 5.0, 7.5.1 and 7.5.3.
    """
    if caller.user_id != user.id or caller.is_machine:
        return
    proven, minutes = caller.proven, context.step_up_lasts.total_seconds() / 60
    if proven is None or context.effects.now() - proven.at > context.step_up_lasts:
        raise _step_up(f"verify a factor of this session again; that is good for {minutes:g} minutes")
    if proven.aal < aal_within_reach(await context.store.owned(AUTHENTICATOR, user.id)):
        raise _step_up("verify the user's second factor or passkey in this session first")


def _step_up(hint: str) -> OstiaryError:
    return PermissionDenied("user.step_up", "A fresh authentication is required", hint=hint)


async def _require_not_above(store: Store, caller: Caller, user: User) -> None:
    """Raise unless the caller could give the user's roles: who changes a user can soon sign in as that user.

    A login client (``session.link``) is trusted with how people sign in, whoever they are; with machines it is not.
    """
    if user.id == caller.user_id or (user.profile is not None and caller.holds("session.link")):
        return
    if is_above(caller, await store.owned(MEMBERSHIP, user.id)):
        hint = "the user holds roles that the caller could not give"
        raise PermissionDenied("user.above_caller", "No matching permissions found", hint=hint)


def readable(caller: Caller) -> Filter | None:
    """Oneself, and where users belong whom ``user.read`` lets the caller read; None: everybody."""
    if caller.holds(_READ):
        return None
    own = Compare("id", Order.EQUAL, caller.user_id)
    return Some((own, OneOf("organization_id", organizations_of(caller, _READ))))
