"""Claims of users, as pure functions of rows: which scope gives which claim.

Source: OpenID Connect Core 5.1 and 5.4; ZITADEL's wire contract, parts 4.5 and 4.6.
"""

import base64
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from ostiary.core.organization import Organization
from ostiary.core.project import ActiveState, Authorization, Project, ProjectGrant
from ostiary.core.scope import (
    EMAIL,
    ORGANIZATION_ID_PREFIX,
    ORGANIZATION_ROLES_PREFIX,
    PHONE,
    PRIMARY_DOMAIN_PREFIX,
    PROFILE,
    PROJECT_ROLE_PREFIX,
    PROJECTS_ROLES,
    USER_METADATA,
    USER_RESOURCE_OWNER,
    named,
)
from ostiary.core.user import Profile, User, UserMetadata

Claims = dict[str, Any]
_GENDERS: Final = MappingProxyType({1: "female", 2: "male", 3: "diverse"})  # of the wire's numbers


@dataclass(frozen=True, slots=True)
class GivenRole:
    """A role that counts: of which project, given by which organisation (its primary domain beside it)."""

    project_id: str
    key: str
    organization_id: str
    domain: str


def user_claims(user: User, scope: Collection[str]) -> Claims:
    """Standard claims that the scopes profile, email and phone ask for; none is empty."""
    claims: Claims = {}
    if PROFILE in scope:
        claims |= {
            "name": user.display_name,
            "preferred_username": user.login_names[0],
            "updated_at": int(user.changed_at.timestamp()),
        }
        if user.profile is not None:
            claims |= _person(user.profile)
    if EMAIL in scope and user.email is not None:
        claims |= {"email": user.email.value, "email_verified": user.email.is_verified}
    if PHONE in scope and user.phone is not None:
        claims |= {"phone_number": user.phone.value, "phone_number_verified": user.phone.is_verified}
    return claims


def _person(profile: Profile) -> Claims:
    claims = {
        "given_name": profile.given_name,
        "family_name": profile.family_name,
        "nickname": profile.nick_name,
        "locale": profile.preferred_language,
        "gender": _GENDERS.get(profile.gender or 0),
    }
    return {name: value for name, value in claims.items() if value}


def metadata_claims(metadata: Iterable[UserMetadata]) -> Claims:
    """All metadata of a user: key → base64url of the value, without padding."""
    values = {one.key: base64.urlsafe_b64encode(one.value).rstrip(b"=").decode() for one in metadata}
    return {USER_METADATA: values} if values else {}


def organization_claims(organization: Organization, scope: Sequence[str]) -> Claims:
    """The user's organisation, as far as scopes ask for it or restrict the login to it."""
    claims: Claims = {}
    wants_owner = USER_RESOURCE_OWNER in scope
    if organization.id in named(scope, ORGANIZATION_ID_PREFIX):
        claims["urn:zitadel:iam:org:id"] = organization.id
        wants_owner = True
    if organization.primary_domain in named(scope, PRIMARY_DOMAIN_PREFIX):
        claims["urn:zitadel:iam:org:domain:primary"] = organization.primary_domain
        wants_owner = True
    if wants_owner:
        claims |= {
            f"{USER_RESOURCE_OWNER}:id": organization.id,
            f"{USER_RESOURCE_OWNER}:name": organization.name,
            f"{USER_RESOURCE_OWNER}:primary_domain": organization.primary_domain,
        }
    return claims


def asks_for_organization(scope: Sequence[str]) -> bool:
    """Whether any scope may give a claim of the organisation."""
    prefixes = (ORGANIZATION_ID_PREFIX, PRIMARY_DOMAIN_PREFIX)
    return USER_RESOURCE_OWNER in scope or any(one.startswith(prefixes) for one in scope)


def wanted_roles(
    scope: Sequence[str], audience: Sequence[str], project_id: str, *, asserts: bool
) -> dict[str, frozenset[str] | None]:
    """By project: the roles to assert (None: all that were given). ``project_id`` is the client's own, or empty.

    ``asserts``: the project, or the client, wants its roles unasked.
    """
    projects = [*([project_id] if project_id else []), *audience]
    if PROJECTS_ROLES in scope:
        return dict.fromkeys(projects)
    wanted: dict[str, frozenset[str] | None] = {}
    keys = frozenset(named(scope, PROJECT_ROLE_PREFIX))
    if keys:
        wanted |= dict.fromkeys(projects, keys)
    if asserts and project_id:
        wanted[project_id] = None
    return wanted


def counts(
    authorization: Authorization, project: Project | None, lent: ProjectGrant | None
) -> frozenset[str]:
    """The role keys of an authorisation that are good: all of the owner's; of another organisation those it was lent."""
    if authorization.state is not ActiveState.ACTIVE:
        return frozenset()
    if project is None or project.state is not ActiveState.ACTIVE:
        return frozenset()
    given = frozenset(authorization.role_keys)
    if authorization.organization_id == project.organization_id:
        return given
    if lent is None or lent.state is not ActiveState.ACTIVE:
        return frozenset()
    return given & frozenset(lent.role_keys)


def role_claims(
    roles: Iterable[GivenRole],
    wanted: Mapping[str, frozenset[str] | None],
    scope: Sequence[str],
    project_id: str,
) -> Claims:
    """``{role: {organisation id: its primary domain}}`` by project, and once more for the client's own project."""
    through = named(scope, ORGANIZATION_ROLES_PREFIX)
    by_project: dict[str, dict[str, dict[str, str]]] = {}
    for role in roles:
        keys = wanted.get(role.project_id, frozenset())
        if (keys is None or role.key in keys) and (not through or role.organization_id in through):
            given = by_project.setdefault(role.project_id, {}).setdefault(role.key, {})
            given[role.organization_id] = role.domain
    claims: Claims = {
        f"urn:zitadel:iam:org:project:{project}:roles": given for project, given in by_project.items()
    }
    if project_id in by_project:
        claims["urn:zitadel:iam:org:project:roles"] = by_project[project_id]
    return claims
