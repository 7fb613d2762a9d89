"""The cleaning of one installation."""

from collections import Counter

from ostiary.app.installation import Installation, existing
from ostiary.config.settings import Settings
from ostiary.retention.cleaning import Cleaner
from ostiary.retention.rules import kept_of_days


def cleaner(installation: Installation) -> Cleaner:
    """As the settings say."""
    said = installation.settings
    kept = kept_of_days(
        said.expired_sessions_days, said.ended_sessions_days, said.deliveries_days, said.audit_days
    )
    return Cleaner(installation.store, installation.effects, kept)


async def cleaned(settings: Settings) -> Counter[str]:
    """What was removed just now, beside a running server or without; raises Trouble."""
    async with existing(settings) as installation:
        return await cleaner(installation).clean()
