"""Second factors: asked for while signing in, and set up."""

from typing import Final

from tests.browser.chromium import TOUCHED
from tests.scenes.stage import Person, Stage


async def _signed_in(stage: Stage, person: Person) -> None:
    await stage.sign_in(person, stage.authorization())


async def _offered(stage: Stage) -> None:
    await _signed_in(stage, stage.person(offered=True))


async def _chosen(stage: Stage, way: str) -> None:
    await _offered(stage)
    await stage.page.locator(f"button[value={way}]").click()
    await stage.page.wait_for_load_state()


def _with_codes(stage: Stage) -> Person:
    phone = {"phone": "+41791234567", "isVerified": True}
    person = stage.person(phone=phone)
    for way in ("otp_email", "otp_sms"):
        stage.call("POST", f"/v2/users/{person.user_id}/{way}")
    stage.call("POST", f"/v2/users/{person.user_id}/recovery_codes", count=3)
    return person


async def login_mail_code(stage: Stage) -> None:
    """A code is on its way."""
    await _signed_in(stage, _with_codes(stage))


async def login_mail_code_wrong(stage: Stage) -> None:
    """It was typed wrongly."""
    await login_mail_code(stage)
    await stage.fill(code="12345678")


async def login_sms_code(stage: Stage) -> None:
    """Another way was chosen; nothing is sent before the button is pressed."""
    await login_mail_code(stage)
    await stage.page.get_by_role("link", name="SMS").click()


async def login_recovery_code(stage: Stage) -> None:
    """What is kept for when nothing else is at hand."""
    await login_mail_code(stage)
    await stage.page.get_by_role("link", name="Recovery code").click()


async def login_offer(stage: Stage) -> None:
    """A second factor is offered."""
    await _offered(stage)


async def login_enrol_app(stage: Stage) -> None:
    """An authenticator app is set up."""
    await _chosen(stage, "totp")


async def login_enrol_passkey(stage: Stage) -> None:
    """A passkey is set up."""
    await _chosen(stage, "passkey")


async def login_enrol_failed(stage: Stage) -> None:
    """Nobody touched the key."""
    await stage.browser.plug(**{**TOUCHED, "isUserVerified": False})
    await login_enrol_passkey(stage)
    await stage.page.get_by_role("button", name="Continue").click()
    await stage.page.get_by_role("alert").filter(has_text="Nothing was set up").wait_for()


async def login_security_key(stage: Stage) -> None:
    """The key's turn."""
    await stage.browser.plug(**TOUCHED)
    await _chosen(stage, "u2f")
    await stage.page.get_by_role("button", name="Continue").click()
    await stage.page.get_by_role("heading", name="Use your security key").wait_for()


async def login_new_password(stage: Stage) -> None:
    """A password that was set for somebody is changed."""
    password = {"password": stage.password, "changeRequired": True}
    await _signed_in(stage, stage.person(password=password))


SCENES: Final = (
    login_mail_code,
    login_mail_code_wrong,
    login_sms_code,
    login_recovery_code,
    login_offer,
    login_enrol_app,
    login_enrol_passkey,
    login_enrol_failed,
    login_security_key,
    login_new_password,
)
