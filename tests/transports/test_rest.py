"""What is REST's own: paths, queries, content types, status codes, grpc-gateway's bodies, other origins."""

import gzip
from collections.abc import Iterator

import pytest
import requests

GOOD = {"Authorization": "Bearer good"}


class Caller(requests.Session):
    """A session that knows where the server is."""

    base = ""

    def ask(self, method: str, path: str, **kwargs: object) -> requests.Response:
        """One request; with a good token unless headers are given."""
        kwargs.setdefault("headers", GOOD)
        return self.request(method, self.base + path, timeout=10, **kwargs)  # type: ignore[arg-type]


@pytest.fixture
def rest(port: int) -> Iterator[Caller]:
    """A caller of REST."""
    with Caller() as caller:
        caller.base = f"http://127.0.0.1:{port}"
        caller.trust_env = False
        yield caller


def test_status_codes(rest: Caller) -> None:
    """Creating answers 201, all else 200."""
    assert rest.ask("POST", "/v2/sessions", json={}).status_code == 201
    assert rest.ask("PATCH", "/v2/sessions/1", json={}).status_code == 200


def test_headers_of_answers(rest: Caller) -> None:
    """Answers are not kept by anybody and are what they say they are."""
    headers = rest.ask("GET", "/v2/sessions/1").headers
    assert headers["cache-control"] == "no-store"
    assert headers["pragma"] == "no-cache"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-type"] == "application/json"
    assert headers["date"] == "Fri, 02 Jan 2026 03:04:05 GMT"
    assert "server" not in headers


@pytest.mark.parametrize(
    ("session_id", "status"), [("missing", 404), ("boom", 500), ("busy", 503), ("9" * 201, 400), ("%00", 400)]
)
def test_errors(rest: Caller, session_id: str, status: int) -> None:
    """Errors have their HTTP status and grpc-gateway's body."""
    answer = rest.ask("GET", f"/v2/sessions/{session_id}")
    assert answer.status_code == status
    assert set(answer.json()) == {"code", "message", "details"}


def test_error_details(rest: Caller) -> None:
    """Details are Any messages in JSON."""
    answer = rest.ask("GET", "/v2/sessions/missing").json()
    detail = {
        "@type": "type.googleapis.com/zitadel.v1.ErrorDetail",
        "id": "QUERY-SFeaa",
        "message": "Session does not exist",
    }
    assert answer == {"code": 5, "message": "Session does not exist (QUERY-SFeaa)", "details": [detail]}
    wrong = rest.ask("POST", "/v2/sessions", json={"checks": {"password": {"password": "wrong"}}}).json()
    assert wrong["details"][0] == {
        "@type": "type.googleapis.com/zitadel.v1.CredentialsCheckError",
        "id": "COMMAND-3M0fs",
        "message": "Password is invalid",
        "failedAttempts": 3,
    }


def test_unauthenticated(rest: Caller) -> None:
    """401 says how to authenticate."""
    answer = rest.ask("GET", "/v2/sessions/1", headers={})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.json() == {"code": 16, "message": "auth header missing", "details": []}


def test_the_door(rest: Caller) -> None:
    """An RPC that asks for a permission refuses who has none, before it looks at the message."""
    weak = {"Authorization": "Bearer weak"}
    answer = rest.ask("GET", "/v2/settings/login?ctx.orgId=&ctx.instance=maybe", headers=weak)
    assert (answer.status_code, answer.json()["details"][0]["id"]) == (403, "AUTH-5mWD2")
    assert rest.ask("GET", "/v2/sessions/1", headers=weak).status_code == 200


@pytest.mark.parametrize(
    "path", ["/", "/v2", "/v2/", "/v2/sessions/", "/v2/sessions/1/2", "/v2/nope", "//v2/sessions", "/%ff"]
)
def test_unknown_paths(rest: Caller, path: str) -> None:
    """An unknown path is grpc-gateway's 404, whoever asks."""
    answer = rest.ask("GET", path, headers={})
    assert (answer.status_code, answer.json()) == (404, {"code": 5, "message": "Not Found", "details": []})


def test_wrong_methods(rest: Caller) -> None:
    """A known path with a wrong method is grpc-gateway's 405."""
    answer = rest.ask("PUT", "/v2/sessions/1")
    assert (answer.status_code, answer.headers["allow"]) == (405, "DELETE, GET, PATCH")
    assert answer.json() == {"code": 12, "message": "Method Not Allowed", "details": []}
    assert rest.ask("GET", "/v2/sessions/search").status_code == 200  # a session named so, not the search
    assert rest.ask("TRACE", "/v2/sessions").status_code == 405


def test_head(rest: Caller) -> None:
    """HEAD is GET without the body."""
    answer = rest.ask("HEAD", "/v2/sessions/1")
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) > 0
    assert rest.ask("GET", "/v2/sessions/1").status_code == 200


def test_path_variables(rest: Caller) -> None:
    """A path variable is decoded after the path was split, and wins over the body."""
    answer = rest.ask(
        "PATCH", "/v2/sessions/a%2Fb%20%C3%A9", json={"sessionId": "other", "sessionToken": "t"}
    )
    assert answer.json() == {"sessionToken": "a/b é:t"}


