"""All services over one installation, as one ASGI application."""

from collections.abc import Sequence

from structlog.typing import FilteringBoundLogger

from ostiary.access.bearer import Access
from ostiary.api import application, organization, project, settings, user
from ostiary.api.asgi import Parts, build
from ostiary.api.call import Service
from ostiary.api.oidc import OidcApi
from ostiary.api.session import SessionApi
from ostiary.app import debug
from ostiary.app.installation import Installation
from ostiary.app.openid import OpenId, open_id
from ostiary.app.readiness import Readiness
from ostiary.app.tokens import access_tokens, signing_keys, token_routes
from ostiary.effects import stopwatch
from ostiary.factors import FACTORS
from ostiary.http.application import Application
from ostiary.metrics.calls import Calls, Observe
from ostiary.projects.service import Projects
from ostiary.sessions.commands import SessionCommands
from ostiary.sessions.queries import SessionQueries
from ostiary.sessions.work import Worker
from ostiary.settings.organization import OrganizationCommands, OrganizationQueries
from ostiary.settings.queries import SettingsQueries
from ostiary.users.service import Users


def compose(installation: Installation, readiness: Readiness, log: FilteringBoundLogger) -> Application:
    """The application; it answers from the first request on."""
    settings = installation.settings
    calls = Calls(stopwatch)
    observe = _access_line(log) if settings.access_log else None
    session_api = _session_api(installation)
    direct = {name: calls.measured(name, writer, observe) for name, writer in session_api.direct().items()}
    routes = debug.health(readiness) | _metrics(installation, readiness, calls)
    if settings.test_clock:
        routes |= debug.clock(installation.effects)
    store, cache, effects = installation.store, installation.cache, installation.effects
    keys = signing_keys(installation)
    tokens = access_tokens(installation, keys)
    openid = open_id(installation, tokens, keys)
    offered = _services(installation, session_api, openid)
    return build(
        Parts(
            services=[_measured(service, calls, observe) for service in offered],
            access=Access(store, cache, effects, tokens),
            log=log,
            new_request_id=installation.effects.new_id,
            is_ready=readiness.is_ready,
            direct=direct,
            routes=routes | openid.routes | token_routes(installation, keys, tokens, openid.authenticator),
        )
    )


def session_commands(installation: Installation) -> SessionCommands:
    """What may be done to sessions."""
    return SessionCommands(
        Worker(
            installation.store,
            installation.cache,
            installation.effects,
            installation.tools,
            installation.sealer,
            installation.pool,
        )
    )


def session_queries(installation: Installation) -> SessionQueries:
    """What may be known of sessions."""
    return SessionQueries(installation.store, installation.effects)


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
    )


def projects(installation: Installation) -> Projects:
    """What may be done to projects and applications, and known of them."""
    return Projects(installation.store, installation.cache, installation.effects)


def _session_api(installation: Installation) -> SessionApi:
    settings_queries = SettingsQueries(installation.store, installation.cache)

    async def instance_id() -> str:
        return (await settings_queries.instance()).instance_id

    return SessionApi(session_commands(installation), session_queries(installation), FACTORS, instance_id)


def _services(installation: Installation, session_api: SessionApi, openid: OpenId) -> Sequence[Service]:
    store, effects = installation.store, installation.effects
    settings_queries = SettingsQueries(store, installation.cache)
    people = users(installation)
    work = projects(installation)
    organizations = OrganizationCommands(store, installation.cache, effects, installation.settings.domain)
    return (
        session_api.service(),
        user.service(people),
        settings.service(settings_queries),
        organization.service(
            organizations, OrganizationQueries(store, effects), settings_queries, people.creation
        ),
        OidcApi(openid.requests, openid.devices, session_api.instance_id).service(),
        project.service(work),
        application.service(work),
    )


def _measured(service: Service, calls: Calls, observe: Observe | None) -> Service:
    name = service.descriptor.type_name
    handlers = {
        rpc: calls.measured(f"{name}/{rpc}", handler, observe) for rpc, handler in service.handlers.items()
    }
    return Service(service.descriptor, handlers)


def _access_line(log: FilteringBoundLogger) -> Observe:
    def line(rpc: str, code: str, took_s: float) -> None:
        log.info("call", rpc=rpc, code=code, took_ms=round(took_s * 1000, 2))

    return line


def _metrics(installation: Installation, readiness: Readiness, calls: Calls) -> debug.Routes:
    """The library is loaded when somebody asks."""

    def text() -> bytes:
        from ostiary.metrics.exposition import Exposition, Gauge

        gauges = (
            Gauge("ostiary_hash_pool_taken", "Password checks now.", lambda: installation.pool.taken),
            Gauge("ostiary_writer_queued", "Saves that wait.", lambda: installation.store.queued),
            Gauge("ostiary_ready", "1 while work is taken.", readiness.is_ready),
        )
        return Exposition(calls, gauges).text()

    return debug.metrics(text, for_all=installation.settings.metrics_for_all)
