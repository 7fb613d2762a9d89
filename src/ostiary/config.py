"""The settings: from options of the command line, over ``OSTIARY_*``, over ``ostiary.toml``, over the defaults."""

import difflib
import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import attrs
from typed_settings import Secret, load_settings
from typed_settings.exceptions import InvalidSettingsError, TsError
from typed_settings.loaders import DictLoader, EnvLoader, FileLoader, Loader, TomlFormat

PREFIX: Final = "OSTIARY_"
FILE: Final = Path("ostiary.toml")
SQLITE: Final = "sqlite"
_OF_OTHERS: Final = ("OSTIARY_BENCH_",)  # variables of the benchmarks, not ours
_POSTGRES: Final = ("postgresql:", "postgres:")


class Trouble(Exception):
    """The set-up is not as it must be; the message tells a person what is wrong and what to do, and no secret."""


class SettingsError(Trouble):
    """The settings cannot be used; the message says which and why."""


def _setting(default: Any, unit: str, doc: str) -> Any:
    return attrs.field(default=default, metadata={"unit": unit, "doc": doc})


@attrs.frozen
class Settings:
    """Everything that can be set. Each has a unit, a default and a sentence; ``ostiary settings`` lists them."""

    data: Path = _setting(
        Path("ostiary-data"), "folder", "Where keys, database and first credentials are kept."
    )
    host: str = _setting("127.0.0.1", "address", "The address to listen on; 0.0.0.0 or :: for all.")
    port: int = _setting(8080, "port", "The one port of all transports.")
    database: str = _setting(SQLITE, "URL", "`sqlite` is the file ostiary.db in the data folder.")
    external_url: str = _setting(
        "", "URL", "How clients reach this server, the issuer of its tokens; empty: http://localhost:PORT."
    )
    tls_cert: Path | None = _setting(None, "PEM file", "Certificate chain; with it the port speaks TLS.")
    tls_key: Path | None = _setting(None, "PEM file", "The private key of the certificate.")
    workers: int = _setting(1, "processes", "Serving processes; SQLite has one.")
    dev: bool = _setting(
        False, "yes/no", "Try it out: a user alice, mail and SMS to the console. On a loopback address only."
    )
    test_clock: bool = _setting(
        False, "yes/no", "With dev: POST /debug/clock moves the server's time forward."
    )
    organization: str = _setting("Ostiary", "name", "The organisation that the first start makes.")
    master_key: Secret[str] = _setting(
        Secret(""),
        "base64",
        "32 bytes that seal what the database keeps; empty: DIR/master.key, made at first start.",
    )
    login_base_url: str = _setting(
        "", "URL", "The login UI that browsers are sent to, without its /login; empty: our own pages."
    )
    strict_authentication: bool = _setting(
        True,
        "yes/no",
        "A session must itself satisfy policy and request to finish a login; no: the login UI is trusted (ZITADEL).",
    )
    hash_workers: int = _setting(0, "threads", "Threads that hash passwords; 0: one less than processors.")
    drain_notice_s: int = _setting(
        5,
        "seconds",
        "After SIGTERM: so long all is answered while readiness is red. Not on a loopback address.",
    )
    drain_s: int = _setting(20, "seconds", "After that: what is being answered has so long to finish.")
    log_level: Literal["debug", "info", "warning", "error"] = _setting(
        "info", "level", "The least level that is logged."
    )
    log_format: Literal["auto", "json", "console"] = _setting(
        "auto", "form", "`auto` is `console` on a terminal and `json` elsewhere."
    )
    access_log: bool = _setting(False, "yes/no", "One line for each call, without its content.")

    metrics_for_all: bool = _setting(
        False, "yes/no", "Whether /metrics answers any address; otherwise only this machine's own."
    )

    @property
    def database_file(self) -> Path:
        """Where SQLite keeps everything."""
        return self.data / "ostiary.db"

    @property
    def url(self) -> str:
        """The external URL, without a slash at its end."""
        scheme = "https" if self.tls_cert else "http"
        return self.external_url.rstrip("/") or f"{scheme}://localhost:{self.port}"

    @property
    def domain(self) -> str:
        """The host of the external URL, without its port."""
        return urlsplit(self.url).hostname or "localhost"

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the server."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def load(given: Mapping[str, Any], file: Path | None = None) -> Settings:
    """The settings as they hold; ``given`` are options of the command line (None: not given). Raises SettingsError."""
    options = {name: value for name, value in given.items() if value is not None}
    _check_names()
    path = str(FILE) if file is None else f"!{file}"
    loaders: list[Loader] = [
        FileLoader({"*": TomlFormat(None)}, [path]),
        EnvLoader(PREFIX),
        DictLoader(options),
    ]
    try:
        settings = load_settings(Settings, loaders)
    except FileNotFoundError:
        raise SettingsError(f"There is no file {file}.") from None
    except InvalidSettingsError as error:
        names = ", ".join(sorted({_name_in(str(one)) for one in error.exceptions}))
        raise SettingsError(f"A setting has a value of the wrong form: {names}.") from None
    except TsError as error:
        raise SettingsError(f"{error}.") from None
    _check(settings)
    return settings


