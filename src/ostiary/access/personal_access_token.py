"""Whether a personal access token is good now. Source: ZITADEL's wire contract, part 4.4."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ostiary.core.scope import OPENID, PROFILE, USER_METADATA, USER_RESOURCE_OWNER
from ostiary.core.secret import PERSONAL_ACCESS_TOKEN as PAT_KIND
from ostiary.core.secret import Token, same_hash
from ostiary.core.user import PERSONAL_ACCESS_TOKEN, USER, PersonalAccessToken, User
from ostiary.storage.port import Store

# it was given no scope; it shows its user as these would
PERSONAL_SCOPE: Final = (OPENID, PROFILE, USER_METADATA, USER_RESOURCE_OWNER)


@dataclass(frozen=True, slots=True)
class ValidPersonal:
    """A good personal access token and its user, whose state nobody has judged yet."""

    token: PersonalAccessToken
    user: User


async def find_personal(store: Store, token: Token | None, now: datetime) -> ValidPersonal | None:
    """What a personal access token stands for; None for any other, or one that has expired."""
    if token is None or token.kind != PAT_KIND:
        return None
    kept, user = await store.get_with_owner(PERSONAL_ACCESS_TOKEN, token.id, USER)
    if kept is None or not same_hash(kept.secret_hash, token.secret_hash) or kept.expires_at <= now:
        return None
    return ValidPersonal(kept, user) if user else None
