"""Who signs in, what they read and what they hold in their hands."""

import json
import time
from typing import Any, Final, NamedTuple

from tests.doubles.authenticator import UP, UV, SoftKey
from tests.sdk.login_app.app import App
from tests.served import Served

PASSWORD: Final = "Secret-123!"
PAGES: Final = "https://login.a-rather-long-name.identity.example.com/ui/v2/login"
WAIT_S: Final = 10


class Person(NamedTuple):
    """A user."""

    id: str
    name: str


def mail(served: Served, template: str, user_id: str, nth: int = 1) -> dict[str, Any]:
    """The nth mail or SMS of that kind to a user; waits until it was sent."""
    until = time.monotonic() + WAIT_S
    while True:
        files = sorted((served.folder / "outbox").glob("*.json"))
        sent = [json.loads(file.read_text()) for file in files]
        found = [one for one in sent if (one["template"], one["user_id"]) == (template, user_id)]
        if len(found) >= nth:
            told: dict[str, Any] = found[nth - 1]
            return told
        assert time.monotonic() < until, f"no mail {template} for {user_id}"
        time.sleep(0.05)


def key(name: str, *, verifies: bool = True) -> SoftKey:
    """A passkey in a browser that shows the app's pages; without verification a key that is only touched."""
    made = SoftKey(credential_id=f"the-credential-of-{name}".encode(), flags=UP | UV if verifies else UP)
    made.origin = "http://localhost:3000"
    return made


def created(made: SoftKey, options: dict[str, Any]) -> dict[str, Any]:
    """What the app's page sends of an attestation."""
    told = made.create(options)
    response = {part: told["response"][part] for part in ("attestationObject", "clientDataJSON")}
    return {"type": told["type"], "id": told["id"], "rawId": told["rawId"], "response": response}


def asserted(made: SoftKey, options: dict[str, Any]) -> dict[str, Any]:
    """What the app's page sends of an assertion: a user handle that is not there is an empty text."""
    told = made.get(options)
    response = {part: told["response"][part] for part in ("authenticatorData", "clientDataJSON", "signature")}
    response["userHandle"] = told["response"].get("userHandle") or ""
    return {"type": told["type"], "id": told["id"], "rawId": told["rawId"], "response": response}


def passkey_of(app: App, person: Person) -> SoftKey:
    """Register a passkey as the app does: a link whose code comes back, then the ceremony."""
    link = app.call("User", "createPasskeyRegistrationLink", {"userId": person.id, "returnCode": {}})
    asked = {"userId": person.id, "code": link["code"], "domain": "localhost"}
    begun = app.call("User", "registerPasskey", asked)
    made = key(person.name)
    sent = {
        "userId": person.id,
        "passkeyId": begun["passkeyId"],
        "passkeyName": "Linux, Chrome",
        "publicKeyCredential": created(made, begun["publicKeyCredentialCreationOptions"]),
    }
    app.call("User", "verifyPasskeyRegistration", sent)
    return made
