"""Users are made."""

import asyncio
from typing import Any

import bcrypt
import pytest

from ostiary.core.factor import Attempt, Verified
from ostiary.core.organization import ORGANIZATION
from ostiary.core.user import AUTHENTICATOR, LOGIN_NAME, VERIFICATION_CODE
from ostiary.crypto.otp import base32, code_of, step_of
from ostiary.errors import (
    AlreadyExists,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    OstiaryError,
    PermissionDenied,
)
from ostiary.factors.password import PASSWORD as PASSWORD_FACTOR
from ostiary.factors.totp import TOTP
from tests.users.conftest import (
    ACME,
    ADMIN,
    LOGIN_CLIENT,
    OTHER,
    PASSWORD,
    STRANGER,
    House,
    begun,
    caller,
    human,
    refused,
)


async def test_add_human(each_house: House) -> None:
    """A person is active at once, and read as they were made."""
    answer = await each_house.rpc(
        "AddHumanUser",
        **human("alice"),
        phone={"phone": "+41 79 123 45 67", "isVerified": True},
        metadata=[{"key": "team", "value": "YQ=="}],
    )
    assert answer.details.sequence == 1
    assert answer.details.resource_owner == ACME
    assert answer.email_code == ""
    read = await each_house.rpc("GetUserByID", userId=answer.user_id)
    assert read.details.change_date == answer.details.change_date
    assert read.user.username == "alice"
    assert list(read.user.login_names) == ["alice", "alice@acme.test"]
    assert read.user.state.name == "ACTIVE"
    person = read.user.type.value
    assert person.profile.display_name == "Alice Doe"
    assert person.profile.preferred_language == "en"
    assert person.phone.phone == "+41791234567"
    assert person.email.is_verified
    assert person.phone.is_verified


async def test_create_machine(each_house: House) -> None:
    """A machine is named by its id unless it gets a name."""
    answer = await each_house.rpc(
        "CreateUser", organizationId=OTHER, userId="m-1", machine={"name": "M", "description": "d"}
    )
    assert answer.id == "m-1"
    user = (await each_house.rpc("GetUserByID", userId="m-1")).user
    assert user.username == "m-1"
    assert user.details.resource_owner == OTHER
    assert (user.type.field, user.type.value.name, user.type.value.description) == ("machine", "M", "d")


async def test_create_human_in_organization_by_domain(house: House) -> None:
    """An organisation is found by its domain; the username is the address by default."""
    request = human("bob")
    del request["username"]
    answer = await house.rpc("AddHumanUser", **request, organization={"orgDomain": "Other.TEST"})
    user = await house.user(answer.user_id)
    assert (user.organization_id, user.username) == (OTHER, "bob@example.com")


async def test_create_human(house: House) -> None:
    """CreateUser makes people too, with what they bring along."""
    person = {
        **human("carol"),
        "totpSecret": base32(bytes(20)),
        "hashedPassword": {"hash": _bcrypt(), "changeRequired": True},
    }
    del person["username"]
    answer = await house.rpc("CreateUser", organizationId=ACME, username="carol", human=person)
    user = await house.user(answer.id)
    assert user.password_change_required
    assert user.password_changed_at == user.created_at
    owned = await house.store.owned(AUTHENTICATOR, user.id)
    now = house.effects.now()
    typed = Typed(PASSWORD, code_of(bytes(20), step_of(now)))
    for factor, mine in zip((PASSWORD_FACTOR, TOTP), owned, strict=True):
        attempt = Attempt(now, "", user, (mine,), (), house.tools)
        assert isinstance(factor.verify(typed, attempt), Verified)


class Typed:
    """Password and code as factors see them."""

    def __init__(self, password: str, code: str) -> None:
        self.password, self.code = password, code


def _bcrypt() -> str:
    return bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()


