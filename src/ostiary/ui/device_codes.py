"""User codes as people type them."""

from dataclasses import dataclass

from ostiary.core.client import Application
from ostiary.core.login_request import DeviceAuthorization, Stage
from ostiary.oidc.device import APPROVING, HALF, DeviceAuthorizations
from ostiary.ui.caller import SIGNING_IN


@dataclass(frozen=True, slots=True)
class Waiting:
    """A device that waits for its user, and the application it runs."""

    device: DeviceAuthorization
    client: Application
    project: str

    @property
    def shown_code(self) -> str:
        """As it stands on the device."""
        code = self.device.user_code
        return f"{code[:HALF]}-{code[HALF:]}"


class DeviceCodes:
    """Finds devices by code."""

    def __init__(self, devices: DeviceAuthorizations) -> None:
        """Who counts wrong codes."""
        self._devices = devices

    async def find(self, typed: str, peer_ip: str) -> Waiting:
        """The device; raises NotFound, ResourceExhausted, or what an answered request is told."""
        waiting = Waiting(*await self._devices.by_user_code(SIGNING_IN, typed, peer_ip))
        if waiting.device.stage is not Stage.OPEN:
            raise APPROVING.handled()
        return waiting
