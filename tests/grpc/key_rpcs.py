"""The RPCs of passkeys and U2F keys, as :mod:`tests.grpc.rpcs` has those of others."""

from collections.abc import Mapping
from typing import Any, Final

from tests.doubles.authenticator import SoftKey
from tests.grpc.rpcs import USER, Rpc, Values, World


def _registered(world: World, kind: str) -> dict[str, Any]:
    """A key that waits, with what its authenticator attests."""
    made = world.client.ok(f"{USER}/Register{kind}", {**world.human, "domain": "localhost"})
    key = SoftKey(credential_id=f"{kind} of {world.name}".encode())
    name = "passkey" if kind == "Passkey" else "u2f"
    return {
        **world.human,
        f"{name}Id": made[f"{name}Id"],
        "publicKeyCredential": key.create(made["publicKeyCredentialCreationOptions"]),
        "passkeyName" if kind == "Passkey" else "tokenName": "Key",
    }


def _owned(world: World, kind: str) -> Values:
    """A key that is ready."""
    registered = _registered(world, kind)
    world.client.ok(f"{USER}/Verify{kind}Registration", registered)
    return {name: value for name, value in registered.items() if name.endswith("Id")}


RPCS: Final[Mapping[str, Rpc]] = {
    f"{USER}/RegisterPasskey": Rpc(
        lambda world: world.human, ("details", "passkeyId", "publicKeyCredentialCreationOptions")
    ),
    f"{USER}/VerifyPasskeyRegistration": Rpc(lambda world: _registered(world, "Passkey"), ("details",)),
    f"{USER}/CreatePasskeyRegistrationLink": Rpc(
        lambda world: {**world.human, "returnCode": {}}, ("details", "code")
    ),
    f"{USER}/ListPasskeys": Rpc(
        lambda world: {"userId": _owned(world, "Passkey")["userId"]}, ("details", "result")
    ),
    f"{USER}/RemovePasskey": Rpc(lambda world: _owned(world, "Passkey"), ("details",)),
    f"{USER}/RegisterU2F": Rpc(
        lambda world: world.human, ("details", "u2fId", "publicKeyCredentialCreationOptions")
    ),
    f"{USER}/VerifyU2FRegistration": Rpc(lambda world: _registered(world, "U2F"), ("details",)),
    f"{USER}/RemoveU2F": Rpc(lambda world: _owned(world, "U2F"), ("details",)),
}
