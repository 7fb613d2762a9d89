"""``ostiary policy`` beside a running server: what it sets holds from the next request on."""

import pytest

from ostiary.cli import run
from tests.cli.process import Serving

Captured = pytest.CaptureFixture[str]


def test_set_and_reset(dev: Serving, capsys: Captured) -> None:
    """A value that is set is shown here and on the wire, of the instance or an organisation, until it is reset."""
    place = ["--data", str(dev.data)]
    org = dev.ask("GET", "/v2/settings", token=dev.admin)[1]["defaultOrganizationId"]
    path = f"/v2/settings/password/expiry?ctx.orgId={org}"
    assert run(["policy", "set", "password_expiry", "max_age_days=365", "expire_warn_days=7", *place]) == 0
    assert run(["policy", "set", "password_expiry", "max_age_days=180", "--org", org, *place]) == 0
    found = dev.ask("GET", path, token=dev.admin)[1]["settings"]
    assert (found["maxAgeDays"], found["expireWarnDays"]) == ("180", "7")
    assert run(["policy", "get", "password_expiry", "--org", org, *place]) == 0
    assert capsys.readouterr().out == "max_age_days=180\nexpire_warn_days=7\n"
    assert run(["policy", "reset", "password_expiry", "--org", org, *place]) == 0
    assert run(["policy", "reset", "password_expiry", *place]) == 0
    assert "maxAgeDays" not in dev.ask("GET", path, token=dev.admin)[1]["settings"]


def test_every_form(dev: Serving, capsys: Captured) -> None:
    """Switches, lists and values inside a group are set by their text; all policies are listed."""
    place = ["--data", str(dev.data)]
    changes = {
        "login": ["hide_password_reset=TRUE", "second_factors=totp, u2f,otp_email"],
        "branding": ["light_theme.primary_color=#123456"],
        "legal": ["custom_link_text=5"],
    }
    for group, values in changes.items():
        assert run(["policy", "set", group, *values, *place]) == 0
    capsys.readouterr()
    assert run(["policy", "get", *place]) == 0
    out = capsys.readouterr().out.splitlines()
    assert {
        "login.hide_password_reset=true",
        "login.second_factors=totp,u2f,otp_email",
        "branding.light_theme.primary_color=#123456",
        "branding.light_theme.font_color=#000000",
        "legal.custom_link_text=5",
    } <= set(out)
    for group in changes:
        assert run(["policy", "reset", group, *place]) == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["set", "lockout", "max_otp_attempts=many"], "max_otp_attempts"),
        (["set", "lockout", "max_tries=3"], "max_tries"),
        (["set", "lockout"], "say what to set"),
        (["set", "lockout", "max_otp_attempts"], "say what to set"),
        (["set", "login", "force_mfa=maybe"], "force_mfa"),
        (["get", "locks"], "There is no policy locks"),
        (["get", "--org", "nobody"], "There is no organisation nobody"),
        (["reset", "domain"], "could not be found"),
    ],
)
def test_refused(dev: Serving, capsys: Captured, arguments: list[str], said: str) -> None:
    """What cannot be is told in a sentence."""
    assert run(["policy", *arguments, "--data", str(dev.data)]) == 1
    assert said in capsys.readouterr().err


def test_settings_is_another_word(dev: Serving, capsys: Captured) -> None:
    """``settings get`` and ``set`` do what ``policy get`` and ``set`` do; alone it lists the program's own."""
    place = ["--data", str(dev.data)]
    assert run(["settings", "set", "lockout", "max_otp_attempts=7", *place]) == 0
    assert run(["settings", "get", "lockout", *place]) == 0
    assert "max_otp_attempts=7" in capsys.readouterr().out
    assert run(["settings", "reset", "lockout", *place]) == 0
    assert run(["settings", *place]) == 0
    assert "address_limits" in capsys.readouterr().out
