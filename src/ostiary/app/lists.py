"""Which users and applications there are, as an operator lists them, beside a running server or without."""

from ostiary.app.installation import existing
from ostiary.config.settings import Settings
from ostiary.core.client import APPLICATION, Application
from ostiary.core.filter import Compare, Every, Filter, Match, Order, Some, Text
from ostiary.core.project import PROJECT
from ostiary.core.user import USER, User
from ostiary.storage.port import Listing, Store


async def users(settings: Settings, named: str, state: str, limit: int) -> tuple[User, ...]:
    """The newest, people and service users; ``named`` is a part of a login name, a shown name or an email address."""
    where: list[Filter] = [Compare("state", Order.EQUAL, state)] if state else []
    if named:
        where.append(_named(named, "login_name", "display_name", "email"))
    async with existing(settings) as installation:
        asked = Listing(USER, Every(tuple(where)), "created_at", descending=True, limit=limit)
        return (await installation.store.page(asked)).items


async def applications(settings: Settings, named: str, limit: int) -> list[tuple[Application, str]]:
    """The newest, each with its project's name; ``named`` is a part of their own name or client id."""
    where = _named(named, "name", "client_id") if named else None
    async with existing(settings) as installation:
        store = installation.store
        page = await store.page(Listing(APPLICATION, where, "created_at", descending=True, limit=limit))
        return [(one, await _name_of(store, one.project_id)) for one in page.items]


async def _name_of(store: Store, project_id: str) -> str:
    project = await store.get(PROJECT, project_id)
    return project.name if project else ""


def _named(text: str, *columns: str) -> Filter:
    return Some(tuple(Text(column, Match.CONTAINS, text, ignore_case=True) for column in columns))
