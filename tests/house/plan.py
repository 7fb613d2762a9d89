"""Who may import whom: the one table. A new part of the house gets its line here, by review."""

from typing import Final

_GROUND = {"core", "crypto", "storage.port", "storage.cache", "storage.reads", "storage.budgets", "effects"}
_SERVICES = {"keys", "access", "sessions", "users", "projects", "settings"}
_SIGNIN = {"signin", "backend"}
_PROTOCOLS = {"oidc", "saml", "idp"}

# `ostiary` (the version), `errors` and a part's own modules are open to everybody
MAY_IMPORT: Final[dict[str, set[str]]] = {
    "ostiary": set(),
    "errors": set(),
    "effects": set(),
    "config": {"core"},
    "logs": set(),
    "metrics": set(),
    "core": set(),
    "crypto": set(),
    "http": set(),
    "outbound": set(),
    "factors": {"core", "crypto"},
    "storage.port": {"core"},
    "storage.cache": {"storage.port", "core"},
    "storage.reads": {"storage.port", "storage.cache", "core"},
    "storage.budgets": {"storage.port", "core"},
    "storage": {"storage.port", "core"},
    **dict.fromkeys(_SERVICES, _GROUND),
    **dict.fromkeys(_SIGNIN, _GROUND | _SERVICES),
    **dict.fromkeys(_PROTOCOLS, _GROUND | _SERVICES | _SIGNIN | {"http", "outbound"}),
    "delivery": _GROUND | {"keys", "outbound"},
    "retention": _GROUND | {"sessions"},
    "api": _SERVICES | _SIGNIN | _PROTOCOLS | {"core", "http", "_pb"},
    "ui": _SERVICES | _SIGNIN | _PROTOCOLS | {"core", "http"},
    "cli": {"app", "config"},
}
EVERYBODY: Final = {"app"}  # may import all
LATE: Final = {"app", "cli"}  # may import inside functions
NEVER_IMPORTED: Final = {"app": {"cli"}, "cli": set[str]()}  # who alone may import these

# the tuples of parts, which only the composition root may name
TUPLES: Final = {"ostiary.factors.FACTORS", "ostiary.oidc.grants.GRANTS"}
