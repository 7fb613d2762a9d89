"""What an OpenID Connect client may register."""

from typing import Any

import pytest

from ostiary.core.client import Application, ApplicationType, ClientAuthentication, OidcSettings
from ostiary.core.client_rules import (
    CODE,
    DEVICE_CODE,
    IMPLICIT,
    MAX_URIS,
    REFRESH,
    TOKEN_EXCHANGE,
    allowed_origins,
    needs_secret,
    registered,
)
from ostiary.errors import InvalidArgument
from tests.doubles.effects import START

WEB, BASIC, NONE = ApplicationType.WEB, ClientAuthentication.BASIC, ClientAuthentication.NONE
CB = "https://a.example/cb"


def settings(**values: Any) -> OidcSettings:
    """A client's wish, with a redirect URI."""
    return OidcSettings(**{"redirect_uris": (CB,), **values})


def test_what_follows() -> None:
    """Without types it is the code flow; what is said twice counts once."""
    made = registered(WEB, BASIC, settings(response_types=(), grant_types=()))
    assert (made.response_types, made.grant_types) == (("code",), (CODE,))
    made = registered(WEB, BASIC, settings(grant_types=(CODE, REFRESH, CODE)))
    assert made.grant_types == (CODE, REFRESH)
    device = OidcSettings(response_types=(), grant_types=(DEVICE_CODE, REFRESH))
    assert registered(ApplicationType.NATIVE, NONE, device).response_types == ()
    exchange = OidcSettings(response_types=(), grant_types=(TOKEN_EXCHANGE,))
    registered(WEB, BASIC, exchange)
    registered(WEB, NONE, settings(response_types=("id_token token",), grant_types=(IMPLICIT,)))


@pytest.mark.parametrize(
    ("values", "id_"),
    [
        ({"redirect_uris": ()}, "client.no_redirect"),
        (
            {"redirect_uris": (), "response_types": ("id_token",), "grant_types": (IMPLICIT,)},
            "client.no_redirect",
        ),
        ({"redirect_uris": ("http://a.example/",)}, "client_uri.insecure"),
        ({"post_logout_redirect_uris": ("data:x",)}, "client_uri.scheme"),
        ({"additional_origins": ("https://a.example/x",)}, "client_uri.origin"),
        ({"back_channel_logout_uri": "http://a.example/"}, "client_uri.insecure"),
        ({"login_base_uri": "nowhere"}, "client_uri.form"),
        ({"redirect_uris": (CB, CB)}, "client.uris"),
        ({"redirect_uris": tuple(f"{CB}/{n}" for n in range(MAX_URIS + 1))}, "client.uris"),
        ({"response_types": ("token",)}, "client.type_unknown"),
        ({"grant_types": ("password",)}, "client.type_unknown"),
        ({"response_types": ("code", "id_token")}, "client.implicit_grant"),
        ({"grant_types": (CODE, IMPLICIT)}, "client.implicit_grant"),
        ({"response_types": ("id_token",), "grant_types": (CODE, IMPLICIT)}, "client.code_grant"),
        ({"grant_types": (DEVICE_CODE,)}, "client.code_grant"),
        ({"response_types": (), "grant_types": (REFRESH,)}, "client.refresh_alone"),
        ({"clock_skew_s": 6}, "client.clock_skew"),
        ({"clock_skew_s": -1}, "client.clock_skew"),
        ({"access_token_lifetime_s": 59}, "client.access_token_lifetime"),
        ({"access_token_lifetime_s": 43_201}, "client.access_token_lifetime"),
        ({"refresh_grace_s": 61}, "client.refresh_grace"),
        ({"id_token_algorithm": "none"}, "client.type_unknown"),
    ],
)
def test_refused(values: dict[str, Any], id_: str) -> None:
    """What cannot work, or is unsafe, is refused by name."""
    with pytest.raises(InvalidArgument, check=lambda error: error.id == id_):
        registered(WEB, BASIC, settings(**values))


@pytest.mark.parametrize("kind", [ApplicationType.NATIVE, ApplicationType.USER_AGENT])
def test_who_cannot_keep_a_secret(kind: ApplicationType) -> None:
    """Programs in users' hands have no secret; a key of their own they may have."""
    for authentication in ClientAuthentication:
        if needs_secret(authentication):
            with pytest.raises(InvalidArgument, check=lambda error: error.id == "client.secret_not_kept"):
                registered(kind, authentication, settings())
        else:
            registered(kind, authentication, settings())


def test_allowed_origins() -> None:
    """Scripts come from where users come back to, and from where was said."""
    oidc = settings(
        redirect_uris=(CB, "com.example:/cb", "https://b.example/"), additional_origins=("https://a.example",)
    )
    client = Application("1", "2", "3", "n", "4", WEB, BASIC, START, START, oidc=oidc)
    assert allowed_origins(client) == ("https://a.example", "https://b.example")
    assert allowed_origins(Application("1", "2", "3", "n", "4", WEB, BASIC, START, START)) == ()
