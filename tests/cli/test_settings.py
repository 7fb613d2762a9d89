"""Settings: where they come from, and that each is explained."""

from dataclasses import fields
from pathlib import Path

import pytest

from ostiary.cli import run
from ostiary.cli.options import Serving
from ostiary.cli.plain import plain_options
from ostiary.config.listing import names, table
from ostiary.config.loading import load
from ostiary.config.settings import SettingsError
from tests.cli.process import ostiary
from tests.house.source import TOP

KEY = "A" * 43 + "="


def test_each_is_explained() -> None:
    """Every setting has a unit and a sentence."""
    for name, unit, _, sentence in table():
        assert unit, name
        assert sentence.endswith("."), name


def test_serve_takes_all_but_secrets() -> None:
    """Every setting is an option of serve, but those that others could read from the list of processes."""
    options = {field.name for field in fields(Serving)}
    assert options == {*names(), "config"} - {"master_key", "smtp_password", "twilio_auth_token"}


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        (["--data", "d", "--port=1", "--dev"], {"data": "d", "port": "1", "dev": True}),
        (["--external-url", "https://x", "--config", "f"], {"external_url": "https://x", "config": "f"}),
        (["--help"], None),
        (["--port"], None),
        (["--port", "--dev"], None),
        (["--port", "1", "--port", "2"], None),
        (["--dev=yes"], None),
        (["--no-dev"], None),
        (["--master-key", "x"], None),
        (["data"], None),
    ],
)
def test_plain_options(arguments: list[str], options: dict[str, object] | None) -> None:
    """The usual form is read at once, everything else is left to the library."""
    assert plain_options(arguments) == options


def test_reference_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    """docs/settings.md is what the program says."""
    assert run(["settings", "--markdown"]) == 0
    assert capsys.readouterr().out == (TOP / "docs" / "settings.md").read_text()


def test_precedence(tmp_path: Path) -> None:
    """Options go before the environment, that before the file, that before the default; secrets are stars."""
    (tmp_path / "ostiary.toml").write_text('port = 1001\ndata = "here"\norganization = "Filed"\n')
    file = str(tmp_path / "ostiary.toml")
    shown = ostiary("settings", "--config", file, OSTIARY_PORT="1002", OSTIARY_MASTER_KEY=KEY).stdout
    lines = [line.split() for line in shown.splitlines()]
    assert ["port", "1002"] in lines
    assert ["organization", "Filed"] in lines
    assert str(tmp_path / "here") in shown
    assert KEY not in shown
    assert load({"port": 1003}, tmp_path / "ostiary.toml").port == 1003


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"mail": "smtp", "smtp_host": "mail.example.com"}, "mail_sender"),
        ({"mail": "smtp", "mail_sender": "no-reply@example.com"}, "smtp_host"),
        ({"sms": "twilio", "sms_sender": "+41791234567"}, "twilio_account_sid"),
        ({"sms": "pigeon"}, "sms"),
        ({"smtp_host": "mail.example.com", "smtp_user": "a", "smtp_security": "none"}, "smtp_security"),
    ],
)
def test_half_a_sender(given: dict[str, str], missing: str) -> None:
    """A sender that cannot work is refused at the start, and the setting named."""
    with pytest.raises(SettingsError, match=missing):
        load(given)


def test_external_url() -> None:
    """The issuer is the external URL, by default localhost at the port."""
    assert load({"port": 8100}).url == "http://localhost:8100"
    assert load({"external_url": "https://id.example.com/"}).url == "https://id.example.com"
    assert load({"external_url": "https://id.example.com:8443"}).domain == "id.example.com"


@pytest.mark.parametrize("wrong", ["login.example.com", "/ui", "https://", "https://login.example.com/?a=b"])
def test_login_base_url(wrong: str) -> None:
    """Where browsers are sent to log in is a URL to which a path can be added."""
    with pytest.raises(SettingsError, match="login_base_url"):
        load({"login_base_url": wrong})
    assert load({"login_base_url": "https://login.example.com/sign-in/"}).login_base_url


@pytest.mark.parametrize("wrong", ["proxy.example.com", "10.1.0.0/99", "10.0.0.7, 10.1.2.3/16"])
def test_trusted_proxies(wrong: str) -> None:
    """Proxies are addresses and networks; the one that is neither is named."""
    with pytest.raises(SettingsError, match=f"trusted_proxies names {wrong.rsplit(', ', maxsplit=1)[-1]}"):
        load({"trusted_proxies": wrong})
    assert load({"trusted_proxies": " 10.0.0.7 ,2001:db8::/48,"}).proxies == ("10.0.0.7", "2001:db8::/48")
