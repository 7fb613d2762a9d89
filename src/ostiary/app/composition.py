"""All services over one installation, as one ASGI application. Loaded when one is asked for that no login needs."""

from collections.abc import Sequence

from ostiary.api import (
    administrator,
    application,
    authorization,
    identity_provider,
    organization,
    project,
    settings,
    user,
)
from ostiary.api.call import Service
from ostiary.api.policies import Policies
from ostiary.api.user_intents import intent_handlers
from ostiary.app.login import Login
from ostiary.app.services import policy_commands, projects, users
from ostiary.app.surface import Surface
from ostiary.http.application import Application
from ostiary.idp.intents import Intents
from ostiary.settings.organization import OrganizationCommands, OrganizationQueries
from ostiary.settings.queries import SettingsQueries
from ostiary.settings.translations import Translations


def whole(surface: Surface, login: Login) -> Application:
    """The application; it answers everything."""
    installation = surface.installation
    queries = SettingsQueries(installation.store, installation.cache)
    policies = Policies(policy_commands(installation), queries)
    services = (login.service, *_services(surface, queries))
    return surface.application(services, login.routes, login.access, policies)


def _services(surface: Surface, queries: SettingsQueries) -> Sequence[Service]:
    installation = surface.installation
    store, effects = installation.store, installation.effects
    people = users(installation)
    commands = policy_commands(installation)
    intents = Intents(store, effects, installation.sealer)
    work = projects(installation)
    organizations = OrganizationCommands(store, installation.cache, effects, installation.settings.domain)
    return (
        user.service(people, intent_handlers(people, intents, surface.sessions.instance_id)),
        identity_provider.service(intents, surface.sessions.instance_id),
        settings.service(queries, commands, Translations(installation.cache, commands)),
        organization.service(organizations, OrganizationQueries(store, effects), queries, people.creation),
        project.service(work),
        application.service(work),
        authorization.service(work),
        administrator.service(work),
    )
