"""What people type where a login name is asked for: it, or the email address that they alone have confirmed."""

from ostiary.core.policy import LoginPolicy
from ostiary.storage.cache import Cache
from ostiary.storage.port import Store
from ostiary.storage.reads import user_by_login_name
from ostiary.users.reset import users_by_email


async def meant_login_name(store: Store, cache: Cache, typed: str) -> str:
    """The login name that is meant: a user's by their address where their organisation lets them; else what was typed.

    It takes as long for who has an account as for who has none.
    """
    if "@" not in typed:
        return typed
    named, known = await user_by_login_name(store, typed), await users_by_email(store, typed)
    owners = [user for user in known if user.email is not None and user.email.is_verified]
    if named is not None or len(owners) != 1:
        return typed
    (user,) = owners
    policy = await cache.policy(LoginPolicy, user.organization_id)
    return typed if policy.disable_login_with_email else user.login_names[0]
