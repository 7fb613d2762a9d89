"""The present code of an authenticator app, for tests and for whoever lost patience with a phone."""

from ostiary.app.installation import existing
from ostiary.config.settings import Settings, Trouble
from ostiary.core.user import AUTHENTICATOR
from ostiary.crypto.otp import code_of, from_base32, step_of
from ostiary.effects import SystemEffects
from ostiary.factors import totp
from ostiary.storage.reads import user_by_login_name


def code_of_secret(secret: str) -> str:
    """The code of a base32 secret; raises Trouble when it is none."""
    try:
        return code_of(from_base32(secret), step_of(SystemEffects().now()))
    except ValueError:
        raise Trouble("The secret is not base32 (letters A-Z and digits 2-7).") from None


async def code_of_user(settings: Settings, login_name: str) -> str:
    """The code of a user's authenticator app; raises Trouble without one."""
    async with existing(settings) as installation:
        user = await user_by_login_name(installation.store, login_name)
        if user is None:
            raise Trouble(f"There is no user {login_name}.")
        owned = await installation.store.get(AUTHENTICATOR, totp.authenticator_id(user.id))
        if owned is None:
            raise Trouble(f"{login_name} has no authenticator app.")
        data = totp.decode(installation.tools.unseal(owned))
        return code_of(data.secret, step_of(installation.effects.now()))
