"""Usernames: each belongs to one user of the instance, and no login name leads to two."""

from ostiary.core.login_name import claimed_domain, rivals, without_own_domain
from ostiary.core.organization import ORGANIZATION
from ostiary.core.policy import DomainPolicy
from ostiary.core.user import LOGIN_NAME, USER, LoginName, User, login_name_id
from ostiary.errors import AlreadyExists, InvalidArgument, OstiaryError
from ostiary.storage.port import Expect, Put, Remove
from ostiary.users.context import Context, Draft


async def take_name(context: Context, draft: Draft, was: User | None = None) -> None:
    """Write the draft's login name as taken, and the one it ``was`` as free; raises AlreadyExists V3-DKcYh.

    Where the domain policy wants it, a person's login name is ``username@domain`` alone, and the username is unique in the
    organisation. Save the draft guarded by the generation: policy and domains of organisations were looked at.
    """
    policy = await context.cache.policy(DomainPolicy, draft.user.organization_id)
    draft.set(is_of_domain=policy.login_name_includes_domain and draft.user.profile is not None)
    if draft.user.is_of_domain:
        draft.set(username=without_own_domain(draft.user.username, draft.user.domain))
    else:
        await refuse_foreign_domain(context, draft.user.username, draft.user.domain)
    key, old_key = _key(draft.user), _key(was) if was else ""
    if key != old_key and await context.store.get(LOGIN_NAME, key) is not None:
        raise _taken()
    for rival in rivals(draft.user.username, draft.user.domain, is_of_domain=draft.user.is_of_domain):
        if rival != old_key:
            await _judge_rival(context, draft, rival)
    if key == old_key:
        return
    draft.puts.append(Put(LOGIN_NAME, LoginName(key, draft.user.id)))
    if was is not None:
        draft.removes.append(Remove(LOGIN_NAME, old_key, LoginName(old_key, was.id).version))


def _key(user: User) -> str:
    return login_name_id(user.login_names[0])


async def _judge_rival(context: Context, draft: Draft, rival: str) -> None:
    """Rely on it that nobody has the name, or somebody who shares no login name with the draft; raises AlreadyExists."""
    taken = await context.store.get(LOGIN_NAME, rival)
    holder = await context.store.get(USER, taken.user_id) if taken and draft.user.is_of_domain else None
    if taken is None:
        draft.expects.append(Expect(LOGIN_NAME, rival, 0))
    elif holder is None or holder.domain == draft.user.domain:
        raise _taken()
    else:
        draft.expects.append(Expect(LOGIN_NAME, rival, taken.version))
        draft.expects.append(Expect(USER, holder.id, holder.version))


async def refuse_foreign_domain(context: Context, username: str, own_domain: str) -> None:
    """Raise InvalidArgument for a username that another organisation's users could have as their login name."""
    domain = claimed_domain(username)
    if domain in {"", own_domain}:
        return
    if await context.store.find(ORGANIZATION, "primary_domain", domain) is not None:
        hint = "that domain belongs to another organisation, whose users log in with it"
        raise InvalidArgument("user.username_of_other_organization", "Username is not allowed", hint=hint)


def require_own_reader(user: User) -> None:
    """Raise InvalidArgument for a username that is an address which its user has not confirmed.

    Whoever reads it and types it would be led to this user's account: to sign in, or for a new password.
    """
    email, domain = user.email, claimed_domain(user.username)
    confirmed = login_name_id(email.value) if email is not None and email.is_verified else ""
    if domain not in {"", user.domain} and login_name_id(user.username) != confirmed:
        hint = "as a username an email address must be one's own, and confirmed"
        raise InvalidArgument("user.username_of_other_reader", "Username is not allowed", hint=hint)


def _taken() -> OstiaryError:
    return AlreadyExists("V3-DKcYh", "Username already taken")
