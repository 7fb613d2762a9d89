"""The session service over one installation."""

from collections.abc import Sequence

from ostiary.api.session import SessionApi
from ostiary.app.installation import Installation
from ostiary.core.factor import Factor
from ostiary.factors import FACTORS
from ostiary.factors.web_authn import WEB_AUTHN, WITHOUT_AUTOFILL
from ostiary.sessions.commands import SessionCommands
from ostiary.sessions.queries import SessionQueries
from ostiary.sessions.sign_in_notice import SignInNotices
from ostiary.sessions.work import Worker
from ostiary.settings.queries import SettingsQueries
from ostiary.ui.account.paths import NOT_ME


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
            _notices(installation),
            counts_networks=installation.settings.address_limits,
        )
    )


def _notices(installation: Installation) -> SignInNotices | None:
    settings = installation.settings
    if not settings.tells_sign_ins:
        return None
    store, cache, effects = installation.store, installation.cache, installation.effects
    page, place_header = f"{settings.url}{NOT_ME}", settings.place_header.lower()
    return SignInNotices(store, cache, effects, installation.sealer, page, place_header)


def session_factors(installation: Installation) -> Sequence[Factor]:
    """The factors as the settings have them."""
    if installation.settings.passkey_autofill:
        return FACTORS
    return tuple(WITHOUT_AUTOFILL if factor is WEB_AUTHN else factor for factor in FACTORS)


def session_queries(installation: Installation) -> SessionQueries:
    """What may be known of sessions."""
    return SessionQueries(installation.store, installation.effects)


def session_api(installation: Installation) -> SessionApi:
    """The wire's session service; one object, for callers of one session take turns in it."""
    settings_queries = SettingsQueries(installation.store, installation.cache)

    async def instance_id() -> str:
        return (await settings_queries.instance()).instance_id

    return SessionApi(
        session_commands(installation),
        session_queries(installation),
        session_factors(installation),
        instance_id,
    )