@pytest.mark.parametrize(
    ("more", "error", "id_"),
    [
        ({"profile": {"givenName": " ", "familyName": "D"}}, InvalidArgument, "USER-UCej2"),
        ({"profile": {"givenName": "A", "familyName": ""}}, InvalidArgument, "USER-4hB7d"),
        ({"email": {"email": " "}}, InvalidArgument, "EMAIL-spblu"),
        ({"email": {"email": "nobody"}}, InvalidArgument, "EMAIL-599BI"),
        ({"phone": {"phone": "0791234567"}}, InvalidArgument, "PHONE-so0wa"),
        ({"phone": {"phone": " "}}, InvalidArgument, "PHONE-Zt0NV"),
        ({"phone": {"phone": "+411"}}, InvalidArgument, "PHONE-so0wa"),
        ({"username": "a\0b"}, InvalidArgument, "user.username_form"),
        ({"username": "bob@other.test"}, InvalidArgument, "user.username_of_other_organization"),
        ({"userId": "a\0b"}, InvalidArgument, "user.id_form"),
        ({"password": {"password": "Sh0rt!"}}, InvalidArgument, "DOMAIN-HuJf6"),
        ({"password": {"password": "PASSWORD1!"}}, InvalidArgument, "DOMAIN-co3Xw"),
        ({"password": {"password": "password1!"}}, InvalidArgument, "DOMAIN-VoaRj"),
        ({"password": {"password": "Password!!"}}, InvalidArgument, "DOMAIN-ZBv4H"),
        ({"password": {"password": "Password11"}}, InvalidArgument, "DOMAIN-ZDLwA"),
        ({"password": {"password": ""}}, InvalidArgument, "COMMAND-Mf0sd"),
        ({"hashedPassword": {"hash": "{SHA}x"}}, InvalidArgument, "USER-JDk4t"),
        ({"hashedPassword": {"hash": "$2a$31$" + "a" * 53}}, InvalidArgument, "USER-JDk4t"),
        ({"idpLinks": [{"idpId": "1", "userId": "2", "userName": "3"}]}, FailedPrecondition, "COMMAND-39nfs"),
        ({"totpSecret": "no base32!"}, InvalidArgument, "user.totp_secret_form"),
        ({"totpSecret": "AAAA"}, InvalidArgument, "user.totp_secret_form"),
        ({"organization": {"orgId": "404"}}, NotFound, "user.organization_unknown"),
        ({"organization": {"orgDomain": "no.test"}}, NotFound, "user.organization_unknown"),
        (
            {"profile": {"givenName": "A", "familyName": "B", "preferredLanguage": "tlh"}},
            InvalidArgument,
            "user.language_not_supported",
        ),
        (
            {"email": {"email": "a@b.c", "sendCode": {"urlTemplate": "https://x/{{.Code"}}},
            InvalidArgument,
            "DOMAIN-oGh5e",
        ),
        (
            {"email": {"email": "a@b.c", "sendCode": {"urlTemplate": "https://x/{{.Secret}}"}}},
            InvalidArgument,
            "DOMAIN-ieYa7",
        ),
        (
            {"metadata": [{"key": f"k{i}", "value": "YQ=="} for i in range(501)]},
            FailedPrecondition,
            "user.metadata_full",
        ),
    ],
)
async def test_refused(house: House, more: dict[str, Any], error: type[OstiaryError], id_: str) -> None:
    """Each thing that is wrong has its own answer, and makes nobody."""
    with refused(error, id_):
        await house.rpc("AddHumanUser", **{**human("dave"), **more})
    assert await house.store.get(LOGIN_NAME, "dave") is None


async def test_taken(each_house: House) -> None:
    """Ids and usernames are taken once, whatever their case."""
    await each_house.human("alice", userId="u1")
    with refused(FailedPrecondition, "COMMAND-7yiox1isql"):
        await each_house.rpc("AddHumanUser", **human("bob"), userId="u1")
    with refused(AlreadyExists, "V3-DKcYh"):
        await each_house.rpc("AddHumanUser", **human("ALICE"))


@pytest.mark.parametrize(("first", "second"), [("eve", "eve@acme.test"), ("eve@acme.test", "Eve")])
async def test_login_names_lead_to_one_user(house: House, first: str, second: str) -> None:
    """A username is refused that is the long login name of another, either way round."""
    await house.rpc("AddHumanUser", **{**human("x"), "username": first})
    with refused(AlreadyExists, "V3-DKcYh"):
        await house.rpc("AddHumanUser", **{**human("y"), "username": second})


