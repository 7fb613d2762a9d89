"""What people type where a login name is asked for: it, or the email address that they alone have confirmed."""

from ostiary.core.policy import LoginPolicy
from ostiary.storage.cache import Cache
from ostiary.storage.port import Store
from ostiary.storage.reads import user_by_login_name
from ostiary.users.reset import owner_of_email


async def meant_login_name(store: Store, cache: Cache, typed: str) -> str:
    """The login name that is meant: a user's by their address where their organisation lets them; else what was typed.

    It takes as long for who has an account as for who has none.
    """
    if "@" not in typed:
        return typed
    named, user = await user_by_login_name(store, typed), await owner_of_email(store, typed)
    if named is not None or user is None:
        return typed
    policy = await cache.policy(LoginPolicy, user.organization_id)
    return typed if policy.disable_login_with_email else user.login_names[0]
