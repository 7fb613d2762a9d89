"""What every stage of the server shares: the session service, what is counted, the operators' endpoints."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from structlog.typing import FilteringBoundLogger

from ostiary.access.bearer import Access
from ostiary.access.rings import Rings
from ostiary.api.asgi import Parts, build
from ostiary.api.call import Handler, Service
from ostiary.api.session import SessionApi
from ostiary.app import debug
from ostiary.app.installation import Installation
from ostiary.app.readiness import Readiness
from ostiary.app.session_parts import session_api
from ostiary.effects import stopwatch
from ostiary.http.application import Application
from ostiary.http.message import Endpoint
from ostiary.http.router import Route
from ostiary.metrics.calls import Calls, Observe

if TYPE_CHECKING:  # it loads the signing of tokens, which the first answers do not need
    from ostiary.access.access_token import AccessTokens
    from ostiary.api.policies import Policies

Routes = Mapping[tuple[str, str], Endpoint | Route]


@dataclass(frozen=True, slots=True)
class Surface:
    """One of each for the whole life of the server, whatever stage serves."""

    installation: Installation
    readiness: Readiness
    log: FilteringBoundLogger
    calls: Calls
    sessions: SessionApi

    def application(
        self,
        services: Sequence[Service],
        routes: Routes,
        access: Access | Rings,
        policies: "Policies | None" = None,
    ) -> Application:
        """An application of the session service, these services and these routes."""
        of = self.installation
        observe = _access_line(self.log) if of.settings.access_log else None
        offered = (self.sessions.service(), *services)
        return build(
            Parts(
                services=[_measured(service, self.calls, observe) for service in offered],
                access=access,
                log=self.log,
                new_request_id=of.effects.new_id,
                is_ready=self.readiness.is_ready,
                routes=self._operators() | dict(routes),
                policies=policies,
            )
        )

    def access(self, tokens: "AccessTokens | None") -> Access | Rings:
        """The test of bearers; ``tokens`` judge access tokens, when they are loaded."""
        of, settings = self.installation, self.installation.settings
        access = Access(of.store, of.cache, of.effects, tokens)
        if max(settings.client_calls_s, settings.all_calls_s) <= 0:
            return access
        return Rings(access, of.effects, per_client=settings.client_calls_s, of_all=settings.all_calls_s)

    def _operators(self) -> dict[tuple[str, str], Endpoint | Route]:
        settings = self.installation.settings
        routes = debug.health(self.readiness) | debug.metrics(self._metrics, for_all=settings.metrics_for_all)
        if settings.test_clock:
            routes |= debug.clock(self.installation.effects)
        return dict(routes)

    def _metrics(self) -> bytes:
        """The library is loaded when somebody asks."""
        from ostiary.metrics.exposition import Exposition, Gauge

        pool, store = self.installation.pool, self.installation.store
        gauges = (
            Gauge("ostiary_hash_pool_taken", "Password checks now.", lambda: pool.asking),
            Gauge("ostiary_writer_queued", "Saves that wait.", lambda: store.queued),
            Gauge("ostiary_ready", "1 while work is taken.", self.readiness.is_ready),
        )
        return Exposition(self.calls, gauges).text()


def surface(installation: Installation, readiness: Readiness, log: FilteringBoundLogger) -> Surface:
    """Nothing was called yet."""
    return Surface(installation, readiness, log, Calls(stopwatch), session_api(installation))


def _measured(service: Service, calls: Calls, observe: Observe | None) -> Service:
    def all_of(handlers: Mapping[str, Handler]) -> Mapping[str, Handler]:
        name = service.descriptor.type_name
        return {rpc: calls.measured(f"{name}/{rpc}", handler, observe) for rpc, handler in handlers.items()}

    return Service(service.descriptor, all_of(service.handlers), all_of(service.direct))


def _access_line(log: FilteringBoundLogger) -> Observe:
    def line(rpc: str, code: str, took_s: float) -> None:
        log.info("call", rpc=rpc, code=code, took_ms=round(took_s * 1000, 2))

    return line
