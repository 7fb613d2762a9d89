"""Bad input: a clear 4xx on each transport that can carry it, at once, and the server lives on."""

import json
import time

import pytest

from tests.transports.clients import Client

JSON = ["rest", "connect-json", "grpc-web-json"]
BINARY = ["connect-binary", "grpc", "grpc-web", "grpc-web-text"]
LOGIN = b'"checks":{"user":{"loginName":"a"}}'


def deep(levels: int) -> bytes:
    """A Struct of so many levels inside the credential assertion."""
    inside = b'{"a":' * levels + b"1" + b"}" * levels
    return b'{"checks":{"webAuthN":{"credentialAssertionData":' + inside + b"}}}"


BAD_JSON = {
    "cut off": b"{",
    "no object": b"[]",
    "null": b"null",
    "number": b"1",
    "trailing data": b"{}x",
    "trailing comma": b'{"metadata":{},}',
    "byte order mark": b"\xef\xbb\xbf{}",
    "NaN": b'{"unknown":NaN}',
    "invalid UTF-8": b'{"checks":{"user":{"loginName":"\xff"}}}',
    "overlong UTF-8": b'{"checks":{"user":{"loginName":"\xc0\x80"}}}',
    "encoded surrogate": b'{"checks":{"user":{"loginName":"\xed\xa0\x80"}}}',
    "lone surrogate": b'{"checks":{"user":{"loginName":"\\ud800"}}}',
    "lone low surrogate": b'{"checks":{"user":{"loginName":"\\udc00"}}}',
    "lone surrogate in a key": b'{"metadata":{"\\ud800":""}}',
    "NUL": b'{"checks":{"user":{"loginName":"a\\u0000b"}}}',
    "NUL in a key": b'{"metadata":{"a\\u0000":""}}',
    "NUL in a Struct": b'{"checks":{"webAuthN":{"credentialAssertionData":{"a":["\\u0000"]}}}}',
    "raw control character": b'{"checks":{"user":{"loginName":"a\nb"}}}',
    "two of a oneof": b'{"checks":{"user":{"userId":"1","loginName":"a"}}}',
    "two of a oneof, other name": b'{"checks":{"user":{"user_id":"1","loginName":"a"}}}',
    "duplicate key": b'{"metadata":{},"metadata":{}}',
    "duplicate key, first null": b'{"lifetime":null,"lifetime":"5s"}',
    "duplicate key, both names": b'{"userAgent":{"fingerprintId":"1"},"user_agent":{"ip":"1.1.1.1"}}',
    "duplicate key, escaped": b'{"checks":{},"chec\\u006bs":{}}',
    "duplicate key, hidden by an escaped colon": b'{"checks":{},"checks":{"user":{"loginName":"\\u003a"}}}',
    "duplicate key, spaced": b'{"lifetime" :"5s","lifetime"\n:"6s"}',
    "duplicate key, beside strings with colons": b'{"lifetime" :"5s","lifetime":"6s","metadata":{":":":"}}',
    "duplicate key of a map": b'{"metadata":{"a":"AA==","a":"AA=="}}',
    "duplicate key of a Struct": b'{"checks":{"webAuthN":{"credentialAssertionData":{"a":1,"a":2}}}}',
    "duplicate key in what is unknown": b'{"unknown":{"a":1,"a":2}}',
    "text for an object": b'{"checks":"x"}',
    "list for an object": b'{"checks":[]}',
    "object for a string": b'{"checks":{"user":{"loginName":{"a":1}}}}',
    "number for a string": b'{"checks":{"user":{"loginName":1}}}',
    "list for a map": b'{"metadata":[]}',
    "null in a map": b'{"metadata":{"a":null}}',
    "null in a list": b'{"userAgent":{"header":{"a":{"values":[null]}}}}',
    "no base64": b'{"metadata":{"ip":"192.168.1.1"}}',
    "mixed base64": b'{"metadata":{"a":"AA-/"}}',
    "impossible base64": b'{"metadata":{"a":"a"}}',
    "Duration of minutes": b'{"lifetime":"5m"}',
    "Duration as a number": b'{"lifetime":5}',
    "Duration without unit": b'{"lifetime":"5"}',
    "Duration with exponent": b'{"lifetime":"1e3s"}',
    "Duration with a bare point": b'{"lifetime":"1.s"}',
    "Duration of other digits": '{"lifetime":"१s"}'.encode(),
    "Duration too long": b'{"lifetime":"999999999999s"}',
    "Duration of picoseconds": b'{"lifetime":"1.0000000001s"}',
    "Duration of nothing": b'{"lifetime":"0s"}',
    "Duration negative": b'{"lifetime":"-1s"}',
    "too deep": deep(33),
    "much too deep": deep(5000),
    "1e6 lists deep": b"[" * 1_000_000,
    "1e5 objects deep": b'{"checks":' * 100_000,
    "unknown and deep": b'{"unknown":' + b"[" * 40 + b"]" * 40 + b"}",
    "20 000 keys": json.dumps({"metadata": {str(n): "" for n in range(20_000)}}).encode(),
    "20 000 unknown keys": json.dumps({str(n): 0 for n in range(20_000)}).encode(),
    "a megabyte of commas": b'{"unknown":[' + b"0," * 500_000 + b"0]}",
    "a user id of 201": json.dumps({"checks": {"user": {"userId": "9" * 201}}}).encode(),
    "an empty user id": b'{"checks":{"user":{"userId":""}}}',
    "no member of a required oneof": b'{"checks":{"user":{}}}',
    "a code of 5": b'{"checks":{"totp":{"code":"12345"}}}',
    "a required Struct missing": b'{"checks":{"webAuthN":{}}}',
    "an enum that must not be zero": b'{"challenges":{"webAuthN":{"domain":"a"}}}',
    "an enum's unknown name": b'{"challenges":{"webAuthN":{"domain":"a","userVerificationRequirement":"NOPE"}}}',
    "an enum's unknown number": b'{"challenges":{"webAuthN":{"domain":"a","userVerificationRequirement":99}}}',
}


