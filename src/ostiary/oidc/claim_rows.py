"""Reads the rows that claims are made of, and only those that the scopes ask for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ostiary.core.organization import ORGANIZATION
from ostiary.core.project import AUTHORIZATION, PROJECT, PROJECT_GRANT
from ostiary.core.scope import USER_METADATA as METADATA_SCOPE
from ostiary.core.user import USER_METADATA
from ostiary.oidc.claims import (
    Claims,
    GivenRole,
    asks_for_organization,
    counts,
    metadata_claims,
    organization_claims,
    role_claims,
    wanted_roles,
)
from ostiary.storage.cache import Cache
from ostiary.storage.port import Store


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose claims are wanted, and by whom: ``project_id`` is the client's own project, or empty.

    ``asserts_roles``: the client wants its project's roles unasked; its project may want them too.
    """

    user_id: str
    organization_id: str
    scope: tuple[str, ...]
    audience: tuple[str, ...]
    project_id: str = ""
    asserts_roles: bool = False


class ClaimRows:
    """Users' metadata and authorisations are read each time; projects and organisations are cached."""

    def __init__(self, store: Store, cache: Cache) -> None:
        """Its caller has made the cache fresh in this request."""
        self._store = store
        self._cache = cache

    async def reserved(self, asked: Asked) -> Claims:
        """The claims of the reserved scopes, and asserted roles. Without either nothing of the user is read."""
        claims = await self._roles(asked)
        if METADATA_SCOPE in asked.scope:
            claims |= metadata_claims(await self._store.owned(USER_METADATA, asked.user_id))
        if asks_for_organization(asked.scope):
            organization = await self._cache.get(ORGANIZATION, asked.organization_id)
            if organization is not None:
                claims |= organization_claims(organization, asked.scope)
        return claims

    async def _roles(self, asked: Asked) -> Claims:
        project = await self._cache.get(PROJECT, asked.project_id) if asked.project_id else None
        asserts = asked.asserts_roles or (project is not None and project.asserts_roles)
        wanted = wanted_roles(asked.scope, asked.audience, asked.project_id, asserts=asserts)
        if not wanted:
            return {}
        given = await self._given(asked.user_id, wanted)
        return role_claims(given, wanted, asked.scope, asked.project_id)

    async def _given(self, user_id: str, wanted: Mapping[str, frozenset[str] | None]) -> Sequence[GivenRole]:
        roles: list[GivenRole] = []
        for authorization in await self._store.owned(AUTHORIZATION, user_id):
            if authorization.project_id not in wanted:
                continue
            project = await self._cache.get(PROJECT, authorization.project_id)
            lent_id = f"{authorization.project_id}:{authorization.organization_id}"
            lent = await self._cache.get(PROJECT_GRANT, lent_id)
            organization = await self._cache.get(ORGANIZATION, authorization.organization_id)
            roles += [
                GivenRole(project.id, key, authorization.organization_id, organization.primary_domain)
                for key in sorted(counts(authorization, project, lent))
                if project is not None and organization is not None
            ]
        return roles
