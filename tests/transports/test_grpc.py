"""What is gRPC's own: health, reflection, framing, compression, deadlines, many calls on one connection."""

import gzip
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, cast

import grpc
import pytest
import requests
from protobuf import Oneof
from protobuf.wkt.google.protobuf.descriptor_pb import FileDescriptorProto

from ostiary._pb.grpc.health.v1.health_pb import HealthCheckRequest, HealthCheckResponse
from ostiary._pb.grpc.reflection.v1 import reflection_pb as v1
from ostiary._pb.grpc.reflection.v1alpha import reflection_pb as v1alpha
from ostiary._pb.zitadel.session.v2 import session_service_pb as wire
from ostiary.api.grpc import STREAMS_OF_ADDRESS

GET = "/zitadel.session.v2.SessionService/GetSession"
GOOD = (("authorization", "Bearer good"),)
SERVING = HealthCheckResponse.ServingStatus.SERVING


@pytest.fixture
def channel(port: int) -> Iterator[grpc.Channel]:
    """A channel of grpcio's, which meets the server by prior knowledge."""
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel


def ask(channel: grpc.Channel, path: str, body: bytes, **kwargs: Any) -> bytes:
    """One unary call."""
    return cast("bytes", cast("Any", channel.unary_unary(path))(body, timeout=10, **kwargs))


def test_health(channel: grpc.Channel) -> None:
    """The server and each service are serving; others are not found."""
    for name in ("", "zitadel.session.v2.SessionService"):
        answer = ask(channel, "/grpc.health.v1.Health/Check", HealthCheckRequest(service=name).to_binary())
        assert HealthCheckResponse.from_binary(answer).status == SERVING
    with pytest.raises(grpc.RpcError) as refused:
        ask(channel, "/grpc.health.v1.Health/Check", HealthCheckRequest(service="nope").to_binary())
    assert cast("grpc.Call", refused.value).code() is grpc.StatusCode.NOT_FOUND


def test_watching_health(channel: grpc.Channel) -> None:
    """Watch says the status at once and goes on; of an unknown service it says so and ends."""
    watch = cast("Any", channel.unary_stream("/grpc.health.v1.Health/Watch"))
    stream = watch(HealthCheckRequest().to_binary(), timeout=10)
    assert HealthCheckResponse.from_binary(next(stream)).status == SERVING
    stream.cancel()
    unknown = watch(HealthCheckRequest(service="nope").to_binary(), timeout=10)
    statuses = [HealthCheckResponse.from_binary(each).status for each in unknown]
    assert statuses == [HealthCheckResponse.ServingStatus.SERVICE_UNKNOWN]


