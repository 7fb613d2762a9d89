"""All services over one installation, as one ASGI application. Loaded after the first answer: see ``staged``."""

from collections.abc import Sequence
from datetime import timedelta

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
from ostiary.api.oidc import OidcApi
from ostiary.api.policies import Policies
from ostiary.api.user_intents import intent_handlers
from ostiary.app.installation import Installation
from ostiary.app.logout import logout_routes
from ostiary.app.openid import OpenId, open_id
from ostiary.app.pages import page_routes
from ostiary.app.session_parts import session_commands
from ostiary.app.surface import Surface
from ostiary.app.tokens import access_tokens, signing_keys, token_routes
from ostiary.factors import FACTORS
from ostiary.http.application import Application
from ostiary.idp.intents import Intents
from ostiary.projects.service import Projects
from ostiary.settings.commands import PolicyCommands
from ostiary.settings.organization import OrganizationCommands, OrganizationQueries
from ostiary.settings.queries import SettingsQueries
from ostiary.settings.translations import Translations
from ostiary.users.service import Users


def whole(surface: Surface) -> Application:
    """The application; it answers everything."""
    installation = surface.installation
    keys = signing_keys(installation)
    tokens = access_tokens(installation, keys)
    openid = open_id(installation, tokens, keys)
    routes = openid.routes | token_routes(installation, keys, tokens, openid.authenticator)
    routes |= logout_routes(installation, keys, session_commands(installation))
    people = users(installation)
    routes |= page_routes(installation, openid, session_commands(installation), people)
    policies = Policies(
        policy_commands(installation), SettingsQueries(installation.store, installation.cache)
    )
    return surface.application(_services(surface, openid, people), routes, tokens, policies)


def users(installation: Installation) -> Users:
    """What may be done to users, and known of them."""
    return Users(
        installation.store,
        installation.cache,
        installation.effects,
        installation.tools,
        installation.sealer,
        installation.pool,
        FACTORS,
        domain=installation.settings.domain,
        breached_passwords=installation.settings.breached_passwords,
        step_up_lasts=timedelta(seconds=installation.settings.step_up_lasts_s),
    )


def policy_commands(installation: Installation) -> PolicyCommands:
    """What may be done to groups of settings."""
    return PolicyCommands(installation.store, installation.cache, installation.effects)


def projects(installation: Installation) -> Projects:
    """What may be done to projects and applications, and known of them."""
    return Projects(installation.store, installation.cache, installation.effects)


def _services(surface: Surface, openid: OpenId, people: Users) -> Sequence[Service]:
    installation = surface.installation
    store, effects = installation.store, installation.effects
    settings_queries = SettingsQueries(store, installation.cache)
    commands = policy_commands(installation)
    intents = Intents(store, effects, installation.sealer)
    work = projects(installation)
    organizations = OrganizationCommands(store, installation.cache, effects, installation.settings.domain)
    return (
        user.service(people, intent_handlers(people, intents, surface.sessions.instance_id)),
        identity_provider.service(intents, surface.sessions.instance_id),
        settings.service(settings_queries, commands, Translations(installation.cache, commands)),
        organization.service(
            organizations, OrganizationQueries(store, effects), settings_queries, people.creation
        ),
        OidcApi(openid.requests, openid.devices, surface.sessions.instance_id).service(),
        project.service(work),
        application.service(work),
        authorization.service(work),
        administrator.service(work),
    )
