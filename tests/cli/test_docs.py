"""What the documentation says to type does what it says."""

import re
import subprocess
from typing import Final

import pytest

from tests.cli.process import Serving, clean_environment
from tests.house.source import TOP

_BLOCK: Final = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture
def typed(dev: Serving) -> list[str]:
    """What each block of ``docs/tokens.md`` but the first prints, one after the other."""
    text = (TOP / "docs" / "tokens.md").read_text()
    first, *others = (
        block.replace("localhost:8080", f"localhost:{dev.port}").replace("ostiary-data", dev.data.name)
        for block in _BLOCK.findall(text)
    )
    return [_printed(dev, first + block) for block in others]


def _printed(dev: Serving, script: str) -> str:
    done = subprocess.run(
        ["bash", "-euc", script],
        cwd=dev.data.parent,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return done.stdout


def test_tokens(typed: list[str]) -> None:
    """A session for tokens, a request that a login UI finishes, and one that a pushed session token does."""
    exchanged, answered, finished = typed
    assert re.search(r'"callbackUrl":"http://localhost:9999/cb\?code=ostc_[^"]+&state=xyz&iss=', answered)
    assert re.search(r'"access_token":"ey[^"]+".*"refresh_token":"ostr_.*"id_token":"ey', exchanged)
    assert re.match(r"http://localhost:9999/cb\?code=ostc_\S+&state=xyz&iss=", finished)
