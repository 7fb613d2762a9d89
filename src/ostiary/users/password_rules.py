"""What a password that somebody chooses for themselves must be, beyond its complexity. Source: NIST SP 800-63B-4, 3.1.1.2."""

from functools import partial

from zxcvbn_rs_py import zxcvbn

from ostiary.core.policy import PasswordComplexityPolicy
from ostiary.core.user import User
from ostiary.errors import FailedPrecondition, InvalidArgument
from ostiary.users.context import Context

# the estimate takes longer than linear time, and a password of that length is strong or repeats itself
_ESTIMATED = 100


async def require_chosen_well(context: Context, password: str, user: User) -> None:
    """Raise InvalidArgument for the first thing that the user's organisation does not accept.

    Works in the hash pool: call it inside a place.
    """
    policy = await context.cache.policy(PasswordComplexityPolicy, user.organization_id)
    if len(password) < policy.min_code_points:
        hint = f"at least {policy.min_code_points} characters"
        raise InvalidArgument("user.password_short", "Password is too short", hint=hint)
    if (
        policy.min_strength
        and await context.pool.run(partial(_strength, password, user)) < policy.min_strength
    ):
        hint = "use several unusual words, and nothing of your name or address"
        raise InvalidArgument("user.password_weak", "Password is too easy to guess", hint=hint)
    if policy.refuses_breached and await _is_breached(context, password):
        hint = "it stands in lists of stolen passwords; choose another"
        raise InvalidArgument("user.password_breached", "Password is known to attackers", hint=hint)


def _strength(password: str, user: User) -> int:
    email = user.email.value if user.email else ""
    return int(zxcvbn(password[:_ESTIMATED], [user.username, user.display_name, email]).score)


async def _is_breached(context: Context, password: str) -> bool:
    known = context.breaches
    if known is not None:
        try:
            return await context.pool.run(partial(known.holds, password))
        except OSError:
            pass
    hint = "the policy asks for a list of known passwords, and the server's setting breached_passwords names none"
    raise FailedPrecondition("user.breach_list_missing", "Passwords cannot be judged now", hint=hint)
