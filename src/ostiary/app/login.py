"""What logins need beside sessions: OAuth's endpoints, our pages, and how login UIs answer what clients ask."""

from collections.abc import Mapping
from dataclasses import dataclass

from ostiary.access.bearer import Access
from ostiary.access.rings import Rings
from ostiary.api.call import Service
from ostiary.api.oidc import OidcApi
from ostiary.app.logout import logout_routes
from ostiary.app.openid import open_id
from ostiary.app.pages import page_routes
from ostiary.app.session_parts import session_commands
from ostiary.app.surface import Surface
from ostiary.app.tokens import access_tokens, signing_keys, token_routes
from ostiary.http.application import Application
from ostiary.http.message import Endpoint
from ostiary.http.router import Route


@dataclass(frozen=True, slots=True)
class Login:
    """One of each for the rest of the server's life. ``access`` knows access tokens too."""

    application: Application
    service: Service
    routes: Mapping[tuple[str, str], Endpoint | Route]
    access: Access | Rings


def login(surface: Surface) -> Login:
    """Sessions, and what logins need beside them."""
    installation = surface.installation
    keys = signing_keys(installation)
    tokens = access_tokens(installation, keys)
    openid = open_id(installation, tokens, keys)
    sessions = session_commands(installation)
    of_browsers = openid.routes | logout_routes(installation, keys, sessions)
    routes = of_browsers | token_routes(installation, keys, tokens, openid.authenticator)
    routes |= page_routes(installation, openid, sessions, of_browsers)
    service = OidcApi(openid.requests, openid.devices, surface.sessions.instance_id).service()
    access = surface.access(tokens)
    return Login(surface.application((service,), routes, access), service, routes, access)
