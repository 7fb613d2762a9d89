"""Signing out."""

from typing import Final

from tests.scenes.stage import Stage


async def logout(stage: Stage) -> None:
    """The question."""
    await stage.sign_in(stage.person())
    await stage.open(stage.url("/ui/v2/login/logout"))


async def logout_several(stage: Stage) -> None:
    """The question, for two people."""
    for _ in range(2):
        await stage.sign_in(stage.person(), stage.url("/ui/v2/login/login", another="1"))
    await stage.open(stage.url("/ui/v2/login/logout"))


async def logged_out(stage: Stage) -> None:
    """Done."""
    await stage.open(stage.url("/ui/v2/login/logout/done"))


async def logged_out_report(stage: Stage) -> None:
    """Done; the application is not told."""
    await stage.come_to_application(stage.person())
    await stage.open(stage.url("/ui/v2/login/logout"))
    await stage.page.locator("main form button").click()
    await stage.page.wait_for_load_state()


SCENES: Final = (logout, logout_several, logged_out, logged_out_report)
