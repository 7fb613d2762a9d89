"""The account's own pages."""

from typing import Final

from tests.scenes.stage import Stage


async def account_devices(stage: Stage) -> None:
    """Where one is signed in."""
    await stage.sign_in(stage.person())
    await stage.open(stage.url("/ui/v2/account"))


SCENES: Final = (account_devices,)