@pytest.mark.parametrize("client", JSON, indirect=True)
@pytest.mark.parametrize("name", BAD_JSON)
def test_json(client: Client, name: str) -> None:
    """JSON that is wrong is InvalidArgument, within a second."""
    started = time.monotonic()
    answer = client.send("CreateSession", BAD_JSON[name], {"Authorization": "Bearer good"})
    assert (answer.code, answer.detail_id) == (3, "")
    assert len(answer.message) < 500
    assert time.monotonic() - started < 1


BAD_NUMBERS = {
    "negative": b'{"query":{"limit":-1}}',
    "too large": b'{"query":{"limit":4294967296}}',
    "far too large": b'{"query":{"offset":1e400}}',
    "a fraction": b'{"query":{"limit":1.5}}',
    "hexadecimal": b'{"query":{"limit":"0x5"}}',
    "Python's underscore": b'{"query":{"limit":"1_0"}}',
    "signed": b'{"query":{"offset":"+1"}}',
    "leading zero": b'{"query":{"offset":"01"}}',
    "spaced": b'{"query":{"offset":" 1"}}',
    "of other digits": '{"query":{"offset":"१"}}'.encode(),
    "a truth": b'{"query":{"limit":true}}',
    "a text for a truth": b'{"query":{"asc":"true"}}',
    "an enum's unknown name": b'{"sortingColumn":"NOPE"}',
    "an enum's number as text": b'{"sortingColumn":"1"}',
    "an endless number": b'{"query":{"limit":' + b"1" * 100_000 + b"}}",
    "a date without a day": b'{"queries":[{"creationDateQuery":{"creationDate":"2020-01"}}]}',
    "null in a list of messages": b'{"queries":[null]}',
}


@pytest.mark.parametrize("client", JSON, indirect=True)
@pytest.mark.parametrize("name", BAD_NUMBERS)
def test_numbers(client: Client, name: str) -> None:
    """Numbers, truths, names and dates that are none are InvalidArgument."""
    answer = client.send("ListSessions", BAD_NUMBERS[name], {"Authorization": "Bearer good"})
    assert answer.code == 3


def field(number: int, content: bytes) -> bytes:
    """A field with a length."""
    size, length = len(content), b""
    while size > 127:
        length, size = length + bytes([size & 127 | 128]), size >> 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + content


def deep_binary(levels: int) -> bytes:
    """The same as ``deep``, in the binary form."""
    value = b""
    for _ in range(levels):
        value = field(1, field(1, b"a") + field(2, field(5, value)))
    return field(1, field(3, field(1, value)))


