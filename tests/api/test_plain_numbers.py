"""Numbers as readers of integers take them."""

import requests

from ostiary.api.plain_numbers import plain_numbers
from tests.served import Served

ASKED = {"domain": "localhost", "userVerificationRequirement": "USER_VERIFICATION_REQUIREMENT_REQUIRED"}


def test_numbers() -> None:
    """Whole numbers lose their fraction; fractions, exponents and texts stay."""
    read = '{"whole":[-7.0,300000.0,-0.0],"parts":[1.5,1e16],"texts":["1.0","10.0.0.1"]}'
    assert plain_numbers(read) == (b'{"whole":[-7,300000,0],"parts":[1.5,1e16],"texts":["1.0","10.0.0.1"]}')
    assert plain_numbers('{"a": "ü"}') == '{"a": "ü"}'.encode()


def test_options_of_keys(served: Served) -> None:
    """What a browser is asked, over REST and Connect: algorithms and timeouts are whole numbers, as ZITADEL's are."""
    user_id = served.rest("POST", "/v2/users", {}).json()["result"][0]["userId"]
    asked = served.rest("POST", f"/v2/users/{user_id}/passkeys", {"domain": "localhost"})
    assert '"alg":-7}' in asked.text
    assert '"timeout":300000,' in asked.text
    challenged = requests.post(
        f"{served.base}/zitadel.session.v2.SessionService/CreateSession",
        json={"challenges": {"webAuthN": ASKED}},
        headers={"authorization": f"Bearer {served.pat}"},
        timeout=30,
    )
    assert '"timeout":300000,' in challenged.text
