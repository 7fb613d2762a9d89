"""CreateCallback's directly written JSON equals the message's own."""

import json
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from ostiary.api.oidc import callback_json, callback_message
from ostiary.core.login_request import LoginRequest, OidcParameters
from ostiary.oidc.requests import Finished
from tests.api.test_session_json import EPOCH, ROUNDED, TEXT


@given(st.integers(1, 2**40), TEXT, ROUNDED, TEXT)
def test_an_answer_is_written_as_its_message(version: int, url: str, at: datetime, instance_id: str) -> None:
    """Member for member, also where values are empty."""
    request = LoginRequest("V2_1", "1", EPOCH, EPOCH, OidcParameters("", ()), version=version)
    finished = Finished(request, url, at)
    message = callback_message(finished, instance_id)
    assert json.loads(callback_json(finished, instance_id)) == json.loads(message.to_json())
