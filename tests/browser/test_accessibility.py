"""What axe finds on every page, and whether it fits the smallest screens."""

from typing import Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser as Chromium

from tests.scenes.repertoire import SCENES, Scene, name_of
from tests.scenes.stage import staged
from tests.served import Served

pytestmark = pytest.mark.asyncio(loop_scope="module")
NARROWEST = 320
# all rules once; in the other colours those that look at colours
SCHEMES: tuple[tuple[Literal["light", "dark"], dict[str, object]], ...] = (
    ("light", {}),
    ("dark", {"runOnly": ["color-contrast", "link-in-text-block"]}),
)


@pytest.mark.parametrize("scene", SCENES, ids=name_of)
async def test_axe(served: Served, chromium: Chromium, scene: Scene) -> None:
    """Nothing, in light and in dark; and nothing is cut off or has to be scrolled to the side at 320 pixels."""
    async with staged(chromium, served) as stage:
        await scene(stage)
        assert await stage.page.locator("h1").count() == 1, stage.page.url
        for scheme, rules in SCHEMES:
            await stage.page.emulate_media(color_scheme=scheme)
            options = {"resultTypes": ["violations"], **rules}
            found = (await Axe().run(stage.page, options=options)).response["violations"]
            told = [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]
            assert not told, scheme
        await stage.page.set_viewport_size({"width": NARROWEST, "height": 600})
        width = await stage.page.evaluate("document.documentElement.scrollWidth")
        assert width <= NARROWEST
