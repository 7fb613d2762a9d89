"""Clients that may do something now."""

from ostiary.core.client import APPLICATION, Application
from ostiary.core.organization import ORGANIZATION, OrganizationState
from ostiary.core.project import PROJECT, ActiveState
from ostiary.storage.cache import Cache


async def active_client(cache: Cache, client_id: str) -> Application | None:
    """The client, if it is active and so are its project and the organisation of both."""
    client = await cache.find(APPLICATION, "client_id", client_id) if client_id else None
    if client is None or client.state is not ActiveState.ACTIVE:
        return None
    project = await cache.get(PROJECT, client.project_id)
    organization = await cache.get(ORGANIZATION, client.organization_id)
    if project is None or project.state is not ActiveState.ACTIVE:
        return None
    is_open = organization is not None and organization.state is OrganizationState.ACTIVE
    return client if is_open else None
