"""What people type where a login name is asked for: it, or an email address or phone number that is theirs alone."""

import re
from typing import Final

from ostiary.core.contact import phone_of
from ostiary.core.filter import Compare, Order
from ostiary.core.organization import Organization
from ostiary.core.policy import DomainPolicy, LoginPolicy
from ostiary.core.user import USER, User
from ostiary.errors import InvalidArgument
from ostiary.storage.cache import Cache
from ostiary.storage.port import Listing, Store
from ostiary.storage.reads import user_by_login_name
from ostiary.users.reset import owner_of_email

_SAME_PHONE: Final = 20
_LIKE_A_NUMBER: Final = re.compile(r"\+[0-9 ()./-]{5,30}")


async def meant_login_name(
    store: Store, cache: Cache, typed: str, organization: Organization | None = None
) -> str:
    """The login name that is meant; what was typed, if it is none that we know.

    A confirmed address or number of one user stands for their login name where their organisation lets it. Of an
    organisation that was asked for the domain need not be typed. It takes as long for who has an account as for who has none.
    """
    if "@" in typed:
        named, found = await user_by_login_name(store, typed), await _by_email(store, cache, typed)
    elif _LIKE_A_NUMBER.fullmatch(typed):
        named, found = await user_by_login_name(store, typed), await _by_phone(store, cache, typed)
    else:
        return await _completed(cache, typed, organization) if organization is not None else typed
    return typed if named is not None else found or typed


async def _by_email(store: Store, cache: Cache, typed: str) -> str:
    user = await owner_of_email(store, typed)
    policy = await cache.policy(LoginPolicy, user.organization_id if user else "")
    return "" if user is None or policy.disable_login_with_email else user.login_names[0]


async def _by_phone(store: Store, cache: Cache, typed: str) -> str:
    user = await _owner_of_phone(store, typed)
    policy = await cache.policy(LoginPolicy, user.organization_id if user else "")
    return "" if user is None or policy.disable_login_with_phone else user.login_names[0]


async def _owner_of_phone(store: Store, typed: str) -> User | None:
    """The one user who has confirmed the number; None for nobody, or for several."""
    try:
        where = Compare("phone", Order.EQUAL, phone_of(typed))
    except InvalidArgument:
        return None
    known = (await store.page(Listing(USER, where, limit=_SAME_PHONE))).items
    owners = [user for user in known if user.phone is not None and user.phone.is_verified]
    return owners[0] if len(owners) == 1 else None


async def _completed(cache: Cache, typed: str, organization: Organization) -> str:
    policy = await cache.policy(DomainPolicy, organization.id)
    return f"{typed}@{organization.primary_domain}" if policy.login_name_includes_domain else typed
