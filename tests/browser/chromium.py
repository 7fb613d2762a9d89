"""One page of Chromium at our origin, and the authenticators that its DevTools lend it."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from playwright.async_api import CDPSession, Error, Page

CHROMIUM: Final = Path("/usr/bin/chromium")
SWITCHES: Final = (
    "--no-sandbox",  # it runs as root in containers
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_CREATE: Final = """async options => {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options.publicKey);
  return (await navigator.credentials.create({publicKey})).toJSON();
}"""
_GET: Final = """async ([options, mediation]) => {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options.publicKey);
  return (await navigator.credentials.get({publicKey, mediation})).toJSON();
}"""
PLATFORM: Final = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
TOUCHED: Final = {
    **PLATFORM,
    "transport": "usb",
    "hasResidentKey": False,
    "hasUserVerification": False,
    "isUserVerified": False,
}


@dataclass
class Browser:
    """What a login page does: it asks the authenticator, and hands on what it says."""

    page: Page
    devtools: CDPSession
    authenticators: list[str] = field(default_factory=list)

    async def plug(self, **options: Any) -> str:
        """Lend it this authenticator alone."""
        for one in self.authenticators:
            await self.devtools.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": one})
        wanted = {"options": {**PLATFORM, **options}}
        added = await self.devtools.send("WebAuthn.addVirtualAuthenticator", wanted)
        self.authenticators = [added["authenticatorId"]]
        return self.authenticators[0]

    async def create(self, options: dict[str, Any]) -> dict[str, Any]:
        """``navigator.credentials.create``, as JSON."""
        made: dict[str, Any] = await self.page.evaluate(_CREATE, options)
        return made

    async def get(self, options: dict[str, Any], mediation: str = "optional") -> dict[str, Any]:
        """``navigator.credentials.get``, as JSON."""
        made: dict[str, Any] = await self.page.evaluate(_GET, [options, mediation])
        return made

    async def credentials(self) -> list[dict[str, Any]]:
        """What the authenticator holds, private keys included."""
        wanted = {"authenticatorId": self.authenticators[0]}
        found = await self.devtools.send("WebAuthn.getCredentials", wanted)
        held: list[dict[str, Any]] = found["credentials"]
        return held

    async def copy(self, credential: dict[str, Any]) -> None:
        """Put a credential into the authenticator."""
        wanted = {"authenticatorId": self.authenticators[0], "credential": credential}
        await self.devtools.send("WebAuthn.addCredential", wanted)


async def answer_for(page: Page, application: str) -> None:
    """Answer what the page asks of an application's address; redirects there are seen by the DevTools alone."""
    devtools = await page.context.new_cdp_session(page)
    answers = set()

    async def answer(request_id: str) -> None:
        with suppress(Error):  # the page was closed meanwhile
            await devtools.send("Fetch.fulfillRequest", {"requestId": request_id, "responseCode": 200})

    def paused(event: dict[str, Any]) -> None:
        answers.add(asyncio.ensure_future(answer(event["requestId"])))

    devtools.on("Fetch.requestPaused", paused)
    await devtools.send("Fetch.enable", {"patterns": [{"urlPattern": f"{application}*"}]})
