"""The account's own pages."""

from typing import Final

from tests.scenes.stage import Person, Stage

ACCOUNT: Final = "/ui/v2/account"


async def _at(stage: Stage, path: str = "", *, app: bool = False, **query: str) -> None:
    await stage.sign_in(stage.person(app=app))
    await stage.open(stage.url(f"{ACCOUNT}{path}", **query))


def _elsewhere(stage: Stage, person: Person, agent: str) -> str:
    """The id of a session on another device."""
    made = stage.call(
        "POST",
        "/v2/sessions",
        checks={"user": {"userId": person.user_id}, "password": {"password": stage.password}},
        userAgent={"description": agent, "ip": "203.0.113.9"},
    )
    return str(made["sessionId"])


async def account_devices(stage: Stage) -> None:
    """Where one is signed in."""
    person = stage.person()
    _elsewhere(stage, person, "Mozilla/5.0 (iPhone) Version/26.0 Safari/604.1")
    stage.call("DELETE", f"/v2/sessions/{_elsewhere(stage, person, 'OldApp/2.0')}")
    await stage.sign_in(person)
    await stage.open(stage.url(ACCOUNT))


async def account_device_question(stage: Stage) -> None:
    """End that one?"""
    await account_devices(stage)
    action = await stage.page.locator("form[action*='end=']").first.get_attribute("action")
    await stage.open(stage.url(action or ""))


async def account_factors(stage: Stage) -> None:
    """What one signs in with."""
    await _at(stage, "/factors", app=True)


async def account_password(stage: Stage) -> None:
    """A new password."""
    await _at(stage, "/factors/password")


async def account_app(stage: Stage) -> None:
    """A code to scan."""
    await _at(stage, "/factors/app")
    await stage.page.locator("main form button").click()
    await stage.page.wait_for_load_state()


async def account_key(stage: Stage) -> None:
    """A new passkey."""
    await _at(stage, "/factors/key", kind="passkey")


async def account_factor(stage: Stage) -> None:
    """One passkey, to be named or removed."""
    await stage.browser.plug()
    await account_key(stage)
    await stage.page.locator("form[data-key] button").click()
    await stage.page.wait_for_url("**/factors*")
    await stage.page.locator(".row a", has_text="Edit").first.click()
    await stage.page.locator("form[data-key] button").click()
    await stage.page.wait_for_url("**/factors/owned*")


async def account_codes(stage: Stage) -> None:
    """Codes by mail."""
    await _at(stage, "/factors/codes", kind="otp_email")


async def account_recovery(stage: Stage) -> None:
    """Codes for when all else is lost."""
    await _at(stage, "/factors/recovery")
    await stage.page.locator("main form button").first.click()
    await stage.page.wait_for_load_state()


async def account_addresses(stage: Stage) -> None:
    """Both addresses."""
    await _at(stage, "/addresses")


async def account_address(stage: Stage) -> None:
    """A new address that waits for its code."""
    await _at(stage, "/addresses/change", kind="email")
    await stage.fill(address="grace@example.com")


async def account_applications(stage: Stage) -> None:
    """An application that goes on while its user is away."""
    await stage.come_to_application(stage.person())
    await stage.open(stage.url(f"{ACCOUNT}/applications"))


async def account_data(stage: Stage) -> None:
    """All that is kept."""
    await _at(stage, "/data")


async def not_me(stage: Stage) -> None:
    """The page behind a mail's link."""
    person = stage.person()
    await stage.sign_in(person)
    await stage.open(stage.mail(f"{person.name}@example.com")["link"])


async def not_me_done(stage: Stage) -> None:
    """Its button was pressed."""
    await not_me(stage)
    await stage.page.locator("button").click()
    await stage.page.wait_for_load_state()


SCENES: Final = (
    account_devices,
    account_device_question,
    account_factors,
    account_password,
    account_app,
    account_key,
    account_factor,
    account_codes,
    account_recovery,
    account_addresses,
    account_address,
    account_applications,
    account_data,
    not_me,
    not_me_done,
)
