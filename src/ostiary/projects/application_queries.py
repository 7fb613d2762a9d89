"""Applications read and listed, for those who may."""

from ostiary.core.client import APPLICATION, Application
from ostiary.core.filter import Every, Filter
from ostiary.core.permission import Caller
from ostiary.core.project import PROJECT
from ostiary.core.project_permission import holds_on, within
from ostiary.projects.application import unknown_application
from ostiary.projects.context import Context, Window
from ostiary.storage.port import Listing, Page

READ = "project.app.read"


class ApplicationQueries:
    """What callers with ``project.app.read`` may know of applications."""

    def __init__(self, context: Context) -> None:
        """What was changed is seen: the store is asked."""
        self._context = context

    async def get(self, caller: Caller, application_id: str) -> Application:
        """One application; who may read none learns nothing of which exist."""
        if not caller.holds_anywhere(READ):
            raise caller.refusal(READ)
        application = await self._context.store.get(APPLICATION, application_id)
        project = await self._context.cache.get(PROJECT, application.project_id) if application else None
        if application is None or project is None:
            raise unknown_application()
        if not holds_on(caller, READ, project):
            raise caller.refusal(READ)
        return application

    async def search(self, caller: Caller, where: tuple[Filter, ...], window: Window) -> Page[Application]:
        """A page of those the caller may read that fulfil every condition; the total counts no others."""
        visible = within(caller, READ, organization="organization_id", project="project_id")
        listing = Listing(
            APPLICATION,
            Every((visible, *where)),
            window.order,
            window.descending,
            window.offset,
            window.limit,
        )
        return await self._context.store.page(listing)
