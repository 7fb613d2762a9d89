"""Who may write users may not become one of those above them: by a credential, an address, a code, or a state."""

from typing import Any

import pytest

from ostiary.core.permission import MEMBERSHIP, Caller, Membership
from ostiary.errors import PermissionDenied
from ostiary.storage.port import Changes, Put
from tests.users.conftest import ACME, LOGIN_CLIENT, House, caller, refused

LATER = "2030-01-01T00:00:00Z"
OF_ACME = f"organization:{ACME}"
MANAGER = caller("905", "ORG_USER_MANAGER", resource=OF_ACME)
OWNER = caller("906", "ORG_OWNER", resource=OF_ACME)
ON_MACHINES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("AddPersonalAccessToken", {"expirationDate": LATER}),
    ("AddSecret", {}),
    ("AddKey", {"expirationDate": LATER}),
    ("LockUser", {}),
)
ON_PEOPLE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("PasswordReset", {"returnCode": {}}),
    ("PasswordReset", {"sendLink": {}}),
    ("SetEmail", {"email": "evil@example.com"}),
    ("SetPhone", {"phone": "+41791234567", "isVerified": True}),
    ("UpdateHumanUser", {"username": "somebody"}),
    ("DeactivateUser", {}),
    ("DeleteUser", {}),
)


async def _with_role(house: House, user_id: str, role: str, resource: str = "instance") -> str:
    row = Membership(f"{user_id}:{resource}", user_id, resource, (role,))
    await house.store.save(Changes(puts=(Put(MEMBERSHIP, row),)))
    return user_id


@pytest.mark.parametrize("who", [MANAGER, OWNER, LOGIN_CLIENT], ids=["manager", "owner", "login client"])
@pytest.mark.parametrize(("rpc", "request_"), ON_MACHINES)
async def test_threat_a_token_of_a_machine_above(
    house: House, who: Caller, rpc: str, request_: dict[str, Any]
) -> None:
    """A machine that is administrator of the instance is out of reach of an organisation's, and of a login UI."""
    user_id = await _with_role(house, await house.machine(), "IAM_OWNER")
    with refused(PermissionDenied, "user.above_caller"):
        await house.rpc(rpc, who, userId=user_id, **request_)


@pytest.mark.parametrize("who", [MANAGER, OWNER], ids=["manager", "owner"])
@pytest.mark.parametrize(("rpc", "request_"), ON_PEOPLE)
async def test_threat_an_account_above_is_taken_over(
    house: House, who: Caller, rpc: str, request_: dict[str, Any]
) -> None:
    """Nobody gets at an administrator's password by the way of a code or an address."""
    user_id = await _with_role(house, await house.human(), "IAM_OWNER")
    with refused(PermissionDenied, "user.above_caller"):
        await house.rpc(rpc, who, userId=user_id, **request_)


async def test_those_at_the_same_height_and_below(house: House) -> None:
    """Owners write owners of the same organisation, managers those who hold nothing, login clients all people."""
    owner = await _with_role(house, await house.human(), "ORG_OWNER", OF_ACME)
    with refused(PermissionDenied, "user.above_caller"):
        await house.rpc("PasswordReset", MANAGER, userId=owner, returnCode={})
    for who in (OWNER, LOGIN_CLIENT):
        await house.rpc("PasswordReset", who, userId=owner, returnCode={})
    machine = await house.machine()
    await house.rpc("AddPersonalAccessToken", MANAGER, userId=machine, expirationDate=LATER)
    await house.rpc("SetEmail", caller(owner), userId=owner, email="new@example.com")
