"""What a handler is given besides its message."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from protobuf import DescService

from ostiary.core.permission import Caller


class Call(msgspec.Struct, frozen=True):
    """One authenticated request, whatever transport it came by.

    ``organization_id`` is the organisation context: the header ``x-zitadel-orgid`` or the caller's own.
    ``peer_ip`` is the address of whoever opened the connection; ``idempotency_key`` is empty when none was sent.
    """

    caller: Caller
    organization_id: str
    peer_ip: str = ""
    idempotency_key: str = ""


Handler = Callable[[Call, Any], Awaitable[Any]]
Direct = Callable[[Call, Any], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class Service:
    """One ZITADEL service: its descriptor and the handlers by RPC name. RPCs without one answer Unimplemented.

    ``direct`` has the hottest of them once more: these write their JSON themselves, without a message in between.
    """

    descriptor: DescService
    handlers: Mapping[str, Handler]
    direct: Mapping[str, Direct] = field(default_factory=dict)
