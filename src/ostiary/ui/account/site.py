"""The account's pages put together."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from ostiary.http.message import Endpoint
from ostiary.oidc.holdings import Holdings
from ostiary.sessions.commands import SessionCommands
from ostiary.sessions.timeline import SessionTimelines
from ostiary.ui.account import paths
from ostiary.ui.account.addresses import Addresses
from ostiary.ui.account.application_names import ApplicationNames
from ostiary.ui.account.applications import Applications
from ostiary.ui.account.authenticator_app import AuthenticatorApp
from ostiary.ui.account.codes_by_message import CodesByMessage
from ostiary.ui.account.devices import Devices
from ostiary.ui.account.entrance import Entrance
from ostiary.ui.account.factors import Factors
from ostiary.ui.account.new_key import NewKeyPage
from ostiary.ui.account.not_me import NotMe
from ostiary.ui.account.own_data import OwnData
from ostiary.ui.account.password import PasswordPage
from ostiary.ui.account.recovery import RecoveryPage
from ostiary.ui.checks import Checks
from ostiary.ui.cookie import LoginCookie
from ostiary.ui.forms import Forms
from ostiary.ui.pages import Pages
from ostiary.ui.sealed_text import SealedTexts
from ostiary.ui.visit import Visits
from ostiary.users.service import Users


class Given(Protocol):
    """What the account's pages take of the site's."""

    @property
    def sessions(self) -> SessionCommands:
        """Commands on sessions."""
        ...

    @property
    def timelines(self) -> SessionTimelines:
        """What users know of their own sessions."""
        ...

    @property
    def users(self) -> Users:
        """Commands on users."""
        ...

    @property
    def step_up_lasts(self) -> timedelta:
        """So long a check entitles to changes."""
        ...

    @property
    def place_header(self) -> str:
        """The header that tells places; empty: none does."""
        ...


@dataclass(frozen=True, slots=True)
class Shared:
    """What all pages work with."""

    visits: Visits
    forms: Forms
    pages: Pages
    cookie: LoginCookie
    checks: Checks
    setups: SealedTexts


Endpoints = Mapping[tuple[str, str], Endpoint]


def account_endpoints(given: Given, shared: Shared) -> Endpoints:
    """The endpoints by method and path. Whatever changes something is a ``form`` of the entrance."""
    visits, forms, pages = shared.visits, shared.forms, shared.pages
    entrance = Entrance(visits, forms, pages, shared.cookie, given.step_up_lasts)
    names, place_header = ApplicationNames(visits.signin), given.place_header.lower()
    holdings = Holdings(visits.signin.store, visits.signin.effects)
    timelines, users = given.timelines, given.users
    devices = Devices(entrance, timelines, given.sessions, names, place_header)
    applications = Applications(entrance, holdings, timelines, names)
    addresses = Addresses(entrance, users)
    data = OwnData(entrance, users, timelines, holdings)
    not_me = NotMe(visits, forms, pages, users.disowning, place_header)
    return {
        ("GET", paths.ACCOUNT): entrance.page(devices.show),
        ("POST", paths.ACCOUNT): entrance.form(devices.act),
        ("GET", paths.ADDRESSES): entrance.page(addresses.show),
        ("GET", paths.ADDRESS): entrance.page(addresses.one, fresh=True),
        ("POST", paths.ADDRESS): entrance.form(addresses.change),
        ("GET", paths.APPLICATIONS): entrance.page(applications.show),
        ("POST", paths.APPLICATIONS): entrance.form(applications.act),
        ("GET", paths.DATA): entrance.page(data.show),
        ("POST", paths.DATA): entrance.form(data.act),
        ("GET", paths.NOT_ME): not_me.show,
        ("POST", paths.NOT_ME): not_me.act,
        **_factor_endpoints(users, entrance, shared),
    }


def _factor_endpoints(users: Users, entrance: Entrance, shared: Shared) -> Endpoints:
    factors = Factors(entrance, users)
    password = PasswordPage(entrance, users, shared.checks)
    app = AuthenticatorApp(entrance, users, shared.checks, shared.setups)
    key = NewKeyPage(entrance, users)
    codes = CodesByMessage(entrance, users)
    recovery = RecoveryPage(entrance, users)
    return {
        ("GET", paths.FACTORS): entrance.page(factors.show),
        ("GET", paths.OWNED): entrance.page(factors.one, fresh=True),
        ("POST", paths.OWNED): entrance.form(factors.change),
        ("GET", paths.PASSWORD): entrance.page(password.show, fresh=True),
        ("POST", paths.PASSWORD): entrance.form(password.act),
        ("GET", paths.APP): entrance.page(app.show, fresh=True),
        ("POST", paths.APP): entrance.form(app.act),
        ("GET", paths.KEY): entrance.page(key.show, fresh=True),
        ("POST", paths.KEY): entrance.form(key.act),
        ("GET", paths.CODES): entrance.page(codes.show, fresh=True),
        ("POST", paths.CODES): entrance.form(codes.act),
        ("GET", paths.RECOVERY): entrance.page(recovery.show, fresh=True),
        ("POST", paths.RECOVERY): entrance.form(recovery.act),
    }
