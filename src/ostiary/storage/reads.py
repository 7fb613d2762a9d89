"""Questions that take more than one read and that several services ask."""

from ostiary.core.organization import ORGANIZATION
from ostiary.core.user import LOGIN_NAME, USER, User, login_name_id
from ostiary.storage.port import Store


async def user_by_login_name(store: Store, name: str) -> User | None:
    """The user with this login name: a username, or ``username@domain`` of their organisation; case does not matter."""
    found = await _by_username(store, name)
    if found is not None or "@" not in name:
        return found
    username, _, domain = name.rpartition("@")
    user = await _by_username(store, username)
    if user is None or user.is_of_domain:
        return None
    organization = await store.get(ORGANIZATION, user.organization_id)
    return user if organization and organization.primary_domain == domain.casefold() else None


async def _by_username(store: Store, username: str) -> User | None:
    taken = await store.get(LOGIN_NAME, login_name_id(username))
    return await store.get(USER, taken.user_id) if taken else None
