"""gRPC server reflection, v1 and v1alpha: which services there are, and the files that define them."""

from collections.abc import AsyncIterator, Iterator, Sequence
from types import ModuleType
from typing import Any, Final

from protobuf import DescFile, DescMessage, DescService, Oneof

from ostiary._pb.grpc.reflection.v1 import reflection_pb as v1
from ostiary._pb.grpc.reflection.v1alpha import reflection_pb as v1alpha
from ostiary._pb.zitadel import message_pb
from ostiary.api.grpc import StreamMethod

_NOT_FOUND: Final = 5
_UNIMPLEMENTED: Final = 12


class Reflection:
    """The services that are served, and every file and symbol behind them."""

    def __init__(self, services: Sequence[DescService]) -> None:
        """Index the files."""
        self._services = [*services, *(module.desc().services[0] for module in (v1, v1alpha))]
        self._files: dict[str, DescFile] = {}
        self._symbols: dict[str, DescFile] = {}
        for file in (*(service.file for service in self._services), message_pb.desc()):
            self._add(file)  # the last holds the details of errors, which no service names

    def _add(self, file: DescFile) -> None:
        if file.name in self._files:
            return
        self._files[file.name] = file
        self._symbols.update((symbol, file) for symbol in _symbols(file))
        for dependency in file.dependencies:
            self._add(dependency)

    def streams(self) -> tuple[StreamMethod, ...]:
        """ServerReflectionInfo of both versions."""
        return tuple(
            StreamMethod(method, _talk(self, module))
            for module in (v1, v1alpha)
            for method in module.desc().services[0].methods
        )

    def answer(self, module: ModuleType, request: Any) -> Any:
        """The answer to one request, in that version's messages."""
        question = request.message_request
        kind = question.field if question is not None else ""
        answer: Oneof[str, Any]
        if kind == "list_services":
            names = [module.ServiceResponse(name=service.type_name) for service in self._services]
            answer = Oneof("list_services_response", module.ListServiceResponse(service=names))
        elif kind in ("file_by_filename", "file_containing_symbol"):
            index = self._files if kind == "file_by_filename" else self._symbols
            answer = _files(module, index.get(question.value.removeprefix(".")))
        else:
            answer = _refusal(module, _UNIMPLEMENTED, "there are no extensions to tell of")
        return module.ServerReflectionResponse(
            valid_host=request.host, original_request=request, message_response=answer
        )


def _talk(reflection: Reflection, module: ModuleType) -> Any:
    async def talk(requests: AsyncIterator[Any]) -> AsyncIterator[Any]:
        async for request in requests:
            yield reflection.answer(module, request)

    return talk


def _files(module: ModuleType, file: DescFile | None) -> "Oneof[str, Any]":
    """A file and all it needs."""
    if file is None:
        return _refusal(module, _NOT_FOUND, "not found")
    needed: dict[str, DescFile] = {}
    _collect(file, needed)
    content = [one.proto.to_binary() for one in needed.values()]
    return Oneof("file_descriptor_response", module.FileDescriptorResponse(file_descriptor_proto=content))


def _refusal(module: ModuleType, code: int, why: str) -> "Oneof[str, Any]":
    return Oneof("error_response", module.ErrorResponse(error_code=code, error_message=why))


def _collect(file: DescFile, needed: dict[str, DescFile]) -> None:
    if file.name not in needed:
        needed[file.name] = file
        for dependency in file.dependencies:
            _collect(dependency, needed)


def _symbols(file: DescFile) -> Iterator[str]:
    for service in file.services:
        yield service.type_name
        yield from (f"{service.type_name}.{method.name}" for method in service.methods)
    yield from (enum.type_name for enum in file.enums)
    for message in file.messages:
        yield from _inner(message)


def _inner(message: DescMessage) -> Iterator[str]:
    yield message.type_name
    yield from (enum.type_name for enum in message.nested_enums)
    for nested in message.nested_messages:
        yield from _inner(nested)