def test_so_many_watch(port: int) -> None:
    """Anybody may watch, so an address has so many streams open at once; whoever leaves makes room."""
    apart = [
        ("grpc.use_local_subchannel_pool", 1)
    ]  # else all are one connection, which has a limit of its own
    with ExitStack() as here:
        channels = [
            here.enter_context(grpc.insecure_channel(f"127.0.0.1:{port}", apart))
            for _ in range(STREAMS_OF_ADDRESS // 50 + 1)
        ]

        def watch(number: int) -> Any:
            method = cast("Any", channels[number // 50].unary_stream("/grpc.health.v1.Health/Watch"))
            return method(HealthCheckRequest().to_binary(), timeout=60)

        open_ones = [watch(number) for number in range(STREAMS_OF_ADDRESS)]
        assert all(HealthCheckResponse.from_binary(next(one)).status == SERVING for one in open_ones)
        with pytest.raises(grpc.RpcError) as refused:
            next(watch(STREAMS_OF_ADDRESS))
        assert cast("grpc.Call", refused.value).code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        open_ones[0].cancel()
        time.sleep(0.2)
        assert HealthCheckResponse.from_binary(next(watch(STREAMS_OF_ADDRESS))).status == SERVING


@pytest.mark.parametrize("version", [v1, v1alpha])
def test_reflection(channel: grpc.Channel, version: Any) -> None:
    """Reflection lists the services, and gives the files of a symbol with all they need."""
    request = version.ServerReflectionRequest
    questions = [
        request(message_request=Oneof("list_services", "")),
        request(
            message_request=Oneof("file_containing_symbol", "zitadel.session.v2.SessionService.GetSession")
        ),
        request(message_request=Oneof("file_by_filename", "zitadel/object/v2/object.proto")),
        request(message_request=Oneof("file_containing_symbol", "no.such.Thing")),
        request(message_request=Oneof("all_extension_numbers_of_type", "a.B")),
        request(),
    ]
    path = f"/{version.desc().services[0].type_name}/ServerReflectionInfo"
    stream = cast("Any", channel.stream_stream(path))(
        iter([each.to_binary() for each in questions]), timeout=10
    )
    answers = [version.ServerReflectionResponse.from_binary(each).message_response for each in stream]
    names = {service.name for service in answers[0].value.service}
    assert {
        "zitadel.session.v2.SessionService",
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
    } <= names
    files = [FileDescriptorProto.from_binary(one) for one in answers[1].value.file_descriptor_proto]
    held = {file.name for file in files}
    assert files[0].name == "zitadel/session/v2/session_service.proto"
    assert all(name in held for file in files for name in file.dependency)
    assert answers[2].field == "file_descriptor_response"
    assert [answer.value.error_code for answer in answers[3:]] == [5, 12, 12]


def test_unknown_methods(channel: grpc.Channel) -> None:
    """Unknown methods, and those without a handler, are unimplemented."""
    for path in ("/zitadel.session.v2.SessionService/Nope", "/a/b", "/zitadel.user.v2.UserService/ListUsers"):
        with pytest.raises(grpc.RpcError) as refused:
            ask(channel, path, b"", metadata=GOOD)
        assert cast("grpc.Call", refused.value).code() is grpc.StatusCode.UNIMPLEMENTED


def test_compression(channel: grpc.Channel) -> None:
    """Messages may be gzipped both ways."""
    body = wire.GetSessionRequest(session_id="large").to_binary()
    answer = ask(channel, GET, body, metadata=GOOD, compression=grpc.Compression.Gzip)
    session = wire.GetSessionResponse.from_binary(answer).session
    assert session is not None
    assert len(session.metadata["a"]) == 5000


def test_two_thousand_calls(channel: grpc.Channel) -> None:
    """One connection carries as many calls as its client likes."""
    stub = cast("Any", channel.unary_unary(GET))
    body = wire.GetSessionRequest(session_id="5").to_binary()
    for _ in range(20):
        calls = [stub.future(body, metadata=GOOD, timeout=10) for _ in range(100)]
        assert all(call.result() for call in calls)


def web(port: int, body: bytes, kind: str = "application/grpc-web", **headers: str) -> requests.Response:
    """One POST of gRPC-Web's."""
    own = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.post(
        f"http://127.0.0.1:{port}{GET}",
        data=body,
        headers={"Authorization": "Bearer good", "Content-Type": kind, **own},
        timeout=10,
    )


def status(answer: requests.Response) -> str:
    """The status in the last frame."""
    return answer.content.rpartition(b"grpc-status: ")[2].split(b"\r\n")[0].decode()


def frame(content: bytes, flags: int = 0) -> bytes:
    """One frame."""
    return struct.pack(">BI", flags, len(content)) + content


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "12"),
        (frame(b"") * 2, "12"),
        (b"\0\0\0", "3"),
        (frame(b"abc")[:-1], "3"),
        (struct.pack(">BI", 0, 0xFFFFFFFF), "8"),
        (frame(gzip.compress(b"\x0a\x015"), 1), "3"),
    ],
)
def test_bad_frames(port: int, body: bytes, code: str) -> None:
    """No message, two, half of one, one of four gigabytes, one packed without saying how: each has its status."""
    assert status(web(port, body)) == code


def test_packed_frames(port: int) -> None:
    """A packed frame is unpacked, up to the limit; other encodings are unimplemented."""
    packed = frame(gzip.compress(b"\x0a\x015"), 1)
    assert status(web(port, packed, grpc_encoding="gzip")) == "0"
    assert status(web(port, packed, grpc_encoding="br")) == "12"
    bomb = frame(gzip.compress(b"\0" * 2_000_000), 1)
    assert status(web(port, bomb, grpc_encoding="gzip")) == "8"


def test_text_in_pieces(port: int) -> None:
    """A base64 body may be of several padded pieces; what is none is refused."""
    kind = "application/grpc-web-text"
    assert web(port, b"AAAAAAM=CgE1", kind).content.startswith(b"AAAAA")
    assert web(port, b"A===", kind).status_code == 200


@pytest.mark.parametrize("kind", ["application/grpc-web+thrift", "application/grpc", "application/grpcish"])
def test_other_kinds(port: int, kind: str) -> None:
    """Other codecs, and gRPC without HTTP/2, are 415."""
    assert web(port, b"", kind).status_code == 415


def test_other_origins(port: int) -> None:
    """gRPC-Web is made for scripts of other origins."""
    answer = web(port, frame(b"\x0a\x015"), Origin="https://app.example")
    assert answer.headers["access-control-allow-origin"] == "https://app.example"
