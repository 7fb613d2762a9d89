"""One server for the tests that only look, and one for each that breaks something."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.process import Serving

Start = Callable[..., Serving]


@pytest.fixture(autouse=True)
def _own_log() -> Iterator[None]:
    """What opens the log in this process has it closed again: its stream is pytest's, and gone with the test."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)


@pytest.fixture(scope="session")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A server to try things on, with a clock that can be moved."""
    serving = Serving(tmp_path_factory.mktemp("dev") / "data", "--dev", "--test-clock")
    yield serving
    assert serving.stop() == 0


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts servers on ``data``; what still runs at the end is ended."""
    started: list[Serving] = []

    def begin(*arguments: str) -> Serving:
        started.append(Serving(tmp_path / "data", *arguments))
        return started[-1]

    yield begin
    for serving in started:
        if serving.process.poll() is None:
            serving.process.kill()
            serving.process.wait()
