"""A gRPC client that knows nothing of our server but its port: it learns all messages by reflection.

Google's own runtimes do everything: grpcio the calls, protobuf the messages. Of our generated code it uses
reflection's own two messages, which nobody could tell it.
"""

import json
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.rpc import status_pb2

from ostiary._pb.grpc.reflection.v1 import reflection_pb

TIMEOUT_S = 20
DETAIL = "zitadel.v1.ErrorDetail"  # of errors; no service's messages need it
_REFLECTION = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"


@dataclass(frozen=True)
class Answer:
    """A message as JSON's values, or a status with its details, each with ``@type``."""

    code: str
    content: dict[str, Any] = field(default_factory=dict)
    message: str = ""
    details: list[dict[str, Any]] = field(default_factory=list)

    @property
    def id(self) -> str:
        """The id of the error; empty without details."""
        return str(self.details[0]["id"]) if self.details else ""


class Client:
    """Calls any RPC that the server tells of, over one channel."""

    def __init__(self, channel: grpc.Channel, token: str) -> None:
        """Learn the services; every call carries the token."""
        self._channel = channel
        self._token = token
        self._pool = descriptor_pool.DescriptorPool()
        self._known: set[str] = set()
        names = self._ask({"listServices": ""})["listServicesResponse"]["service"]
        self.services: dict[str, ServiceDescriptor] = {}
        for symbol in (DETAIL, *sorted(one["name"] for one in names)):
            for file in self._files_of(symbol):
                self._pool.Add(file)
        for one in names:
            self.services[one["name"]] = self._pool.FindServiceByName(one["name"])

    def methods(self) -> Iterator[MethodDescriptor]:
        """Every unary RPC."""
        for service in self.services.values():
            for method in service.methods:
                if not method.client_streaming and not method.server_streaming:
                    yield method

    def call(self, name: str, request: Mapping[str, Any], token: str | None = None) -> Answer:
        """Call ``package.Service/Method`` with a message given as JSON's values."""
        message = json_format.ParseDict(
            dict(request), self.new(self._method(name).input_type.full_name), True
        )
        return self.send(name, message.SerializeToString(), token)

    def send(self, name: str, message: bytes, token: str | None = None) -> Answer:
        """Call it with a message given as bytes, whatever they are."""
        said = self._token if token is None else token
        stub: Any = self._channel.unary_unary(
            f"/{name}",
            response_deserializer=message_factory.GetMessageClass(self._method(name).output_type).FromString,
        )
        metadata = (("authorization", f"Bearer {said}"),) if said else ()
        try:
            return Answer("OK", self._values(stub(message, metadata=metadata, timeout=TIMEOUT_S)))
        except grpc.RpcError as error:
            return self._refused(cast("grpc.Call", error))

    def ok(self, name: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """The answer of a call that must succeed."""
        answer = self.call(name, request)
        assert answer.code == "OK", (name, answer)
        return answer.content

    def _method(self, name: str) -> MethodDescriptor:
        service, _, rpc = name.partition("/")
        return self.services[service].methods_by_name[rpc]

    def _refused(self, error: grpc.Call) -> Answer:
        """The status as told in the trailers; its details must say the same once more."""
        code, message = error.code().name, error.details() or ""
        trailers = dict(error.trailing_metadata() or ())
        packed = trailers.get("grpc-status-details-bin")
        if packed is None:
            return Answer(code, {}, message)
        status = status_pb2.Status.FromString(cast("bytes", packed))
        assert (status.code, status.message) == (error.code().value[0], message)
        return Answer(code, {}, message, [self._values(one) for one in status.details])

    def _values(self, message: Any) -> dict[str, Any]:
        return json_format.MessageToDict(message, descriptor_pool=self._pool)

    def new(self, type_name: str) -> Any:
        """An empty message of a type."""
        return message_factory.GetMessageClass(self._pool.FindMessageTypeByName(type_name))()

    def _ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """One question of reflection."""
        asked = reflection_pb.ServerReflectionRequest.from_json(json.dumps(question)).to_binary()
        stream = cast("Any", self._channel.stream_stream(_REFLECTION))(iter([asked]), timeout=TIMEOUT_S)
        (answer,) = stream
        told: dict[str, Any] = json.loads(
            reflection_pb.ServerReflectionResponse.from_binary(answer).to_json()
        )
        return told

    def _files_of(self, symbol: str) -> Iterator[descriptor_pb2.FileDescriptorProto]:
        """The files behind a symbol that are not known yet, those they need first."""
        answer = self._ask({"fileContainingSymbol": symbol})["fileDescriptorResponse"]
        found = {}
        for one in answer["fileDescriptorProto"]:
            file = descriptor_pb2.FileDescriptorProto.FromString(b64decode(one))
            found[file.name] = file
        yield from self._in_order(found, list(found))

    def _in_order(
        self, files: Mapping[str, descriptor_pb2.FileDescriptorProto], names: list[str]
    ) -> Iterator[descriptor_pb2.FileDescriptorProto]:
        for name in names:
            if name not in self._known:
                self._known.add(name)
                yield from self._in_order(files, list(files[name].dependency))
                yield files[name]