def table() -> list[tuple[str, str, str, str]]:
    """Name, unit, default and meaning of every setting."""
    return [
        (field.name, field.metadata["unit"], _shown(field.default), field.metadata["doc"])
        for field in attrs.fields(Settings)
    ]


def values(settings: Settings) -> dict[str, str]:
    """Every setting as it holds; secrets are stars."""
    return {field.name: _shown(getattr(settings, field.name)) for field in attrs.fields(Settings)}


def _shown(value: object) -> str:
    if isinstance(value, Secret):
        return "***" if value.get_secret_value() else ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def _name_in(message: str) -> str:
    """The setting that a conversion error is about: our names, never the value, which may be a secret."""
    names = [field.name for field in attrs.fields(Settings)]
    return next((name for name in sorted(names, key=len, reverse=True) if f"{name!r}" in message), "unknown")


def _check_names() -> None:
    known = {f"{PREFIX}{field.name.upper()}" for field in attrs.fields(Settings)}
    for name in os.environ:
        if not name.startswith(PREFIX) or name in known or name.startswith(_OF_OTHERS):
            continue
        near = difflib.get_close_matches(name, known, 1)
        advice = f" Is it {near[0]}?" if near else " `ostiary settings` lists all."
        raise SettingsError(f"The environment has {name}, which is no setting.{advice}")


def _check(settings: Settings) -> None:
    """Raise SettingsError for values that do not go together."""
    refusal = _refusal(settings)
    if refusal:
        raise SettingsError(refusal)


def _refusal(settings: Settings) -> str:
    if settings.database.startswith(_POSTGRES):
        return (
            "PostgreSQL is not supported by this version yet; leave out the database setting to use SQLite."
        )
    if settings.database != SQLITE:
        return "The database setting must be `sqlite`: the file ostiary.db in the data folder."
    if settings.workers != 1:
        return "With SQLite one process serves (workers = 1): it already uses all that one database file can give."
    if not 0 <= settings.port <= 65_535:
        return f"There is no port {settings.port}."
    if (settings.tls_cert is None) != (settings.tls_key is None):
        return "TLS needs both, tls_cert and tls_key."
    if settings.dev and not settings.is_local:
        return f"dev is for this machine alone: it is refused on the address {settings.host}."
    if settings.test_clock and not settings.dev:
        return "test_clock needs dev."
    return _refusal_of_url(settings.external_url)


def _refusal_of_url(text: str) -> str:
    if not text:
        return ""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return "external_url must be an http or https URL, such as https://id.example.com."
    if parts.path not in {"", "/"} or parts.query or parts.fragment or parts.username is not None:
        return "external_url is scheme, host and port only: clients look for us at the root of a host."
    return ""
