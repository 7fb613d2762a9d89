"""A client for each transport, with one face: send a message, get an answer or a status."""

import json
import struct
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import unquote

import grpc
import requests
from protobuf import Message

from ostiary._pb.zitadel.session.v2 import session_service_pb as wire

SERVICE = "zitadel.session.v2.SessionService"
CODES = {
    "invalid_argument": 3, "deadline_exceeded": 4, "not_found": 5, "permission_denied": 7, "resource_exhausted": 8,
    "unimplemented": 12, "internal": 13, "unavailable": 14, "unauthenticated": 16,
}  # fmt: skip
REST = {
    "GetSession": ("GET", "/v2/sessions/{}"),
    "CreateSession": ("POST", "/v2/sessions"),
    "SetSession": ("PATCH", "/v2/sessions/{}"),
    "ListSessions": ("POST", "/v2/sessions/search"),
    "DeleteSession": ("DELETE", "/v2/sessions/{}"),
}
_RESPONSES: dict[str, type[Message]] = {
    method.name: method.output.type for method in wire.desc().services[0].methods
}
_REQUESTS: dict[str, type[Message]] = {
    method.name: method.input.type for method in wire.desc().services[0].methods
}


@dataclass
class Answer:
    """What came back: gRPC's code (0 is success), the message's JSON, the error's words and id, headers."""

    code: int
    content: dict[str, Any] = field(default_factory=dict)
    message: str = ""
    detail_id: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


