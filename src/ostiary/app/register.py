"""Applications registered by an operator, at the machine itself."""

from dataclasses import dataclass
from pathlib import Path

from ostiary.app.installation import existing
from ostiary.app.operator import credentials_text, operator_caller, require_writable
from ostiary.app.services import projects
from ostiary.config.settings import Settings, Trouble
from ostiary.core.client import AccessTokenForm, ApplicationType, ClientAuthentication, OidcSettings
from ostiary.core.client_rules import CODE, REFRESH
from ostiary.core.permission import Caller
from ostiary.core.project import PROJECT, Project
from ostiary.projects.application import NewApplication, Registered
from ostiary.projects.project import NewProject
from ostiary.projects.service import Projects
from ostiary.storage.folder import write_private
from ostiary.storage.port import Store


@dataclass(frozen=True, slots=True)
class Wanted:
    """An application as an operator names it; ``project`` is an id or a name."""

    project: str
    name: str
    type: str
    authentication: str
    redirect_uris: tuple[str, ...]
    post_logout_redirect_uris: tuple[str, ...]
    is_development: bool
    opaque: bool
    file: Path | None


async def register(settings: Settings, wanted: Wanted) -> Registered:
    """The new application; its project is made if there is none. Client id and secret go to the file, if one is named."""
    if wanted.file is not None:
        require_writable(wanted.file)
    kind, authentication = _kind(wanted)
    async with existing(settings) as installation:
        home_id = (await installation.instance()).default_organization_id
        caller, work = operator_caller(home_id), projects(installation)
        await installation.cache.fresh()
        project = await _project(installation.store, work, caller, wanted.project)
        oidc = None
        if kind is not ApplicationType.API:
            oidc = OidcSettings(
                redirect_uris=wanted.redirect_uris,
                post_logout_redirect_uris=wanted.post_logout_redirect_uris,
                grant_types=(CODE, REFRESH),
                is_development=wanted.is_development,
                access_token_form=AccessTokenForm.OPAQUE if wanted.opaque else AccessTokenForm.JWT,
            )
        new = NewApplication(project.id, wanted.name, kind, authentication, oidc)
        made = await work.applications.create(caller, new)
    if wanted.file is not None:
        write_private(wanted.file, credentials_text(made.application.client_id, made.secret))
    return made


def _kind(wanted: Wanted) -> tuple[ApplicationType, ClientAuthentication]:
    """Type and authentication; unsaid, a program that can keep a secret gets one."""
    try:
        kind = ApplicationType(wanted.type)
        can_keep = kind in {ApplicationType.WEB, ApplicationType.API}
        usual = ClientAuthentication.BASIC if can_keep else ClientAuthentication.NONE
        return kind, ClientAuthentication(wanted.authentication) if wanted.authentication else usual
    except ValueError:
        types, methods = ", ".join(ApplicationType), ", ".join(ClientAuthentication)
        raise Trouble(f"--type is one of {types}; --auth one of {methods}.") from None


async def _project(store: Store, work: Projects, caller: Caller, named: str) -> Project:
    found = await store.get(PROJECT, named)
    if found is not None:
        return found
    owned = await store.owned(PROJECT, caller.organization_id)
    same = [project for project in owned if project.name == named]
    return same[0] if same else await work.commands.create(caller, NewProject(caller.organization_id, named))