BAD_BINARY = {
    "garbage": b"\xff" * 20,
    "cut off in a tag": b"\xff",
    "cut off in a value": b"\x0a\x05a",
    "a length beyond all": b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
    "a group": b"\x0b\x0c",
    "groups a thousand deep": b"\x0b" * 1000,
    "a number of eleven bytes": b"\x08" + b"\xff" * 11,
    "invalid UTF-8": field(1, field(1, field(2, b"\xff"))),
    "NUL": field(1, field(1, field(2, b"a\0b"))),
    "NUL in a key": field(2, field(1, b"a\0") + field(2, b"")),
    "two of a oneof": field(1, field(1, field(1, b"1") + field(2, b"a"))),
    "a field twice": field(1, b"") + field(1, b""),
    "a string twice": field(1, field(1, field(1, b"1") + field(1, b"2"))),
    "a key twice": field(2, field(1, b"a")) + field(2, field(1, b"a") + field(2, b"x")),
    "the wrong type": b"\x0d\0\0\0\0" + b"\x08\x01",
    "too deep": deep_binary(49),
    "much too deep": deep_binary(2000),
    "20 000 fields": field(2, b"") * 20_000,
    "a negative lifetime": field(5, b"\x08" + b"\xff" * 9 + b"\x01"),
    "a lifetime of two signs": field(5, b"\x08\x01\x10" + b"\xff" * 9 + b"\x01"),
    "a lifetime of ages": field(5, b"\x08" + b"\xff" * 8 + b"\x7f"),
    "a user id of 201": field(1, field(1, field(1, b"9" * 201))),
}


@pytest.mark.parametrize("client", BINARY, indirect=True)
@pytest.mark.parametrize("name", BAD_BINARY)
def test_binary(client: Client, name: str) -> None:
    """A binary message that is wrong is InvalidArgument."""
    answer = client.send("CreateSession", BAD_BINARY[name], {"Authorization": "Bearer good"})
    assert (answer.code, answer.detail_id) == (3, "")
    assert len(answer.message) < 500


GOOD_JSON = {
    "empty": b"",
    "an empty object": b"{}",
    "unknown fields": b'{"unknown":{"a":[{}]},' + LOGIN + b"}",
    "null is absent": b'{"lifetime":null,"checks":{"user":{"userId":null,"loginName":"a"}}}',
    "snake_case": b'{"checks":{"user":{"login_name":"a"}},"user_agent":{"fingerprint_id":"1"}}',
    "url-safe base64 without padding": b'{"metadata":{"a":"-_8"}}',
    "NUL in bytes": b'{"metadata":{"a":"AA=="}}',
    "a backslash before u0000": b'{"userAgent":{"description":"\\\\u0000"}}',
    "emoji by escapes": b'{"userAgent":{"description":"\\ud83d\\ude00"}}',
    "colons in strings": b'{"userAgent":{"description":":a:\\":"},"metadata":{":":":"}}'.replace(
        b'":"}', b'""}'
    ),
    "space before colons": b'{ "userAgent" :\n{ "ip"\t: "::1" } }',
    "a fraction of a second": b'{"lifetime":"1.5s"}',
    "an enum by number": b'{"challenges":{"webAuthN":{"domain":"a","userVerificationRequirement":1}}}',
    "a Struct as deep as may be": deep(28),
}


@pytest.mark.parametrize("client", JSON, indirect=True)
@pytest.mark.parametrize("name", GOOD_JSON)
def test_good_json(client: Client, name: str) -> None:
    """What proto3 JSON allows is taken."""
    answer = client.send("CreateSession", GOOD_JSON[name], {"Authorization": "Bearer good"})
    assert (answer.code, answer.message) == (0, "")


@pytest.mark.parametrize("client", BINARY, indirect=True)
def test_good_binary(client: Client) -> None:
    """Unknown fields and deep Structs are taken in the binary form too."""
    for body in (b"", field(15, b"x") + b"\xf8\x07\x01", deep_binary(28)):
        assert client.send("CreateSession", body, {"Authorization": "Bearer good"}).code == 0


def test_too_large(client: Client) -> None:
    """A message over a mebibyte is refused, and the connection goes on."""
    big = b'{"metadata":{"a":"' + b"A" * (1 << 20) + b'"}}' if client.json else field(2, b"\0" * (1 << 20))
    answer = client.send("CreateSession", big, {"Authorization": "Bearer good"})
    assert answer.code in (3, 8)
    assert client.call("CreateSession", {}).code == 0
