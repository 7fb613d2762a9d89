"""The first answers, while the rest of the server is still loaded; and what is loaded when."""

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ostiary.app.beginning import begin
from ostiary.app.composition import whole
from ostiary.app.installation import SERVE_NODE, opened
from ostiary.app.late import Late
from ostiary.app.login import login
from ostiary.app.readiness import Readiness
from ostiary.app.staged import is_rest
from ostiary.app.surface import surface
from ostiary.config.settings import Settings
from ostiary.logs import open_log
from ostiary.storage.folder import prepare
from tests.cli.conftest import Start


def test_nobody_is_refused_while_loading(start: Start) -> None:
    """From the first moment on every service answers, at worst a little later."""
    serving = start()
    asked = (
        ("GET", "/v2/sessions/1", 404),
        ("GET", "/v2/settings", 200),
        ("POST", "/v2/users", 200),
        ("GET", "/.well-known/openid-configuration", 200),
        ("GET", "/nowhere", 404),
    )
    with ThreadPoolExecutor(len(asked)) as pool:
        answers = pool.map(lambda one: serving.ask(one[0], one[1], {}, token=serving.admin)[0], asked)
        assert list(answers) == [status for _, _, status in asked]
    assert serving.ask("GET", "/v2/sessions/1", token="eyJhbGciOiJFUzI1NiJ9.e30.AA")[0] == 401
    assert serving.stop() == 0


async def test_each_route_is_of_one_stage(tmp_path: Path) -> None:
    """The whole is loaded for what only it has, and for nothing else but gRPC's own services."""
    settings = Settings(data=tmp_path / "data")
    prepare(settings.data)
    async with opened(settings, SERVE_NODE) as installation:
        await begin(installation)
        readiness = Readiness(installation.store, installation.effects, settings.data, lambda: 0)
        log = open_log(io.StringIO(), console=False, level="error", now=installation.effects.now)
        shared = surface(installation, readiness, log)
        before = login(shared)
        there = before.application.places
        later = whole(shared, before).places - there
    assert [path for _, path in later if not is_rest(path)] == []
    assert [path for _, path in there if is_rest(path) and not path.startswith("/grpc.")] == []


async def test_what_cannot_be_loaded() -> None:
    """It is told to everybody who waits, and is fatal: a server that answers half of its calls should start anew."""
    told: list[BaseException] = []

    def make() -> int:
        raise ImportError("gone")

    late = Late(make, told.append)
    for _ in range(2):
        with pytest.raises(ImportError, match="gone"):
            await late.made()
    assert [str(error) for error in told] == ["gone"]
    assert late.value is None
