"""Usernames: each belongs to one user of the instance, and no login name leads to two."""

from ostiary.core.login_name import claimed_domain, rivals
from ostiary.core.organization import ORGANIZATION
from ostiary.core.user import LOGIN_NAME, LoginName, login_name_id
from ostiary.errors import AlreadyExists, InvalidArgument, OstiaryError
from ostiary.storage.port import Expect, Put, Remove
from ostiary.users.context import Context, Draft


async def take_name(context: Context, draft: Draft, old: str = "") -> None:
    """Write the draft's username as taken, and ``old`` as free; raises AlreadyExists V3-DKcYh.

    Save the draft guarded by the generation: the domains of organisations were looked at.
    """
    user = draft.user
    key, old_key = login_name_id(user.username), login_name_id(old)
    if key != old_key and await context.store.get(LOGIN_NAME, key) is not None:
        raise _taken()
    await refuse_foreign_domain(context, user.username, user.domain)
    for rival in rivals(user.username, user.domain):
        if rival == old_key:
            continue
        if await context.store.get(LOGIN_NAME, rival) is not None:
            raise _taken()
        draft.expects.append(Expect(LOGIN_NAME, rival, 0))
    if key == old_key:
        return
    draft.puts.append(Put(LOGIN_NAME, LoginName(key, user.id)))
    if old:
        draft.removes.append(Remove(LOGIN_NAME, old_key, LoginName(old_key, user.id).version))


async def refuse_foreign_domain(context: Context, username: str, own_domain: str) -> None:
    """Raise InvalidArgument for a username that another organisation's users could have as their login name."""
    domain = claimed_domain(username)
    if domain in {"", own_domain}:
        return
    if await context.store.find(ORGANIZATION, "primary_domain", domain) is not None:
        hint = "that domain belongs to another organisation, whose users log in with it"
        raise InvalidArgument("user.username_of_other_organization", "Username is not allowed", hint=hint)


def _taken() -> OstiaryError:
    return AlreadyExists("V3-DKcYh", "Username already taken")
