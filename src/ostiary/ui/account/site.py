"""The account's pages put together."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Protocol

from ostiary.http.message import Endpoint
from ostiary.sessions.commands import SessionCommands
from ostiary.sessions.timeline import SessionTimelines
from ostiary.ui.account import paths
from ostiary.ui.account.application_names import ApplicationNames
from ostiary.ui.account.devices import Devices
from ostiary.ui.account.entrance import Entrance
from ostiary.ui.account.not_me import NotMe
from ostiary.ui.forms import Forms
from ostiary.ui.pages import Pages
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


def account_endpoints(
    given: Given, visits: Visits, forms: Forms, pages: Pages
) -> Mapping[tuple[str, str], Endpoint]:
    """The endpoints by method and path. Whatever changes something is a ``form`` of the entrance."""
    entrance = Entrance(visits, forms, pages, given.step_up_lasts)
    names = ApplicationNames(visits.signin)
    devices = Devices(entrance, given.timelines, given.sessions, names, given.place_header.lower())
    not_me = NotMe(visits, forms, pages, given.users.disowning, given.place_header.lower())
    return {
        ("GET", paths.NOT_ME): not_me.show,
        ("POST", paths.NOT_ME): not_me.act,
        ("GET", paths.ACCOUNT): entrance.page(devices.show),
        ("POST", paths.ACCOUNT): entrance.form(devices.act),
    }
