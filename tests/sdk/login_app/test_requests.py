"""Whom the app works for: OIDC clients, devices, and whoever signs out."""

from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.oauth import post
from tests.sdk.login_app.app import App, Cookie, Message, Refused
from tests.sdk.login_app.people import PASSWORD, Person
from tests.served import Served


def asked(app: App, served: Served, **more: str) -> str:
    """The id of a client's request, as ``/login`` gets it from a proxying app."""
    client = served.alice
    sent = {
        "client_id": client["client_id"],
        "redirect_uri": client["redirect_uri"],
        "response_type": "code",
        "scope": "openid",
        "state": "st",
        **more,
    }
    headers = {"x-zitadel-public-host": "login.example.com", "x-zitadel-instance-host": "id.example.com"}
    url = f"{app.base}/oauth/v2/authorize"
    answer = requests.get(url, params=sent, headers=headers, timeout=30, allow_redirects=False)
    page = urlsplit(answer.headers["location"])
    assert (page.netloc, page.path) == ("", "/ui/v2/login/login")  # at whichever host the browser is
    return parse_qs(page.query)["authRequest"][0]


def finished(app: App, request_id: str, cookie: Cookie) -> Message:
    """The app's answer to a request."""
    proof = {"sessionId": cookie.session_id, "sessionToken": cookie.token}
    return app.call("OIDC", "createCallback", {"authRequestId": request_id, "session": proof})


def signed_in(app: App, served: Served, cookie: Cookie) -> str:
    """The ID token of a client that the session signs in to."""
    url = finished(app, asked(app, served), cookie)["callbackUrl"]
    form = {"code": parse_qs(urlsplit(url).query)["code"][0], "redirect_uri": served.alice["redirect_uri"]}
    _, tokens = post(served, "/oauth/v2/token", {"grant_type": "authorization_code", **form})
    return str(tokens["id_token"])


def passed(app: App, person: Person) -> Cookie:
    """A session with the password."""
    return app.begin({"user": {"userId": person.id}, "password": {"password": PASSWORD}})[0]


def test_what_it_reads_of_a_request(app: App, served: Served, organization: str, person: Person) -> None:
    """Scopes that name an organisation, prompts and hints; each prompt leads to the app, which decides."""
    scope = f"openid urn:zitadel:iam:org:id:{organization}"
    for prompt in ("none", "login", "select_account", "create"):
        request_id = asked(
            app, served, scope=scope, prompt=prompt, login_hint=person.name, ui_locales="de en"
        )
        told = app.call("OIDC", "getAuthRequest", {"authRequestId": request_id})["authRequest"]
        assert told["id"] == request_id
        assert told["scope"] == scope.split()
        assert told["prompt"] == [f"PROMPT_{prompt.upper()}"]
        assert (told["loginHint"], told["uiLocales"]) == (person.name, ["de", "en"])
    with pytest.raises(Refused) as caught:
        app.call("OIDC", "getAuthRequest", {"authRequestId": "V2_1"})
    assert caught.value.code == "NotFound"


def test_finished(app: App, served: Served, person: Person) -> None:
    """The client gets its code; a request that is done is a failed precondition, by which the app shows who is in."""
    request_id, cookie = asked(app, served), passed(app, person)
    url = finished(app, request_id, cookie)["callbackUrl"]
    assert url.startswith(served.alice["redirect_uri"])
    assert parse_qs(urlsplit(url).query)["state"] == ["st"]
    with pytest.raises(Refused) as caught:
        finished(app, request_id, cookie)
    assert caught.value.code == "FailedPrecondition"


def test_not_finished(app: App, served: Served, person: Person) -> None:
    """A token that is not the newest has the id that the app looks for, and the request stays open."""
    request_id, old = asked(app, served), passed(app, person)
    new, _ = app.go_on(old, {"password": {"password": PASSWORD}})
    with pytest.raises(Refused) as caught:
        finished(app, request_id, old)
    assert caught.value.code == "PermissionDenied"
    assert "COMMAND-sGr42" in caught.value.message
    named, _ = app.begin({"user": {"userId": person.id}})
    with pytest.raises(Refused) as caught:
        finished(app, request_id, named)
    assert caught.value.code == "FailedPrecondition"
    assert finished(app, request_id, new)["callbackUrl"]


