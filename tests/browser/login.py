"""A login UI: its backend calls our API, its page asks the browser."""

from typing import Any

from tests.browser.chromium import Browser
from tests.served import Served

PASSWORD = "Password1!"


class Login:
    """One user, who has a password and, if they wish, keys."""

    def __init__(self, served: Served, browser: Browser, name: str) -> None:
        self._served = served
        self.browser = browser
        self.user_id = str(
            self.call(
                "POST",
                "/v2/users/human",
                username=name,
                profile={"givenName": "Key", "familyName": "Owner"},
                email={"email": f"{name}@example.com", "isVerified": True},
                password={"password": PASSWORD},
            )["userId"]
        )

    def call(self, verb: str, path: str, /, **message: Any) -> dict[str, Any]:
        """A call that must succeed."""
        response = self._served.rest(verb, path, message if verb != "GET" else None)
        assert response.status_code in {200, 201}, response.text
        content: dict[str, Any] = response.json()
        return content

    async def enrol(self, kind: str = "passkeys", **wanted: Any) -> str:
        """The id of a key that was registered in the browser."""
        asked = self.call("POST", f"/v2/users/{self.user_id}/{kind}", domain="localhost", **wanted)
        made = await self.browser.create(asked["publicKeyCredentialCreationOptions"])
        key_id = str(asked.get("passkeyId") or asked.get("u2fId"))
        name = "passkeyName" if kind == "passkeys" else "tokenName"
        path = f"/v2/users/{self.user_id}/{kind}/{key_id}"
        self.call("POST", path, publicKeyCredential=made, **{name: "Key"})
        return key_id

    def begin(self, requirement: str = "REQUIRED", **checks: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """A session with a challenge, and the browser's options."""
        asked = {
            "domain": "localhost",
            "userVerificationRequirement": f"USER_VERIFICATION_REQUIREMENT_{requirement}",
        }
        made = self.call("POST", "/v2/sessions", challenges={"webAuthN": asked}, checks=checks)
        return made, made["challenges"]["webAuthN"]["publicKeyCredentialRequestOptions"]

    def check(self, made: dict[str, Any], assertion: dict[str, Any]) -> tuple[int, str]:
        """Status and error id of a check with the browser's answer."""
        message = {
            "sessionToken": made["sessionToken"],
            "checks": {"webAuthN": {"credentialAssertionData": assertion}},
        }
        response = self._served.rest("PATCH", f"/v2/sessions/{made['sessionId']}", message)
        details = response.json().get("details", [])
        return response.status_code, details[0]["id"] if isinstance(details, list) else ""

    def factors(self, made: dict[str, Any]) -> dict[str, Any]:
        """What the session says of its factors."""
        found: dict[str, Any] = self.call("GET", f"/v2/sessions/{made['sessionId']}")["session"]["factors"]
        return found
