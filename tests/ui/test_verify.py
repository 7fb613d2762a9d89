"""An address verified, and an invitation accepted, by the links of mails."""

from ostiary.core.permission import Caller, Membership
from ostiary.core.user import AUTHENTICATOR, USER, Address, Profile, User
from ostiary.delivery.texts import Texts
from ostiary.ui.paths import LOGIN_ROOT, OTP_LINK, VERIFY, link
from ostiary.users.change import NewAddress, NewHuman, NewUser, OrganizationNamed
from ostiary.users.invites import Invitation
from tests.oidc.conftest import ISSUER
from tests.ui.conftest import PageHouse

GOOD = "Much-longer-1!"
ADMIN = Caller("900", "500", (Membership("m9", "900", "instance", ("IAM_OWNER",)),))


async def bob(house: PageHouse) -> User:
    """Somebody made by an administrator, with an address that is not verified and nothing to log in with."""
    human = NewHuman(Profile("Bob", "B"), NewAddress("bob@example.com"))
    made = await house.users.creation.create(ADMIN, NewUser(human, OrganizationNamed("500"), username="bob"))
    return made.user


def newest_link(house: PageHouse) -> str:
    """Where the newest mail leads."""
    return Texts(f"{ISSUER}{LOGIN_ROOT}").link(house.sent()[-1])


async def email_of(house: PageHouse, user: User) -> Address | None:
    """As it is now."""
    found = await house.store.get(USER, user.id)
    assert found is not None
    return found.email


async def test_verify(house: PageHouse) -> None:
    """The mail's own link leads to a page with the code; its button verifies the address, once."""
    user = await bob(house)
    browser = await house.browser().open(newest_link(house))
    assert (browser.status, browser.heading) == (200, "Confirm your email address")
    assert await email_of(house, user) == Address("bob@example.com")
    form = browser.page.forms[0]
    await browser.submit()
    assert browser.heading == "Your email address is confirmed"
    assert await email_of(house, user) == Address("bob@example.com", is_verified=True)
    await browser.send_form(form)
    assert (browser.status, "The code is wrong or has expired." in browser.text) == (400, True)


async def test_verify_again(house: PageHouse) -> None:
    """Another code is sent, and the answer does not say whether there was anybody to send it to."""
    await bob(house)
    browser = await house.browser().open(newest_link(house))
    await browser.submit(1)
    told = browser.text
    assert len(house.sent()) == 2
    await browser.open(newest_link(house))
    await browser.submit()
    assert browser.heading == "Your email address is confirmed"
    await browser.open(link(VERIFY, ("userId", "404"), ("code", "ABC")))
    await browser.submit(1)
    assert browser.text.replace("404", "") == told.replace(house.sent()[0].user_id, "").replace(
        "&amp;organization=500", ""
    )
    assert len(house.sent()) == 2


async def test_verify_refused(house: PageHouse) -> None:
    """No code, a wrong one, nobody: one page that says what to do."""
    user = await bob(house)
    for user_id, code, told in (
        (user.id, "", "Enter the code from the mail."),
        (user.id, "WRONG2", "The code is wrong or has expired."),
        ("404", "WRONG2", "The code is wrong or has expired."),
    ):
        browser = await house.browser().open(link(VERIFY, ("userId", user_id)))
        await browser.submit(code=code)
        assert (browser.status, told in browser.text) == (400, True)


async def test_code_of_a_session(house: PageHouse) -> None:
    """A sign-in code's default link leads to the sign-in, whoever holds the session."""
    browser = await house.browser().open(link(OTP_LINK, ("sessionId", "1"), ("code", "12345678")))
    assert browser.heading == "Sign in"


async def test_invitation(house: PageHouse) -> None:
    """The invited choose a password behind the mail's link and are signed in; their address is verified by it."""
    user = await bob(house)
    await house.users.invites.create(ADMIN, user.id, Invitation())
    browser = await house.browser().open(newest_link(house))
    assert browser.heading == "Open your account"
    assert "or ask whoever invited you" in browser.text
    await browser.submit(password=GOOD, again=GOOD)
    assert browser.heading == "You are signed in"
    assert await email_of(house, user) == Address("bob@example.com", is_verified=True)
    kinds = [row.kind for row in await house.store.owned(AUTHENTICATOR, user.id)]
    assert kinds == ["password"]


async def test_invitation_of_nobody(house: PageHouse) -> None:
    """A link for nobody is answered like a wrong code, and no form has another code sent."""
    browser = await house.browser().open(link(VERIFY, ("userId", "404"), ("invite", "true"), ("code", "ABC")))
    assert "again" not in {form.fields.get("step") for form in browser.page.forms}
    await browser.submit(password=GOOD, again=GOOD)
    assert (browser.status, "The code is wrong or has expired." in browser.text) == (400, True)
