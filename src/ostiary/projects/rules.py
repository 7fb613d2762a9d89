"""Which project a caller works on, whether they may, and what a save that adds to it relies on."""

from ostiary.core.permission import Caller
from ostiary.core.project import PROJECT, PROJECT_ROLE, ActiveState, Project, role_id
from ostiary.core.project_permission import holds_on
from ostiary.errors import FailedPrecondition, NotFound, OstiaryError
from ostiary.projects.context import Context
from ostiary.storage.port import Expect


def unknown_project() -> OstiaryError:
    """There is no such project, or no longer."""
    return NotFound("project.unknown", "Project could not be found")


async def permitted(context: Context, caller: Caller, project_id: str, permission: str) -> Project:
    """The project, for a caller who holds the permission on it; who holds it nowhere learns nothing of who exists."""
    project = await found(context, caller, project_id, permission)
    if project is None:
        raise unknown_project()
    return project


async def found(context: Context, caller: Caller, project_id: str, permission: str) -> Project | None:
    """As :func:`permitted`; None when there is no such project."""
    if not caller.holds_anywhere(permission):
        raise caller.refusal(permission)
    project = await context.store.get(PROJECT, project_id)
    if project is not None and not holds_on(caller, permission, project):
        raise caller.refusal(permission)
    return project


def open_to_changes(project: Project) -> Expect:
    """The guard of a save that adds something to the project; raises FailedPrecondition for an inactive one.

    A project is deactivated before it is removed, so nothing is added while its parts are swept up.
    """
    if project.state is not ActiveState.ACTIVE:
        raise FailedPrecondition("project.not_active", "Project is not active", hint="activate it first")
    return Expect(PROJECT, project.id, project.version)


async def existing_roles(context: Context, project_id: str, keys: tuple[str, ...]) -> tuple[Expect, ...]:
    """The guards of a save that names these roles; raises FailedPrecondition for one that is not there."""
    guards = []
    for key in keys:
        role = await context.store.get(PROJECT_ROLE, role_id(project_id, key))
        if role is None:
            hint = f"the project has no role {key!a}"
            raise FailedPrecondition("project.role_unknown", "Role could not be found", hint=hint)
        guards.append(Expect(PROJECT_ROLE, role.id, role.version))
    return tuple(guards)
