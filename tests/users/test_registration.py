"""Accounts that people open for themselves, and passwords that they have forgotten."""

import asyncio

from ostiary.core.passkey import PASSKEY
from ostiary.core.permission import Caller
from ostiary.core.user import USER, Profile, User, UserState
from ostiary.errors import FailedPrecondition, InvalidArgument
from ostiary.storage.port import Listing
from ostiary.users.change import NewPassword, Proof
from ostiary.users.key_registration import Attested, NewKey
from ostiary.users.registration import Registrant
from tests.doubles.authenticator import SoftKey
from tests.users.conftest import ACME, OTHER, PASSWORD, House, human, refused

NOBODY = Caller("", "")
EVE = Profile("Eve", "Adams")


async def people(house: House) -> list[User]:
    """Everybody there is."""
    return list((await house.store.page(Listing(USER))).items)


async def register(
    house: House, email: str = "eve@example.com", profile: Profile = EVE, organization: str = ACME
) -> None:
    """Somebody fills in the form."""
    await house.users.registrations.begin(Registrant(organization, profile, email))


async def accept(house: House, user: User, code: str, password: str = PASSWORD) -> User:
    """The code comes back with a password."""
    who = Caller(user.id, "")
    proof = Proof(invitation_code=code)
    return await house.users.passwords.set(who, user.id, NewPassword(password), proof)


async def test_register(house: House) -> None:
    """A new user is initial until the code is typed with a password; then active, with a verified address."""
    await register(house, " Eve@example.com ")
    (user,) = await people(house)
    assert (user.username, user.state, user.organization_id) == ("Eve@example.com", UserState.INITIAL, ACME)
    with refused(InvalidArgument, "COMMAND-Wgn4q"):
        await accept(house, user, "WRONG2")
    code = house.sent()[-1].code
    done = await accept(house, user, code)
    assert done.email is not None
    assert (done.state, done.email.is_verified) == (UserState.ACTIVE, True)
    with refused(FailedPrecondition, "COMMAND-Wr3gq"):
        await accept(house, user, code, "Another1!")


async def test_mail_holds_no_typed_name(house: House) -> None:
    """What a stranger typed as a name is in no mail of ours."""
    await register(house, profile=Profile("Win money at", "evil.example"))
    (sent,) = house.sent()
    assert (sent.template, sent.recipient, sent.display_name) == ("register", "eve@example.com", "")


async def test_again_before_it_is_opened(house: House) -> None:
    """Who comes again before the account is opened has their own name in it, and only the newest code is good."""
    await register(house, profile=Profile("Mallory", "M"))
    await register(house, "EVE@example.com")
    (user,) = await people(house)
    assert user.display_name == "Eve Adams"
    first, second = house.sent()
    with refused(InvalidArgument, "COMMAND-Wgn4q"):
        await accept(house, user, first.code)
    await accept(house, user, second.code)


async def test_taken(house: House) -> None:
    """An address with an account is told so by mail, the account stays as it is, and the visitor sees no difference."""
    user_id = await house.human(
        "eve@example.com", username="eve@example.com", email={"email": "eve@example.com"}
    )
    before = await house.user(user_id)
    await register(house)
    sent = house.sent()[-1]
    assert (sent.template, sent.recipient) == ("account_exists", "eve@example.com")
    assert (sent.login_name, sent.code, sent.display_name) == ("eve@example.com", "", "")
    assert await house.user(user_id) == before
    assert await people(house) == [before]


async def test_taken_by_address(house: House) -> None:
    """Who is reached at the address has an account, whatever their login name is; in another organisation they have not."""
    await house.human("eve", email={"email": "eve@example.com", "isVerified": True})
    await register(house)
    assert house.sent()[-1].login_name == "eve"
    await register(house, organization=OTHER)
    assert house.sent()[-1].template == "register"


async def test_claimed_address(house: House) -> None:
    """Who merely claims an address, without reading it, neither keeps its reader from an account nor gives them theirs."""
    mallory = await house.human("mallory", email={"email": "eve@example.com"})
    sent_before = len(house.sent())
    await house.users.resets.ask("eve@example.com", "email")
    assert len(house.sent()) == sent_before
    await register(house)
    assert house.sent()[-1].template == "register"
    (eve,) = [user for user in await people(house) if user.id != mallory]
    assert (await accept(house, eve, house.sent()[-1].code)).username == "eve@example.com"
    await house.human("evelyn", email={"email": "evelyn@example.com", "isVerified": True})
    await house.human("mal", email={"email": "evelyn@example.com"})
    await house.users.resets.ask("evelyn@example.com", "email")
    assert (house.sent()[-1].template, house.sent()[-1].login_name) == ("reset_password", "evelyn")


async def test_nothing_more_is_sent(house: House) -> None:
    """After some mails there are no more, and the answer stays the same."""
    for _ in range(7):
        await register(house)
    assert len(house.sent()) == 5


async def test_refused(house: House) -> None:
    """Names and address are looked at, and the policy."""
    for profile, id_ in ((Profile(" ", "A"), "USER-UCej2"), (Profile("E", ""), "USER-4hB7d")):
        with refused(InvalidArgument, id_):
            await register(house, profile=profile)
    with refused(InvalidArgument, "EMAIL-599BI"):
        await register(house, "eve")
    with refused(InvalidArgument, "user.username_of_other_organization"):
        await register(house, "eve@other.test")
    with refused(FailedPrecondition, "user.registration_closed"):
        await register(house, organization="404")
    await house.policy("login", ACME, allow_register=False)
    with refused(FailedPrecondition, "user.registration_closed"):
        await register(house)
    assert not await people(house)


