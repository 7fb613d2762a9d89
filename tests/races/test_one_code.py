"""One code of an authenticator app, in many sessions at once (R-22)."""

from datetime import UTC, datetime

from ostiary.crypto.otp import code_of, from_base32, step_of
from tests.races.clients import all_at_once, change
from tests.served import Served

CLIENTS = 64


def enrolled(served: Served, user: str) -> bytes:
    """The secret of a verified authenticator app; its code of the step before was spent for that."""
    secret = from_base32(served.answer("user", "RegisterTOTP", {"userId": user})["secret"])
    code = code_of(secret, step_of(datetime.now(UTC)) - 1)
    served.answer("user", "VerifyTOTPRegistration", {"userId": user, "code": code})
    return secret


def test_one_code(served: Served, racer: str) -> None:
    """Of 64 sessions that show one code exactly one gets the factor; afterwards nobody does."""
    secret = enrolled(served, racer)
    sessions = [
        served.answer("session", "CreateSession", {"checks": {"user": {"userId": racer}}})["sessionId"]
        for _ in range(CLIENTS)
    ]
    code = code_of(secret, step_of(datetime.now(UTC)))
    checks = {"checks": {"totp": {"code": code}}}
    answers = all_at_once(served, [change(session, checks, place) for place, session in enumerate(sessions)])
    assert sum(one.is_ok for one in answers) == 1
    lost = {(one.status, one.id) for one in answers if not one.is_ok}
    assert lost <= {(400, "EVENT-8isk2"), (429, "guess.too_soon")}
    query = {"queries": [{"userIdQuery": {"id": racer}}]}
    listed = served.answer("session", "ListSessions", query)["sessions"]
    with_factor = [one["id"] for one in listed if "totp" in one["factors"]]
    assert with_factor == [sessions[place] for place, one in enumerate(answers) if one.is_ok]
    again = served.connect("session", "SetSession", {"sessionId": sessions[0], **checks})
    assert again.status_code in {400, 429}
