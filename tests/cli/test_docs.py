"""What the documentation says to type does what it says."""

import re
import subprocess
from typing import Final

from tests.cli.conftest import Start
from tests.cli.process import PROGRAM, Serving, clean_environment
from tests.house.source import TOP

_BLOCK: Final = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
_BETWEEN: Final = "\x1e"


def typed(serving: Serving, document: str) -> list[str]:
    """What each block of a document prints; they are typed in order, in one shell."""
    blocks = _BLOCK.findall((TOP / "docs" / document).read_text())
    script = f"printf '{_BETWEEN}'\n".join(blocks)
    for said, here in (
        ("localhost:8080", f"localhost:{serving.port}"),
        ("ostiary-data", serving.data.name),
        ("./ostiary", PROGRAM),
    ):
        script = script.replace(said, here)
    done = subprocess.run(
        ["bash", "-euc", script],
        cwd=serving.data.parent,
        env=clean_environment() | {"OSTIARY_DATA": str(serving.data)},
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
    )
    return done.stdout.split(_BETWEEN)


def test_tokens(dev: Serving) -> None:
    """A session for tokens, a request that a login UI finishes, and one that a pushed session token does."""
    _, exchanged, answered, finished = typed(dev, "tokens.md")
    assert re.search(r'"callbackUrl":"http://localhost:9999/cb\?code=ostc_[^"]+&state=xyz&iss=', answered)
    assert re.search(r'"access_token":"ey[^"]+".*"refresh_token":"ostr_.*"id_token":"ey', exchanged)
    assert re.match(r"http://localhost:9999/cb\?code=ostc_\S+&state=xyz&iss=", finished)


def test_login_ui(start: Start) -> None:
    """A login page verifies alice by every factor that needs no browser, and answers applications and devices."""
    printed = iter(typed(start("--dev"), "login-ui.md"))
    assert "".join(next(printed) for _ in range(2)) == ""  # what is typed with, and where browsers are sent
    assert '"loginHint":"alice"' in next(printed)
    assert '"allowUsernamePassword":true' in next(printed)
    assert '"sessionToken":"osts_' in next(printed)
    assert '"authMethodTypes":["AUTHENTICATION_METHOD_TYPE_PASSWORD"]' in next(printed)
    assert '"details":{' in next(printed)  # an app is set up
    assert '"sessionToken":"osts_' in next(printed)
    assert '"details":{' in next(printed)  # and codes by mail
    assert next(printed).count('"sessionToken":"osts_') == 2
    assert '"sessionToken":"osts_' in next(printed)  # a recovery code
    assert '"rpId":"localhost"' in next(printed)
    factors = re.findall(r'"(\w+)":{"verifiedAt"', next(printed))
    assert factors == ["password", "totp", "otpEmail", "recoveryCode"]
    missing = "x-ostiary-hint: a second factor must be verified in the session"
    assert next(printed).startswith(missing)
    assert '"callbackUrl":"http://localhost:9999/cb?code=' in next(printed)
    assert '"callbackUrl":"http://localhost:9999/cb?error=access_denied&error_description=cancelled&' in next(
        printed
    )
    assert next(printed).endswith("{}\n")  # the device is let in
    assert '"totalResult":"1"' in next(printed)
    assert '"details":{' in next(printed)  # it has ended
    assert '"details":{' in next(printed)  # an account, its address confirmed
    found, changed = next(printed).splitlines()
    assert '"loginNames":["dora",' in found
    assert '"details":{"sequence":"4"' in changed
    assert list(printed) == []


def test_sessions_in_your_app(start: Start) -> None:
    """Tokens are checked, narrowed, renewed and asked for silently; all of them end with the session."""
    printed = typed(start("--dev"), "sessions-in-your-app.md")
    nothing, asked, verified, narrowed, renewed, silent, over = printed
    assert nothing == renewed == ""
    assert [line.startswith('{"active":true,') for line in asked.splitlines()] == [True, True]
    assert '"kty":"EC"' in verified
    assert '"scope":"openid profile offline_access"' in verified
    assert narrowed == '{"active":false}\n'
    assert silent.startswith("http://localhost:9999/cb?error=login_required&")
    gone, dead, refused = over.splitlines()
    assert (gone, dead) == ("http://localhost:9999/cb?state=1", '{"active":false}')
    assert '"error":"invalid_grant"' in refused