async def test_one_of_two_wins(each_house: House) -> None:
    """Of many creations of one username at once, one makes a user and the others are told that it is taken."""
    names = ["same", "SAME", "same@acme.test", "Same"]
    made = await asyncio.gather(
        *(each_house.rpc("AddHumanUser", **{**human("z"), "username": name}) for name in names),
        return_exceptions=True,
    )
    errors = [one for one in made if isinstance(one, OstiaryError)]
    assert len(errors) == 3
    assert {error.id for error in errors} == {"V3-DKcYh"}


async def test_permission(house: House) -> None:
    """Users are made by those who hold user.write on the organisation."""
    of_other = caller("903", "ORG_OWNER", resource=f"organization:{OTHER}")
    with refused(NotFound, "AUTHZ-cdgFk"):
        await house.rpc("AddHumanUser", STRANGER, **human("a"))
    with refused(NotFound, "AUTHZ-cdgFk"):
        await house.rpc("AddHumanUser", STRANGER, **human("a"), organization={"orgDomain": "other.test"})
    with refused(PermissionDenied, "AUTH-AWfge"):
        await house.rpc("CreateUser", of_other, organizationId=ACME, machine={"name": "m"})
    await house.rpc("CreateUser", of_other, organizationId=OTHER, machine={"name": "m"})
    await house.rpc("AddHumanUser", LOGIN_CLIENT, **human("a"))


async def test_codes(house: House) -> None:
    """A code is returned when asked for, else put into the outbox; only its sealed hash is stored."""
    answer = await house.rpc(
        "AddHumanUser",
        **{**human("fay"), "email": {"email": "fay@example.com", "returnCode": {}}},
        phone={"phone": "+41791234567", "sendCode": {}},
    )
    sent = house.sent()
    assert [(one.template, one.recipient) for one in sent] == [("verify_phone", "+41791234567")]
    assert len(answer.email_code) == len(sent[0].code) == 6
    assert answer.phone_code == ""
    assert "code" not in repr(sent[0])
    for purpose in ("email", "phone"):
        row = await house.store.get(VERIFICATION_CODE, f"{answer.user_id}:{purpose}")
        assert row is not None
        assert (row.expires_at - row.created_at).total_seconds() == 3600
        assert answer.email_code.encode() not in row.code_hash
    plain = await house.rpc("AddHumanUser", **{**human("gil"), "email": {"email": "gil@example.com"}})
    assert plain.email_code == ""
    assert house.sent()[-1].recipient == "gil@example.com"
    assert not (await house.user(plain.user_id)).email.is_verified  # type: ignore[union-attr]


async def test_audit_holds_no_secret(house: House) -> None:
    """What is recorded of a creation names nobody's password, address or code."""
    await house.human("hal")
    (audit,) = house.store.audits  # type: ignore[attr-defined]
    assert (audit.action, audit.actor_id) == ("user.created", ADMIN.user_id)
    assert audit.detail == b"{}"


async def test_policy_between_read_and_save(house: House) -> None:
    """A stricter policy that comes while the password is hashed is not missed."""
    making = asyncio.ensure_future(house.human("ivy"))
    await begun()
    await house.policy("password_complexity", min_length=64)
    with refused(InvalidArgument, "DOMAIN-HuJf6"):
        await making


async def test_domain_between_read_and_save(house: House) -> None:
    """A domain that the organisation gets while the password is hashed is the user's."""
    making = asyncio.ensure_future(house.human("joe"))
    await begun()
    await house.edit(ORGANIZATION, ACME, primary_domain="new.test")
    assert (await house.user(await making)).login_names[-1] == "joe@new.test"


async def test_neither_human_nor_machine(house: House) -> None:
    """A user is the one or the other."""
    with refused(InvalidArgument, "user.type_unnamed"):
        await house.rpc("CreateUser", organizationId=ACME)
