"""Whether this is the first start; what only that needs is loaded only then."""

from ostiary.app.installation import Installation
from ostiary.core.organization import INSTANCE, INSTANCE_KEY


async def begin(installation: Installation) -> bool:
    """Make the instance and its first users if there are none; whether it did."""
    if await installation.store.get(INSTANCE, INSTANCE_KEY) is not None:
        return False
    from ostiary.app.founding import found

    await found(installation)
    return True
