"""An error on each of the wires: grpc-gateway's body for REST, Connect's, and gRPC's status.

The message is the text in the caller's language and the id; the detail has both apart. An error without an id has no
detail. What an integrator may want to know beside that is in the header ``x-ostiary-hint``.
"""

from base64 import b64encode
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import msgspec
from protobuf import Message

from ostiary._pb.zitadel.message_pb import CredentialsCheckError, ErrorDetail
from ostiary.api.languages import Languages
from ostiary.errors import OstiaryError, Unauthenticated
from ostiary.http.application import Unexpected
from ostiary.http.guard import API_HEADERS
from ostiary.http.message import Header, Request, Response

_JSON: Final = (b"content-type", b"application/json")
_LENGTH: Final = 2  # protobuf's wire type of what has a length
_CODES: Final = {
    1: "canceled", 2: "unknown", 3: "invalid_argument", 4: "deadline_exceeded", 5: "not_found", 6: "already_exists",
    7: "permission_denied", 8: "resource_exhausted", 9: "failed_precondition", 10: "aborted", 11: "out_of_range",
    12: "unimplemented", 13: "internal", 14: "unavailable", 15: "data_loss", 16: "unauthenticated",
}  # fmt: skip


class DeadlineExceeded(OstiaryError):
    """The caller's own time limit passed first. What was begun is not undone."""

    grpc_code, http_status, oauth_error = 4, 504, "temporarily_unavailable"


@dataclass(frozen=True, slots=True)
class Told:
    """An error in the caller's language: the whole message, and the detail with its type and JSON."""

    message: str
    detail: Message | None
    type_name: str
    json: dict[str, Any]


class Problems:
    """Writes errors. One for all transports."""

    def __init__(self, languages: Languages) -> None:
        """Texts are taken from there."""
        self._languages = languages

    def tell(self, error: OstiaryError, accept_language: str) -> Told:
        """The error in words."""
        text = self._languages.translate(error.message, accept_language)
        if isinstance(error, Unexpected):
            return Told(f"{text} (request {error.request_id})", None, "", {})
        if not error.id:
            return Told(text, None, "", {})
        json: dict[str, Any] = {"id": error.id, "message": text}
        message = f"{text} ({error.id})"
        if error.failed_attempts is None:
            return Told(message, ErrorDetail(**json), "zitadel.v1.ErrorDetail", json)
        if error.failed_attempts:  # proto3 JSON leaves a zero out
            json["failedAttempts"] = error.failed_attempts
        detail = CredentialsCheckError(id=error.id, message=text, failed_attempts=error.failed_attempts)
        return Told(message, detail, "zitadel.v1.CredentialsCheckError", json)

    def rest(self, request: Request, error: OstiaryError) -> Response:
        """As grpc-gateway writes it."""
        told = self.tell(error, request.header(b"accept-language"))
        details = (
            [{"@type": f"type.googleapis.com/{told.type_name}", **told.json}]
            if told.detail is not None
            else []
        )
        body = {"code": error.grpc_code, "message": told.message, "details": details}
        return Response(error.http_status, (_JSON, *extra_headers(error)), msgspec.json.encode(body))

    def connect(self, request: Request, error: OstiaryError) -> Response:
        """As Connect writes it. Source: the Connect protocol, "Error end-stream"."""
        told = self.tell(error, request.header(b"accept-language"))
        body: dict[str, Any] = {"code": _CODES[error.grpc_code], "message": told.message}
        if told.detail is not None:
            value = b64encode(told.detail.to_binary()).rstrip(b"=").decode()
            body["details"] = [{"type": told.type_name, "value": value, "debug": told.json}]
        return Response(error.http_status, (_JSON, *extra_headers(error)), msgspec.json.encode(body))

    def grpc(self, error: OstiaryError, accept_language: str) -> list[Header]:
        """As gRPC's trailers. Source: gRPC over HTTP/2, "Status" and "Status-Message"."""
        told = self.tell(error, accept_language)
        trailers = [
            (b"grpc-status", b"%d" % error.grpc_code),
            (b"grpc-message", quote(told.message, safe=" !#$&'()*+,-./:;<=>?@[]^_`{|}~").encode()),
        ]
        if told.detail is not None:
            url = f"type.googleapis.com/{told.type_name}".encode()
            packed = _field(1, url) + _field(2, told.detail.to_binary())
            code = bytes((1 << 3, error.grpc_code))
            status = code + _field(2, told.message.encode()) + _field(3, packed)  # google.rpc.Status
            trailers.append((b"grpc-status-details-bin", b64encode(status).rstrip(b"=")))
        trailers.extend(own_headers(error))
        return trailers


def own_headers(error: OstiaryError) -> list[Header]:
    """What every wire says beside the body."""
    headers: list[Header] = []
    if error.retry_after_s is not None:
        headers.append((b"retry-after", b"%d" % error.retry_after_s))
    if error.hint:
        headers.append((b"x-ostiary-hint", quote(error.hint, safe=" !#$&'()*+,-./:;<=>?@[]^_`{|}~").encode()))
    if isinstance(error, Unexpected):
        headers.append((b"x-request-id", error.request_id.encode()))
    return headers


def extra_headers(error: OstiaryError) -> list[Header]:
    """What HTTP answers carry beside the body."""
    headers = [*API_HEADERS, *own_headers(error)]
    if isinstance(error, Unauthenticated):
        headers.append((b"www-authenticate", b"Bearer"))
    return headers


def _field(number: int, content: bytes) -> bytes:
    """One field of a message in the binary form."""
    size, length = len(content), bytearray()
    while size > 0x7F:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    length.append(size)
    return bytes((number << 3 | _LENGTH,)) + bytes(length) + content
