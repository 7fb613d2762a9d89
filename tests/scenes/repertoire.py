"""All scenes."""

from collections.abc import Awaitable, Callable
from typing import Final

from tests.scenes import account, devices, mailed, second_factors, signing_in, signing_out
from tests.scenes.stage import Stage

Scene = Callable[[Stage], Awaitable[None]]
SCENES: Final[tuple[Scene, ...]] = (
    *signing_in.SCENES,
    *second_factors.SCENES,
    *mailed.SCENES,
    *devices.SCENES,
    *account.SCENES,
    *signing_out.SCENES,
)


def name_of(scene: Scene) -> str:
    """What its pictures are called."""
    return scene.__name__.replace("_", "-")
