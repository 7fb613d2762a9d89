"""Roles granted to users. For now only operators do that; there is no RPC yet."""

from ostiary.core.audit import detail
from ostiary.core.permission import MEMBERSHIP, ROLES, Membership, membership_id, organization_resource
from ostiary.core.user import USER, User
from ostiary.effects import Effects
from ostiary.errors import InvalidArgument
from ostiary.storage.port import Audit, Changes, Expect, Put, Store

_INSTANCE = "instance"


def resource_of(role: str, organization_id: str) -> str:
    """What a role is held on: the instance, or the organisation. Raises InvalidArgument for one we cannot grant."""
    if role in ROLES and role.startswith("IAM_"):
        return _INSTANCE
    if role in ROLES and role.startswith("ORG_"):
        return organization_resource(organization_id)
    granted = ", ".join(sorted(name for name in ROLES if name.startswith(("IAM_", "ORG_"))))
    raise InvalidArgument("user.role_unknown", f"There is no role {role} to grant", hint=f"one of {granted}")


async def grant(store: Store, effects: Effects, actor_id: str, user: User, role: str) -> None:
    """Give a user a role beside those they have; the user must still be as they were read, or Conflict is raised."""
    resource = resource_of(role, user.organization_id)
    now = effects.now()
    id_ = membership_id(user.id, resource)
    held = await store.get(MEMBERSHIP, id_)
    if held is not None and role in held.roles:
        return
    roles = (*held.roles, role) if held else (role,)
    since_s = held.created_at_s if held else int(now.timestamp())
    was = held.version if held else 0
    membership = Membership(id_, user.id, resource, roles, since_s, was + 1)
    await store.save(
        Changes(
            puts=(Put(MEMBERSHIP, membership, was),),
            expects=(Expect(USER, user.id, user.version),),
            audit=Audit(now, actor_id, "user.role_granted", user.id, detail(role=role, resource=resource)),
        )
    )
