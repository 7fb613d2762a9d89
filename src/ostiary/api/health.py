"""The gRPC health service: serving until the server drains. Source: gRPC health checking protocol."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

from ostiary._pb.grpc.health.v1 import health_pb
from ostiary._pb.grpc.health.v1.health_pb import (
    HealthCheckRequest,
    HealthCheckResponse,
    HealthListRequest,
    HealthListResponse,
)
from ostiary.api.call import Call, Service
from ostiary.api.grpc import StreamMethod
from ostiary.errors import NotFound

_Status: Final = HealthCheckResponse.ServingStatus
_DESCRIPTOR: Final = health_pb.desc().services[0]
_LOOK_S: Final = 1


class Health:
    """Health of the server (the empty name) and of each service by its full name: all share one answer."""

    def __init__(self, services: tuple[str, ...], is_ready: Callable[[], bool]) -> None:
        """``is_ready`` says whether calls can be answered now."""
        self._names = frozenset(("", *services))
        self._is_ready = is_ready

    def service(self) -> Service:
        """Check and List."""
        return Service(_DESCRIPTOR, {"Check": self.check, "List": self.list})

    def streams(self) -> tuple[StreamMethod, ...]:
        """Watch."""
        return tuple(
            StreamMethod(method, self.watch) for method in _DESCRIPTOR.methods if method.name == "Watch"
        )

    async def check(self, _: Call, request: HealthCheckRequest) -> HealthCheckResponse:
        """The status now."""
        if request.service not in self._names:
            raise NotFound("", "unknown service")
        return self._now()

    async def list(self, _: Call, __: HealthListRequest) -> HealthListResponse:
        """The status of all."""
        return HealthListResponse(statuses={name: self._now() for name in sorted(self._names)})

    async def watch(self, requests: AsyncIterator[HealthCheckRequest]) -> AsyncIterator[HealthCheckResponse]:
        """The status now and whenever it changes, until the server says that it is leaving."""
        async for request in requests:
            if request.service not in self._names:
                yield HealthCheckResponse(status=_Status.SERVICE_UNKNOWN)
                return
            last = self._now()
            yield last
            while last.status == _Status.SERVING:
                await asyncio.sleep(_LOOK_S)
                last = self._now()
            yield last
            return

    def _now(self) -> HealthCheckResponse:
        return HealthCheckResponse(status=_Status.SERVING if self._is_ready() else _Status.NOT_SERVING)
