"""A device is let in."""

from typing import Final

from tests.scenes.stage import Stage


async def device(stage: Stage) -> None:
    """The code's form."""
    await stage.open(stage.url("/device"))


async def device_wrong(stage: Stage) -> None:
    """No device waits with it."""
    await device(stage)
    await stage.fill(user_code="BCDF-GHJK")


async def device_question(stage: Stage) -> None:
    """Is it yours?"""
    user_code = stage.device_code()
    await device(stage)
    await stage.fill(user_code=user_code)
    person = stage.person()
    await stage.fill(login_name=person.name)
    await stage.fill(password=stage.password)


async def device_allowed(stage: Stage) -> None:
    """It is."""
    await device_question(stage)
    await stage.press("Allow")


async def device_denied(stage: Stage) -> None:
    """It is not."""
    await device_question(stage)
    await stage.press("Do not allow")


SCENES: Final = (device, device_wrong, device_question, device_allowed, device_denied)