def test_delete_with_a_body(rest: Caller) -> None:
    """DELETE takes a body, and none; a direct writer's bytes are the answer."""
    assert rest.ask("DELETE", "/v2/sessions/1", json={"sessionToken": "t"}).json() == {"direct": "1"}
    assert rest.ask("DELETE", "/v2/sessions/1").json() == {"direct": "1"}


@pytest.mark.parametrize(
    ("query", "owner"),
    [
        ("ctx.orgId=5", "5"),
        ("ctx.org_id=5", "5"),
        ("ctx.instance=true", "True"),
        ("unknown=1&ctx.unknown=2&ctx.orgId=%C3%A9", "é"),
        ("", None),
    ],
)
def test_queries(rest: Caller, query: str, owner: str | None) -> None:
    """Query parameters bind to fields of nested messages by either name."""
    answer = rest.ask("GET", f"/v2/settings/login?{query}").json()
    assert answer["details"].get("resourceOwner") == owner


@pytest.mark.parametrize(
    "query",
    [
        "ctx.orgId=1&ctx.orgId=2",
        "ctx.orgId=1&ctx.org_id=2",
        "ctx.orgId=1&ctx.instance=true",
        "ctx.instance=yes",
        "ctx.instance=false",
        "ctx.orgId=%ff",
        "ctx.orgId=%00",
        "&".join(f"a{n}=1" for n in range(200)),
    ],
)
def test_bad_queries(rest: Caller, query: str) -> None:
    """A parameter twice, two of a oneof, a bad value, bad encoding and a hundred parameters are refused."""
    answer = rest.ask("GET", f"/v2/settings/login?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, 3)


def test_the_token_in_the_query(rest: Caller) -> None:
    """GetSession takes its token as a query parameter; too long a one is refused."""
    assert rest.ask("GET", "/v2/sessions/1?sessionToken=abc").status_code == 200
    answer = rest.ask("GET", f"/v2/sessions/1?session_token={'x' * 201}")
    sentence = (
        "invalid GetSessionRequest.SessionToken: value length must be between 1 and 200 runes, inclusive"
    )
    assert answer.json()["message"] == sentence
    assert rest.ask("GET", "/v2/sessions/1?sessionToken=").status_code == 400


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 201),
        ("Application/JSON; charset=utf-8", 201),
        (None, 201),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 201),
        ("application/proto", 415),
    ],
)
def test_content_types(rest: Caller, content_type: str | None, status: int) -> None:
    """A body is JSON, under that name, none, or the one `curl -d` gives; an empty body may call itself anything."""
    headers = GOOD if content_type is None else {**GOOD, "Content-Type": content_type}
    assert rest.ask("POST", "/v2/sessions", data=b"{}", headers=headers).status_code == status
    assert rest.ask("POST", "/v2/sessions", headers=headers).status_code == 201


def test_packed_bodies(rest: Caller) -> None:
    """A gzip body is unpacked, other encodings are not taken."""
    packed = {**GOOD, "Content-Encoding": "gzip"}
    assert rest.ask("POST", "/v2/sessions", data=gzip.compress(b"{}"), headers=packed).status_code == 201
    assert rest.ask("POST", "/v2/sessions", data=b"{}", headers=packed).status_code == 400
    other = {**GOOD, "Content-Encoding": "br"}
    assert rest.ask("POST", "/v2/sessions", data=b"{}", headers=other).status_code == 415


def test_unimplemented(rest: Caller) -> None:
    """An RPC without a handler is 501, once it is known who asks."""
    answer = rest.ask("GET", "/v2/users/1")
    assert (answer.status_code, answer.json()["code"]) == (501, 12)
    assert rest.ask("GET", "/v2/users/1", headers={}).status_code == 401


def test_other_origins(rest: Caller) -> None:
    """Scripts of any origin may call the API: the preflight says so, answers and errors name the origin."""
    asked = {
        "Origin": "https://app.example",
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "authorization",
    }
    answer = rest.ask("OPTIONS", "/v2/sessions/1", headers=asked)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "https://app.example"
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert "PATCH" in answer.headers["access-control-allow-methods"]
    assert "x-zitadel-orgid" in answer.headers["access-control-allow-headers"]
    for session_id in ("1", "missing"):
        reply = rest.ask(
            "GET", f"/v2/sessions/{session_id}", headers={**GOOD, "Origin": "https://app.example"}
        )
        assert reply.headers["access-control-allow-origin"] == "https://app.example"
        assert "grpc-status" in reply.headers["access-control-expose-headers"]
        assert reply.headers["vary"] == "Origin"
    assert "access-control-allow-origin" not in rest.ask("GET", "/v2/sessions/1").headers


def test_plain_pages(rest: Caller) -> None:
    """Plain endpoints stand beside the API, closed to other origins; their errors are a line of text."""
    answer = rest.ask("GET", "/page/a%20b", headers={"Origin": "https://app.example"})
    assert answer.text == "a b"
    assert "access-control-allow-origin" not in answer.headers
    asked = {"Origin": "https://app.example", "Access-Control-Request-Method": "GET"}
    assert rest.ask("OPTIONS", "/page/a", headers=asked).status_code == 403
    refused = rest.ask("GET", "/refusing")
    assert (refused.status_code, refused.text) == (404, "no such page (page.none)")
    broken = rest.ask("GET", "/broken")
    assert broken.status_code == 500
    assert broken.text.startswith("An internal error occurred (request request-")
