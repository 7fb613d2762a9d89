"""``ostiary app`` beside a running server: what it sets holds from the next request on."""

import pytest

from ostiary.cli import run
from tests.cli.process import Serving

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def client(dev: Serving, request: pytest.FixtureRequest, capsys: Captured) -> str:
    """The client_id of a client that was just registered."""
    made = ["app", "create", "Shop", request.node.name, "--redirect-uri", "https://a.example/cb"]
    assert run([*made, "--data", str(dev.data)]) == 0
    return capsys.readouterr().out.split()[1]


def test_set(dev: Serving, client: str, capsys: Captured) -> None:
    """Numbers, words and lists; the server has them at once."""
    place = ["--data", str(dev.data)]
    uris = "redirect_uris=https://a.example/cb,https://b.example/cb"
    values = ["access_token_lifetime_s=300", "refresh_grace_s=10", "access_token_form=opaque", uris]
    assert run(["app", "set", client, *values, *place]) == 0
    assert run(["app", "get", client, *place]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert {*values, "id_token_algorithm=RS256"} <= set(shown)
    path = f"/oauth/v2/authorize?client_id={client}&redirect_uri=https://b.example/cb"
    assert dev.ask("GET", path)[0] == 302


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([], "say what to set"),
        (["refresh_grace_s"], "say what to set"),
        (["lifetime=5"], "There is no setting lifetime"),
        (["refresh_grace_s=soon"], "refresh_grace_s is a whole number, not soon."),
        (["id_token_role_assertion=maybe"], "id_token_role_assertion is true or false, not maybe."),
        (["access_token_form=paper"], "paper"),
        (["access_token_lifetime_s=5"], "60 to 43200"),
        (["redirect_uris=http://a.example"], "http is for localhost"),
    ],
)
def test_refused(dev: Serving, client: str, values: list[str], told: str, capsys: Captured) -> None:
    """What is wrong, and what would be right."""
    assert run(["app", "set", client, *values, "--data", str(dev.data)]) == 1
    assert told in capsys.readouterr().err


def test_unknown_client(dev: Serving, capsys: Captured) -> None:
    """An API has no such settings either."""
    assert run(["app", "get", "nobody", "--data", str(dev.data)]) == 1
    assert "no OpenID Connect client nobody" in capsys.readouterr().err
