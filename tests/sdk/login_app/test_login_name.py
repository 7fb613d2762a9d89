"""The app's first page: who is it, may they come in, and by what."""

import pytest

from tests.sdk.login_app.app import App, Message, Refused
from tests.sdk.login_app.conftest import joined
from tests.sdk.login_app.people import PASSWORD, Person
from tests.served import Served

IGNORING_CASE = "TEXT_QUERY_METHOD_EQUALS_IGNORE_CASE"
EQUALS = "TEXT_QUERY_METHOD_EQUALS"


def search(app: App, *queries: Message) -> list[str]:
    """The ids of whom a search finds, of whom the app wants to know no more than two."""
    told = app.call("User", "listUsers", {"query": {"limit": 2}, "queries": list(queries)})
    assert "details" in told  # without them the app takes the answer for a failure
    return [user["userId"] for user in told.get("result", [])]


def test_by_login_name(app: App, organization: str, person: Person) -> None:
    """In any case, everywhere or in one organisation."""
    query = {"loginNameQuery": {"loginName": person.name.upper(), "method": IGNORING_CASE}}
    here = {"organizationIdQuery": {"organizationId": organization}}
    elsewhere = {"organizationIdQuery": {"organizationId": "1"}}
    assert search(app, query) == search(app, query, here) == [person.id]
    assert search(app, query, elsewhere) == []


def test_by_address_or_number(app: App, served: Served, organization: str) -> None:
    """Whichever the typed text is (it asks for numbers of up to 20 signs), as a disjunction."""
    address, number = "o@example.com", "+41445556677"
    found = joined(
        app,
        organization,
        email={"email": address, "isVerified": True},
        phone={"phone": number, "isVerified": True},
    )
    for typed in (address.upper(), number):
        by_mail = {"emailQuery": {"emailAddress": typed, "method": IGNORING_CASE}}
        by_phone = {"phoneQuery": {"number": typed, "method": EQUALS}}
        here = {"organizationIdQuery": {"organizationId": organization}}
        assert search(app, {"orQuery": {"queries": [by_mail, by_phone]}}, here) == [found.id]
    served.answer("user", "DeleteUser", {"userId": found.id})
    assert search(app, {"emailQuery": {"emailAddress": address, "method": EQUALS}}) == []


def test_by_the_name_of_an_upstream_account(app: App, organization: str, person: Person) -> None:
    """Whom an account at another provider may be linked to: by username or by address, exactly."""
    here = {"organizationIdQuery": {"organizationId": organization}}
    by_name = {"userNameQuery": {"userName": person.name, "method": EQUALS}}
    by_mail = {"emailQuery": {"emailAddress": person.name, "method": EQUALS}}
    for query in (by_name, by_mail):
        assert search(app, {"orQuery": {"queries": [query]}}, here) == [person.id]


def test_what_it_reads_of_a_user(app: App, organization: str, person: Person) -> None:
    """State, preferred login name, owner, and what it branches on of a person."""
    user = app.user(person.id)
    assert (user["state"], user["preferredLoginName"]) == ("USER_STATE_ACTIVE", person.name)
    assert user["details"]["resourceOwner"] == organization
    assert user["human"]["email"] == {"email": person.name, "isVerified": True}
    assert user["human"]["passwordChanged"]
    assert "passwordChangeRequired" not in user["human"]
    assert app.methods(person.id) == ["PASSWORD"]
    assert "result" not in app.call("User", "listIDPLinks", {"userId": person.id})


def test_a_session_of_whom_is_only_named(app: App, organization: str, person: Person) -> None:
    """It has what the cookie keeps, and no factor that proves anything."""
    session = app.session(app.begin({"user": {"userId": person.id}})[0])
    assert session["creationDate"]
    assert session["changeDate"]
    assert session["expirationDate"]
    assert session["factors"]["user"]["loginName"] == person.name
    assert session["factors"]["user"]["organizationId"] == organization
    assert set(session["factors"]) == {"user"}


def test_whoever_may_not_come_in(app: App, served: Served, person: Person) -> None:
    """The app compares the text of this error."""
    served.answer("user", "DeactivateUser", {"userId": person.id})
    with pytest.raises(Refused) as caught:
        app.begin({"user": {"userId": person.id}})
    assert caught.value.code == "FailedPrecondition"
    assert caught.value.message == "Errors.User.NotActive (SESSION-Gj4ko)"


def test_nobody(app: App) -> None:
    """Users who are not there are a clean NotFound, in every question about one."""
    for method in ("getUserByID", "listAuthenticationMethodTypes"):
        with pytest.raises(Refused) as caught:
            app.call("User", method, {"userId": "1"})
        assert caught.value.code == "NotFound"
    with pytest.raises(Refused) as caught:
        app.begin({"user": {"loginName": "nobody@example.com"}, "password": {"password": PASSWORD}})
    assert caught.value.code in {"NotFound", "FailedPrecondition"}
