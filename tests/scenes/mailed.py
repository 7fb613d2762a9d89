"""Registration, invitations, forgotten passwords, addresses."""

from typing import Final
from uuid import uuid4

from tests.scenes.stage import Stage


def _address() -> str:
    return f"grace-{uuid4().hex[:6]}@example.com"


async def register(stage: Stage) -> None:
    """The form."""
    await stage.open(stage.url("/ui/v2/login/register"))


async def register_code(stage: Stage) -> None:
    """The code is on its way."""
    await register(stage)
    await stage.fill(given_name="Grace", family_name="Hopper", email=_address())
    await stage.page.locator("[name=password]").fill("Correct1")


async def register_wrong(stage: Stage) -> None:
    """The code is wrong."""
    await register_code(stage)
    await stage.fill(code="ABCDEF", password=stage.password, again=stage.password)


async def invitation(stage: Stage) -> None:
    """An invitation's link."""
    address = _address()
    made = stage.call(
        "POST",
        "/v2/users/human",
        username=address,
        profile={"givenName": "Grace", "familyName": "Hopper"},
        email={"email": address, "isVerified": True},
    )
    stage.call("POST", f"/v2/users/{made['userId']}/invite_code", sendCode={})
    await stage.open(stage.mail(address)["link"])


async def forgotten(stage: Stage) -> None:
    """Which account it is."""
    await stage.open(stage.url("/ui/v2/login/password/reset"))


async def forgotten_code(stage: Stage) -> None:
    """The code is on its way."""
    await forgotten(stage)
    await stage.fill(login_name=stage.person().name)


async def forgotten_link(stage: Stage) -> None:
    """The mail's link."""
    person = stage.person()
    await forgotten(stage)
    await stage.fill(login_name=person.name)
    await stage.open(stage.mail(f"{person.name}@example.com")["link"])


async def verify(stage: Stage) -> None:
    """The mail's link."""
    person = stage.person(verified=False)
    await stage.open(stage.mail(f"{person.name}@example.com")["link"])


async def verified(stage: Stage) -> None:
    """Its button was pressed."""
    await verify(stage)
    await stage.press("Confirm")


async def passkey_link(stage: Stage) -> None:
    """A registration link."""
    person = stage.person()
    stage.call("POST", f"/v2/users/{person.user_id}/passkeys/registration_link", sendLink={})
    await stage.open(stage.mail(f"{person.name}@example.com")["link"])


async def passkey_ready(stage: Stage) -> None:
    """The passkey was made."""
    await stage.browser.plug()
    await passkey_link(stage)
    await stage.press("Set up a passkey")


async def passkey_link_spent(stage: Stage) -> None:
    """The link is not good."""
    await stage.open(stage.url("/ui/v2/login/passkey/set", userId="1", wrong="1"))


SCENES: Final = (
    register,
    register_code,
    register_wrong,
    invitation,
    forgotten,
    forgotten_code,
    forgotten_link,
    verify,
    verified,
    passkey_link,
    passkey_ready,
    passkey_link_spent,
)