@pytest.mark.parametrize("grants", [True, False])
def test_device(app: App, served: Served, person: Person, *, grants: bool) -> None:
    """Found by the code that it shows, with what is shown of it; let in or refused once."""
    form = {"client_id": served.alice["client_id"], "scope": "openid"}
    _, device = post(served, "/oauth/v2/device_authorization", form)
    found = app.call("OIDC", "getDeviceAuthorizationRequest", {"userCode": device["user_code"]})
    told = found["deviceAuthorizationRequest"]
    assert told["id"]
    assert told["appName"]
    assert told["scope"] == ["openid"]
    cookie = passed(app, person)
    proof = {"sessionId": cookie.session_id, "sessionToken": cookie.token}
    decision = {"session": proof} if grants else {"deny": {}}
    decided = {"deviceAuthorizationId": told["id"], **decision}
    app.call("OIDC", "authorizeOrDenyDeviceAuthorization", decided)
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    status, content = post(
        served, "/oauth/v2/token", {"grant_type": grant, "device_code": device["device_code"]}
    )
    assert (status, content.get("error")) == ((200, None) if grants else (400, "access_denied"))
    with pytest.raises(Refused) as caught:
        app.call("OIDC", "getDeviceAuthorizationRequest", {"userCode": "XXXX-XXXX"})
    assert caught.value.code == "NotFound"


def test_signing_out(app: App, served: Served, person: Person) -> None:
    """Without an ID token the app asks: where it leads and whom it is about it reads from a token that it verifies."""
    client = served.alice
    sent = {
        "client_id": client["client_id"],
        "post_logout_redirect_uri": client["redirect_uri"],
        "logout_hint": person.name,
        "state": "bye",
    }
    url = f"{app.base}/oidc/v1/end_session"
    answer = requests.get(url, params=sent, timeout=30, allow_redirects=False)
    page = urlsplit(answer.headers["location"])
    assert (page.netloc, page.path) == ("", "/ui/v2/login/logout")
    claims = app.ask({"verify": parse_qs(page.query)["logout_token"][0]})
    assert claims["logout_hint"] == person.name
    assert claims["post_logout_redirect_uri"] == f"{client['redirect_uri']}?state=bye"
    cookie = passed(app, person)
    ended = {"sessionId": cookie.session_id, "sessionToken": cookie.token}
    app.call("Session", "deleteSession", ended)
    with pytest.raises(Refused) as caught:
        app.session(cookie)
    assert caught.value.code == "NotFound"


def test_whom_an_id_token_means(app: App, served: Served, person: Person) -> None:
    """A request with a hint names the user, by whose id the app chooses the session."""
    hint = signed_in(app, served, passed(app, person))
    request_id = asked(app, served, prompt="none", id_token_hint=hint)
    told = app.call("OIDC", "getAuthRequest", {"authRequestId": request_id})["authRequest"]
    assert told["hintUserId"] == person.id


def test_signing_out_with_an_id_token(app: App, served: Served, person: Person) -> None:
    """The session ends at once, also for the app, and the browser goes straight back to the client."""
    cookie = passed(app, person)
    sent = {
        "id_token_hint": signed_in(app, served, cookie),
        "post_logout_redirect_uri": served.alice["redirect_uri"],
    }
    end = f"{app.base}/oidc/v1/end_session"
    answer = requests.get(end, params=sent, timeout=30, allow_redirects=False)
    assert answer.headers["location"] == served.alice["redirect_uri"]
    with pytest.raises(Refused) as caught:
        app.session(cookie)
    assert caught.value.code == "NotFound"