async def test_code_expires(house: House) -> None:
    """After an hour it is over."""
    await register(house)
    (user,) = await people(house)
    house.effects.later(hours=1)
    with refused(FailedPrecondition, "CODE-QvUQ4P"):
        await accept(house, user, house.sent()[-1].code)


async def test_passkey_instead(house: House) -> None:
    """The code registers a first passkey instead; cancelled once, it is still good; then it is spent."""
    await register(house)
    (user,) = await people(house)
    code, keys = house.sent()[-1].code, house.users.key_registration
    with refused(InvalidArgument, "COMMAND-Wgn4q"):
        await keys.register(NOBODY, user.id, NewKey(PASSKEY, invitation="WRONG2"))
    await keys.register(NOBODY, user.id, NewKey(PASSKEY, invitation=code))
    begun = await keys.register(NOBODY, user.id, NewKey(PASSKEY, invitation=code))
    made = SoftKey().create(dict(begun.options))
    with refused(InvalidArgument, "COMMAND-Wgn4q"):
        await keys.verify(NOBODY, user.id, PASSKEY, Attested(begun.key_id, made, "Laptop", "WRONG2"))
    with refused(InvalidArgument, "COMMAND-Wgn4q"):
        await keys.verify(NOBODY, user.id, PASSKEY, Attested(begun.key_id, made, "Laptop"))
    done = await keys.verify(NOBODY, user.id, PASSKEY, Attested(begun.key_id, made, "Laptop", code))
    assert done.email is not None
    assert (done.state, done.email.is_verified) == (UserState.ACTIVE, True)
    with refused(FailedPrecondition, "COMMAND-Wr3gq"):
        await accept(house, user, code)


async def test_invitation_adds_nothing(house: House) -> None:
    """Who got something to log in with meanwhile keeps it: an invitation replaces no password and adds no key."""
    user_id = (await house.rpc("AddHumanUser", **human("bob"))).user_id
    code = (await house.rpc("CreateInviteCode", userId=user_id, returnCode={})).invite_code
    await house.rpc("SetPassword", userId=user_id, newPassword={"password": PASSWORD})
    with refused(FailedPrecondition, "COMMAND-EF34g"):
        await accept(house, await house.user(user_id), code, "Another1!")
    with refused(FailedPrecondition, "COMMAND-EF34g"):
        await house.users.key_registration.register(NOBODY, user_id, NewKey(PASSKEY, invitation=code))


async def test_race(each_house: House) -> None:
    """Of many who come with one code at once, one comes in."""
    user_id = (await each_house.rpc("AddHumanUser", **human("bob"))).user_id
    code = (await each_house.rpc("CreateInviteCode", userId=user_id, returnCode={})).invite_code
    user = await each_house.user(user_id)
    tries = [accept(each_house, user, code, f"Password{n}!") for n in range(3)]
    answers = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(not isinstance(one, BaseException) for one in answers) == 1


async def test_chosen_well(house: House) -> None:
    """The organisation's rules for passwords that people choose hold, and a refused password spends no code."""
    await house.policy("password_complexity", min_code_points=12)
    await register(house)
    (user,) = await people(house)
    code = house.sent()[-1].code
    for password, id_ in (("short", "DOMAIN-HuJf6"), (PASSWORD, "user.password_short")):
        with refused(InvalidArgument, id_):
            await accept(house, user, code, password)
    await accept(house, user, code, "Much-longer-1!")


async def test_forgotten(house: House) -> None:
    """A code goes to whoever has the name, or alone has the address; an unknown name is answered like any other."""
    await house.human("eve", email={"email": "eve@example.com", "isVerified": True})
    for typed in ("eve", "EVE@acme.test", "Eve@Example.com"):
        await house.users.resets.ask(typed, "email")
        assert house.sent()[-1].template == "reset_password"
    assert len(house.sent()) == 3
    await house.users.resets.ask("nobody", "email")
    await house.human("adam", email={"email": "eve@example.com", "isVerified": True})
    await house.users.resets.ask("eve@example.com", "email")
    await house.machine("robot")
    await house.users.resets.ask("robot", "email")
    assert len(house.sent()) == 3


async def test_forgotten_by_phone(house: House) -> None:
    """By SMS where there is a phone, else by mail; nothing where the policy hides it, or too often."""
    user_id = await house.human("eve", email={"email": "eve@example.com", "isVerified": True})
    await house.users.resets.ask("eve", "phone")
    await house.rpc("SetPhone", userId=user_id, phone="+41791234567", isVerified=True)
    await house.users.resets.ask("eve", "phone")
    assert [sent.recipient for sent in house.sent()] == ["eve@example.com", "+41791234567"]
    for _ in range(6):
        await house.users.resets.ask("eve", "email")
    assert len(house.sent()) == 6
    await house.policy("login", hide_password_reset=True)
    house.effects.later(hours=2)
    await house.users.resets.ask("eve", "email")
    assert len(house.sent()) == 6
