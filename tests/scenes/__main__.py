"""Takes pictures of every page, light and dark, phone and desktop: ``tools/screenshots [PART-OF-A-NAME...]``.

With ``--readme``: of the few that the README shows, into its folder.
"""

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

from playwright.async_api import Browser as Chromium
from playwright.async_api import Page, async_playwright

from tests.browser.chromium import CHROMIUM, SWITCHES
from tests.scenes import account, second_factors, signing_in
from tests.scenes.repertoire import SCENES, Scene, name_of
from tests.scenes.stage import staged
from tests.served import Served

FOLDER: Final = Path("screenshots")
README: Final = Path("docs/images")
_SHOWN: Final[tuple[tuple[str, Scene, Literal["light", "dark"]], ...]] = (
    ("sign-in", signing_in.login_name, "light"),
    ("second-factor", second_factors.login_offer, "light"),
    ("devices", account.account_devices, "dark"),
)
_SIZES: Final = (("phone", 390, 844), ("desktop", 1280, 800))


async def picture(page: Page, name: str, folder: Path) -> None:
    """Four files of the page as it stands."""
    for size, width, height in _SIZES:
        await page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme)
            await page.screenshot(
                path=folder / f"{name}-{size}-{scheme}.png", full_page=True, caret="initial"
            )


async def play_readme(chromium: Chromium, served: Served) -> None:
    """What fits on a phone's screen."""
    for name, scene, scheme in _SHOWN:
        async with staged(chromium, served) as stage:
            await scene(stage)
            await stage.page.set_viewport_size({"width": 390, "height": 780})
            await stage.page.emulate_media(color_scheme=scheme)
            await stage.page.screenshot(path=README / f"{name}.png")


async def play(scene: Scene, chromium: Chromium, served: Served, folder: Path) -> None:
    """One scene, then its pictures."""
    async with staged(chromium, served) as stage:
        await scene(stage)
        await picture(stage.page, name_of(scene), folder)


async def main(parts: Sequence[str], folder: Path, *, readme: bool = False) -> int:
    """The exit status: 1 if a scene could not be played."""
    wanted = [s for s in SCENES if not parts or any(part in name_of(s) for part in parts)]
    failed = 0
    with tempfile.TemporaryDirectory() as data, Served(Path(data) / "data", "--dev") as served:
        async with async_playwright() as playwright:
            chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(SWITCHES))
            if readme:
                await play_readme(chromium, served)
                return 0
            for scene in wanted:
                try:
                    await play(scene, chromium, served, folder)
                except Exception as error:  # noqa: BLE001  the other pages are wanted all the same
                    failed += 1
                    sys.stderr.write(f"{name_of(scene)}: {error}\n")
            await chromium.close()
    sys.stdout.write(f"{len(wanted) - failed} of {len(wanted)} pages are in {folder}/\n")
    return 1 if failed else 0


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    is_readme = sys.argv[1:] == ["--readme"]
    sys.exit(asyncio.run(main([] if is_readme else sys.argv[1:], FOLDER, readme=is_readme)))