class Client:
    """Speaks one transport."""

    json = True  # whether messages go as JSON

    def __init__(self, port: int) -> None:
        self.base = f"http://127.0.0.1:{port}"
        self.session = requests.Session()
        self.session.trust_env = False

    def close(self) -> None:
        """End the connection."""
        self.session.close()

    def call(
        self, rpc: str, message: Any, token: str = "good", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a message given as JSON's values."""
        body = json.dumps(message).encode()
        if not self.json:
            body = _REQUESTS[rpc].from_json(body).to_binary()
        own = {"Authorization": f"Bearer {token}"} if token else {}
        return self.send(rpc, body, {**own, **(headers or {})})

    def send(self, rpc: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send a body as it is."""
        raise NotImplementedError

    def post(self, rpc: str, body: bytes, headers: Mapping[str, str]) -> requests.Response:
        """POST to the RPC's path."""
        return self.session.post(f"{self.base}/{SERVICE}/{rpc}", data=body, headers=dict(headers), timeout=10)


class Rest(Client):
    """REST."""

    def send(self, rpc: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        verb, path = REST[rpc]
        if "{}" in path:
            fields = json.loads(body)
            path = path.format(fields.pop("sessionId"))
            body = json.dumps(fields).encode() if fields else b""
        reply = self.session.request(
            verb,
            self.base + path,
            data=body,
            headers={"Content-Type": "application/json", **headers},
            timeout=10,
        )
        content = reply.json()
        if reply.ok:
            return Answer(0, content, headers=reply.headers)
        detail = content["details"][0] if content["details"] else {}
        return Answer(content["code"], {}, content["message"], detail.get("id", ""), reply.headers)


class ConnectJson(Client):
    """Connect with JSON."""

    kind = "application/json"

    def send(self, rpc: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        reply = self.post(rpc, body, {"Content-Type": self.kind, **headers})
        if reply.status_code == 200:
            return Answer(0, self.read(rpc, reply.content), headers=reply.headers)
        content = reply.json()
        detail = content.get("details", [{}])[0]
        return Answer(
            CODES[content["code"]],
            {},
            content["message"],
            detail.get("debug", {}).get("id", ""),
            reply.headers,
        )

    def read(self, rpc: str, body: bytes) -> dict[str, Any]:
        """The answer's values."""
        del rpc
        return cast("dict[str, Any]", json.loads(body))


class ConnectBinary(ConnectJson):
    """Connect with binary messages."""

    json = False
    kind = "application/proto"

    def read(self, rpc: str, body: bytes) -> dict[str, Any]:
        return cast("dict[str, Any]", json.loads(_RESPONSES[rpc].from_binary(body).to_json()))


class GrpcWeb(Client):
    """gRPC-Web with binary messages."""

    json = False
    kind = "application/grpc-web+proto"
    text = False

    def send(self, rpc: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        framed = struct.pack(">BI", 0, len(body)) + body
        reply = self.post(
            rpc,
            b64encode(framed) if self.text else framed,
            {"Content-Type": self.kind, "X-Grpc-Web": "1", **headers},
        )
        assert reply.status_code == 200, reply.status_code
        assert reply.headers["content-type"] == self.kind
        frames = _frames(_from_text(reply.content) if self.text else reply.content)
        trailers = dict(line.split(": ", 1) for line in frames.pop()[1].decode().splitlines())
        code = int(trailers["grpc-status"])
        content = self._read(rpc, frames[0][1]) if frames else {}
        return Answer(code, content, *_words(trailers), headers={**reply.headers, **trailers})

    def _read(self, rpc: str, body: bytes) -> dict[str, Any]:
        text = body if self.json else _RESPONSES[rpc].from_binary(body).to_json()
        return cast("dict[str, Any]", json.loads(text))


class GrpcWebJson(GrpcWeb):
    """gRPC-Web with JSON messages."""

    json = True
    kind = "application/grpc-web+json"


class GrpcWebText(GrpcWeb):
    """gRPC-Web, all of it in base64."""

    kind = "application/grpc-web-text+proto"
    text = True


class Grpc(Client):
    """gRPC, by Google's own client."""

    json = False

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port}")

    def close(self) -> None:
        self.channel.close()
        super().close()

    def send(self, rpc: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        stub = cast("Any", self.channel.unary_unary(f"/{SERVICE}/{rpc}"))
        metadata = tuple((name.lower(), value) for name, value in headers.items())
        try:
            reply, call = stub.with_call(body, metadata=metadata, timeout=10)
        except grpc.RpcError as error:
            told = cast("Any", error)
            trailers = dict(told.trailing_metadata() or ())
            detail = trailers.get("grpc-status-details-bin", b"").decode("latin-1")
            code = told.code().value[0]
            return Answer(code, {}, told.details() or "", _id_in(detail), headers=trailers)
        content = json.loads(_RESPONSES[rpc].from_binary(reply).to_json())
        return Answer(0, content, headers=dict(call.initial_metadata() or ()))


CLIENTS: dict[str, Callable[[int], Client]] = {
    "rest": Rest,
    "connect-json": ConnectJson,
    "connect-binary": ConnectBinary,
    "grpc": Grpc,
    "grpc-web": GrpcWeb,
    "grpc-web-json": GrpcWebJson,
    "grpc-web-text": GrpcWebText,
}


def _frames(body: bytes) -> list[tuple[int, bytes]]:
    frames: list[tuple[int, bytes]] = []
    while body:
        flags, size = struct.unpack_from(">BI", body)
        frames.append((flags, body[5 : 5 + size]))
        body = body[5 + size :]
    assert frames[-1][0] == 0x80
    return frames


def _from_text(text: bytes) -> bytes:
    """Base64 in pieces, each with its own padding."""
    whole = b""
    piece = b""
    for at in range(0, len(text), 4):
        piece += text[at : at + 4]
        if piece.endswith(b"="):
            whole, piece = whole + b64decode(piece), b""
    return whole + b64decode(piece)


def _words(trailers: Mapping[str, str]) -> tuple[str, str]:
    detail = trailers.get("grpc-status-details-bin", "")
    content = b64decode(detail + "=" * (-len(detail) % 4)).decode("latin-1")
    return unquote(trailers.get("grpc-message", "")), _id_in(content)


def _id_in(status: str) -> str:
    """The id in a google.rpc.Status: the first field of the detail, after its type's name."""
    for name in ("zitadel.v1.ErrorDetail", "zitadel.v1.CredentialsCheckError"):
        _, found, rest = status.partition(name)
        if found:
            at = rest.index("\n") + 1
            return rest[at + 1 : at + 1 + ord(rest[at])]
    return ""
