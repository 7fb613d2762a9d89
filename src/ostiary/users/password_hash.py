"""New passwords made into what is stored: judged first, hashed in the pool."""

from contextlib import AbstractAsyncContextManager, nullcontext

from ostiary.core.complexity import require_complexity
from ostiary.core.policy import PasswordComplexityPolicy
from ostiary.crypto.password import SALT_BYTES, hash_password, is_supported
from ostiary.errors import InvalidArgument
from ostiary.users.change import NewPassword
from ostiary.users.context import Context


async def require_acceptable(context: Context, new: NewPassword, organization_id: str) -> None:
    """Raise InvalidArgument for a password that the organisation does not accept, or a hash we cannot verify."""
    if new.encoded_hash:
        if not is_supported(new.encoded_hash):
            hint = "bcrypt ($2a$, $2b$, $2y$) and argon2, at a cost that can be borne here"
            raise InvalidArgument("USER-JDk4t", "Password hash is not supported", hint=hint)
        return
    if not new.password:
        raise InvalidArgument("COMMAND-Mf0sd", "Password is empty")
    policy = await context.cache.policy(PasswordComplexityPolicy, organization_id)
    require_complexity(new.password, policy)


def place_for(context: Context, new: NewPassword | None) -> AbstractAsyncContextManager[None]:
    """A place in the hash pool if there is something to hash; raises Unavailable."""
    return context.pool.place() if new is not None and new.password else nullcontext()


async def hashed(context: Context, new: NewPassword) -> bytes:
    """The hash in its encoded form; call it inside a place."""
    if new.encoded_hash:
        return new.encoded_hash.encode()
    salt = context.effects.random_bytes(SALT_BYTES)
    return (await context.pool.run(lambda: hash_password(new.password, salt))).encode()
