"""The SDK's three ways to authenticate, unchanged, with what our command line makes."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sdk.zitadel import sdk
from tests.served import Served


@pytest.fixture(scope="module")
def at_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, Path]]:
    """A server that knows its own address, for clients that discover its endpoints; and a folder for files."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    folder = tmp_path_factory.mktemp("at-home")
    options = ("--dev", "--port", str(port), "--external-url", f"http://localhost:{port}")
    with Served(folder / "data", *options) as served:
        made = [
            *(sys.executable, "-c", "from ostiary.cli import main; main()", "machine", "create", "robot"),
            *("--role", "IAM_OWNER", *served.place),
            *("--pat", str(folder / "pat"), "--key", str(folder / "key"), "--secret", str(folder / "secret")),
        ]
        subprocess.run(made, check=True, capture_output=True, timeout=60)
        yield served, folder


def host(served: Served) -> str:
    """The server by the name of its issuer."""
    return f"http://localhost:{served.port}"


def test_personal_access_token(at_home: tuple[Served, Path]) -> None:
    """A token from a file."""
    served, folder = at_home
    with sdk.Zitadel.with_access_token(host(served), (folder / "pat").read_text().strip()) as client:
        assert client.settings.get_general_settings({}).default_org_id


def test_client_credentials(at_home: tuple[Served, Path]) -> None:
    """Name and secret of a service user, exchanged at the discovered endpoint."""
    served, folder = at_home
    secret = json.loads((folder / "secret").read_text())
    with sdk.Zitadel.with_client_credentials(
        host(served), secret["client_id"], secret["client_secret"]
    ) as client:
        assert client.settings.get_general_settings({}).default_org_id


def test_private_key(at_home: tuple[Served, Path]) -> None:
    """ZITADEL's key file, signed into an assertion by the SDK."""
    served, folder = at_home
    with sdk.Zitadel.with_private_key(host(served), str(folder / "key")) as client:
        assert client.settings.get_general_settings({}).default_org_id
