"""What the login policy says of factors that are set up: it counts for the API as for our pages, whoever calls."""

from types import MappingProxyType
from typing import Final

from ostiary.core.passkey import PASSKEY
from ostiary.core.policy import INSTANCE_OWNER, POLICY, LoginPolicy, policy_id
from ostiary.core.user import User
from ostiary.errors import FailedPrecondition, OstiaryError
from ostiary.storage.cache import Cache

# ZITADEL's default list is without them, and its API adds them all the same: only a list that somebody set forbids them.
_UNLESS_SAID: Final = frozenset({"otp_email", "otp_sms"})
_OTHER_FIELDS: Final = MappingProxyType({PASSKEY: "passkeys_allowed", "intent": "allow_external_idp"})


async def require_enrollable(cache: Cache, user: User, kind: str) -> None:
    """Raise FailedPrecondition unless the user's organisation allows this kind of factor (``intent``: upstream accounts)."""
    policy = await cache.policy(LoginPolicy, user.organization_id)
    field = _OTHER_FIELDS.get(kind)
    if field is not None:
        if not getattr(policy, field):
            raise FailedPrecondition(
                "user.factor_not_allowed",
                "The factor is not allowed",
                hint=f"the login policy's {field} is off",
            )
        return
    if kind in policy.second_factors or (kind in _UNLESS_SAID and not await _is_said(cache, user)):
        return
    raise _not_a_second_factor(policy)


async def _is_said(cache: Cache, user: User) -> bool:
    """Whether anybody has set which second factors there are."""
    for owner in (user.organization_id, INSTANCE_OWNER):
        row = await cache.get(POLICY, policy_id(owner, LoginPolicy))
        if row is not None and "second_factors" in row.values:
            return True
    return False


def _not_a_second_factor(policy: LoginPolicy) -> OstiaryError:
    hint = f"the login policy's second factors are: {', '.join(policy.second_factors) or 'none'}"
    return FailedPrecondition("user.second_factor_not_allowed", "The second factor is not allowed", hint=hint)
