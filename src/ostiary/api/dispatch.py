"""Where all transports meet: authenticate, the permission at the door, the limits of the message, the handler.

A transport finds a :class:`Method` by its path, lets :meth:`Dispatcher.admit` make the :class:`Call`, reads the
message in its own form, and has it answered. The order is the wire's: who is calling comes before what is asked.
"""

import asyncio
import re
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

from protobuf import DescMethod, Message

from ostiary._pb.ostiary.v1.options_pb import ext_door, ext_http_status
from ostiary.api.call import Call, Direct, Handler, Service
from ostiary.api.limits import Check, LimitChecks
from ostiary.api.plain_numbers import plain_numbers
from ostiary.api.problem import DeadlineExceeded
from ostiary.api.strict.from_binary import from_binary
from ostiary.api.strict.from_json import from_json, judge_of
from ostiary.api.strict.shape import Shape, Shapes
from ostiary.core.permission import Caller, door_refusal
from ostiary.errors import InvalidArgument, Unimplemented

AnswerT = TypeVar("AnswerT")
Headers = Mapping[bytes, bytes]

_IDEMPOTENCY_KEY: Final = re.compile(rb"[\x21-\x7e]{1,200}\Z")
_NOBODY: Final = Caller("", "")


class Access(Protocol):
    """Who is calling. The real one is in ``ostiary.access``."""

    async def admit(self, authorization: str, organization_id: str) -> tuple[Caller, str]:
        """The caller and the organisation context, from the values of ``Authorization`` and ``x-zitadel-orgid``.

        Both are empty when the header is missing.
        Raises: Unauthenticated; PermissionDenied for an organisation that is not there.
        """
        ...


@dataclass(frozen=True, slots=True)
class Method:
    """One RPC, compiled. ``permission`` is what its door asks for; ``open`` RPCs do not ask who is calling."""

    desc: DescMethod
    path: str
    input: type[Message]
    shape: Shape
    checks: Sequence[Check]
    permission: str
    http_status: int
    open: bool
    handler: Handler
    direct: Direct | None

    def read_json(self, document: bytes) -> Message:
        """The request message of a JSON document, judged.

        Raises: InvalidArgument.
        """
        return self.judged(from_json(self.shape, self.input, document))

    def parse_json(self, document: bytes) -> Message:
        """The request message of a JSON document, not judged yet.

        Raises: InvalidArgument.
        """
        return from_json(self.shape, self.input, document)

    def read_binary(self, data: bytes) -> Message:
        """The request message of its binary form, judged.

        Raises: InvalidArgument.
        """
        return self.judged(from_binary(self.shape, self.input, data))

    def judged(self, message: Message) -> Message:
        """The message itself, within its limits.

        Raises: InvalidArgument.
        """
        for check in self.checks:
            check(message)
        return message

    async def answer_json(self, call: Call, message: Message) -> bytes:
        """The answer as JSON."""
        if self.direct is not None:
            return await self.direct(call, message)
        answer: Message = await self.handler(call, message)
        return plain_numbers(answer.to_json())

    async def answer_binary(self, call: Call, message: Message) -> bytes:
        """The answer in the binary form."""
        answer: Message = await self.handler(call, message)
        return answer.to_binary()


class Dispatcher:
    """All methods by path, and the door before them."""

    def __init__(
        self,
        services: Sequence[Service],
        access: Access,
        *,
        open_services: Sequence[Service] = (),
    ) -> None:
        """Compile; ``open_services`` answer anybody. Raises: LookupError for a handler of an RPC that is not there."""
        self._access = access
        self._shapes = Shapes(judge_of)
        self._limits = LimitChecks()
        self._running: set[asyncio.Future[Any]] = set()
        methods = [
            *(one for service in services for one in self._compile(service, is_open=False)),
            *(one for service in open_services for one in self._compile(service, is_open=True)),
        ]
        self.services = (*services, *open_services)
        self.methods: Mapping[str, Method] = {method.path: method for method in methods}

    def _compile(self, service: Service, *, is_open: bool) -> Iterator[Method]:
        unused = {*service.handlers, *service.direct}
        for desc in service.descriptor.methods:
            unused.discard(desc.name)
            if desc.method_kind != "unary":
                continue
            options = desc.proto.options
            door = options[ext_door] if options is not None else None
            name = f"{service.descriptor.type_name}/{desc.name}"
            handler = service.handlers.get(desc.name)
            yield Method(
                desc=desc,
                path=f"/{name}",
                input=desc.input.type,
                shape=self._shapes.of(desc.input),
                checks=self._limits.of(desc.input) if handler else (),
                permission=door.permission if door is not None else "",
                http_status=(options[ext_http_status] if options is not None else 0) or 200,
                open=is_open,
                handler=handler or _missing(name),
                direct=service.direct.get(desc.name),
            )
        if unused:
            raise LookupError(f"{service.descriptor.type_name} has no RPC {', '.join(sorted(unused))}")

    async def admit(self, method: Method, headers: Headers, peer_ip: str) -> Call:
        """The call of whoever sent these headers, let through the method's door.

        Raises: Unauthenticated; PermissionDenied; InvalidArgument.
        """
        if method.open:
            return Call(_NOBODY, "", peer_ip)
        caller, organization_id = await self._access.admit(
            headers.get(b"authorization", b"").decode("latin-1"),
            headers.get(b"x-zitadel-orgid", b"").decode("latin-1"),
        )
        if method.permission and not caller.holds_anywhere(method.permission):
            raise door_refusal(method.permission)
        key = headers.get(b"idempotency-key")
        if key is None:
            return Call(caller, organization_id, peer_ip)
        if not _IDEMPOTENCY_KEY.match(key):
            raise InvalidArgument("", "Idempotency-Key must be 1 to 200 visible ASCII characters")
        return Call(caller, organization_id, peer_ip, key.decode())

    async def within(self, timeout_s: float, answer: Awaitable[AnswerT]) -> AnswerT:
        """The answer, if it comes in time. What was begun goes on to its end: a commit is never cancelled.

        Raises: DeadlineExceeded.
        """
        task = asyncio.ensure_future(answer)
        self._running.add(task)
        task.add_done_callback(self._done)
        await asyncio.wait({task}, timeout=timeout_s)
        if not task.done():
            raise DeadlineExceeded("", "deadline exceeded")
        return task.result()

    def _done(self, task: "asyncio.Future[Any]") -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # nobody may be waiting for it any more


def _missing(name: str) -> Handler:
    async def missing(_: Call, __: Message) -> Message:
        raise Unimplemented("", f"{name} is not implemented")

    return missing
