"""The settings: from options of the command line, over ``OSTIARY_*``, over ``ostiary.toml``, over the defaults."""

import difflib
import ipaddress
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

import msgspec

from ostiary.core.secret import Secret, without_password

PREFIX: Final = "OSTIARY_"
FILE: Final = Path("ostiary.toml")
SQLITE: Final = "sqlite"
_OF_OTHERS: Final = ("OSTIARY_BENCH_",)  # variables of the benchmarks, not ours
_POSTGRES: Final = ("postgresql://", "postgres://")
_MOST_WORKERS: Final = 64
_COUNTS: Final = {"hash_workers", "connections", "connections_per_address"}
_FIELD: Final = re.compile(r"`\$\.(\w+)`")


class Trouble(Exception):
    """The set-up is not as it must be; the message tells a person what is wrong and what to do, and no secret."""


class SettingsError(Trouble):
    """The settings cannot be used; the message says which and why."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that can be set: type, unit, meaning, default. ``ostiary settings`` lists them."""

    data: Annotated[Path, "folder", "Where keys, database and first credentials are kept."] = Path(
        "ostiary-data"
    )
    host: Annotated[str, "address", "The address to listen on; 0.0.0.0 or :: for all."] = "127.0.0.1"
    port: Annotated[int, "port", "The one port of all transports; 0: any free one, for tests."] = 8080
    database: Annotated[
        str,
        "URL",
        "`sqlite` is the file ostiary.db in the data folder; or postgresql://USER@HOST[,HOST…]/NAME.",
    ] = SQLITE
    external_url: Annotated[
        str, "URL", "How clients reach this server, the issuer of its tokens; empty: http://localhost:PORT."
    ] = ""
    tls_cert: Annotated[Path | None, "PEM file", "Certificate chain; with it the port speaks TLS."] = None
    tls_key: Annotated[Path | None, "PEM file", "The private key of the certificate."] = None
    workers: Annotated[int, "processes", "Serving processes on this port; with SQLite one."] = 1
    dev: Annotated[
        bool,
        "true/false",
        "Try it out: a user alice, mail and SMS to the console. On a loopback address only.",
    ] = False
    test_clock: Annotated[
        bool, "true/false", "With dev: POST /debug/clock moves the server's time forward."
    ] = False
    organization: Annotated[str, "name", "The organisation that the first start makes."] = "Ostiary"
    master_key: Annotated[
        Secret,
        "base64",
        "32 bytes that seal what the database keeps; empty: DIR/master.key, made at first start.",
    ] = Secret("")
    login_base_url: Annotated[
        str, "URL", "The login UI that browsers are sent to, without its /login; empty: our own pages."
    ] = ""
    strict_authentication: Annotated[
        bool,
        "true/false",
        "A session must itself satisfy policy and request to finish a login; no: the login UI is trusted (ZITADEL).",
    ] = True
    front_channel_id_tokens: Annotated[
        bool,
        "true/false",
        "Whether clients may have ID tokens in redirects: response types id_token and code id_token.",
    ] = False
    passkey_autofill: Annotated[
        bool,
        "true/false",
        "A session without a user may ask for a passkey, which then says whose it is; no: name users first (ZITADEL).",
    ] = True
    step_up_lasts_s: Annotated[
        int,
        "seconds",
        "So long after verifying a factor people may change their own factors and addresses.",
    ] = 300
    client_calls_s: Annotated[
        int, "calls a second", "So many may one client make, counted by each process; 0: no limit."
    ] = 0
    all_calls_s: Annotated[int, "calls a second", "So many may all make together; 0: no limit."] = 0
    address_limits: Annotated[
        bool,
        "true/false",
        "Wrong guesses and messages are counted by the end user's public address too; no: by user alone.",
    ] = True
    breached_passwords: Annotated[
        Path | None,
        "file",
        "SHA-1 hashes of known passwords, one a line and in order, for policies that refuse these; may be large.",
    ] = None
    outbound_allow_private: Annotated[
        bool | None,
        "true/false",
        "Whether applications' back-channel URLs may lead to this machine and private networks; unset: only with dev.",
    ] = None
    mail: Annotated[
        Literal["", "file", "console", "smtp"],
        "sender",
        "Where mails go; empty: with dev to files in DIR/outbox, otherwise they wait for a day, then are dropped.",
    ] = ""
    mail_sender: Annotated[str, "address", "The address that mails come from."] = ""
    smtp_host: Annotated[str, "host", "The mail server."] = ""
    smtp_port: Annotated[int, "port", "Its port."] = 587
    smtp_security: Annotated[
        Literal["starttls", "tls", "none"],
        "form",
        "TLS after STARTTLS (port 587), from the start (465), or none.",
    ] = "starttls"
    smtp_ca: Annotated[Path | None, "PEM file", "Certificates to trust there instead of the system's."] = None
    smtp_user: Annotated[str, "name", "Who we are there; empty: no authentication."] = ""
    smtp_password: Annotated[Secret, "password", "The password of that name."] = Secret("")
    sms: Annotated[
        Literal["", "file", "console", "twilio"], "sender", "Where SMS go; empty: as with mail."
    ] = ""
    sms_sender: Annotated[
        str, "number", "The number or name that SMS come from, or a messaging service's id (MG…)."
    ] = ""
    twilio_url: Annotated[str, "URL", "The provider, or one that speaks its form."] = "https://api.twilio.com"
    twilio_account_sid: Annotated[str, "id", "The account there (AC…)."] = ""
    twilio_auth_token: Annotated[Secret, "token", "The account's token."] = Secret("")
    place_header: Annotated[
        str,
        "header",
        "The header in which your proxy tells where a request comes from, for people's lists of devices; empty: none.",
    ] = ""
    sign_in_notices: Annotated[
        bool | None,
        "true/false",
        "A mail to whoever signs in on a new device, with a link that disowns that sign-in; unset: only with dev.",
    ] = None
    hash_workers: Annotated[int, "threads", "Threads that hash passwords; 0: as many as processors."] = 0
    connections: Annotated[
        int, "connections", "Of each worker, over all clients; more are answered 503. 0: no limit."
    ] = 10_000
    connections_per_address: Annotated[
        int,
        "connections",
        "Of them from one address, this machine's own excepted; raise it for a proxy elsewhere. 0: no limit.",
    ] = 1_000
    drain_notice_s: Annotated[
        int | None,
        "seconds",
        "After SIGTERM: so long all is answered while readiness is red; unset: 5, and 0 on a loopback address.",
    ] = None
    drain_s: Annotated[int, "seconds", "After that: what is being answered has so long to finish."] = 20
    expired_sessions_days: Annotated[
        int,
        "days",
        "An expired session is listed so long, then only its end is known; 0: for ever, as for the three below.",
    ] = 7
    ended_sessions_days: Annotated[int, "days", "So long it is known of a session that it has ended."] = 30
    deliveries_days: Annotated[int, "days", "So long it is known what became of mails, SMS and logouts."] = 30
    audit_days: Annotated[int, "days", "So long the audit keeps a record."] = 365
    clean_every_s: Annotated[
        int, "seconds", "What is over is removed so often; 0: only by `ostiary clean`."
    ] = 900
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], "level", "The least level that is logged."
    ] = "info"
    log_format: Annotated[
        Literal["auto", "json", "console"],
        "form",
        "`auto` is `console` on a terminal and with dev, `json` elsewhere.",
    ] = "auto"
    access_log: Annotated[bool, "true/false", "One line for each call, without its content."] = False
    metrics_for_all: Annotated[
        bool, "true/false", "Whether /metrics answers any address; otherwise only this machine's own."
    ] = False

    @property
    def database_file(self) -> Path:
        """Where SQLite keeps everything."""
        return self.data / "ostiary.db"

    @property
    def is_postgres(self) -> bool:
        """Whether the database is a PostgreSQL server's."""
        return self.database.startswith(_POSTGRES)

    @property
    def url(self) -> str:
        """The external URL, without a slash at its end."""
        scheme = "https" if self.tls_cert else "http"
        return self.external_url.rstrip("/") or f"{scheme}://localhost:{self.port}"

    @property
    def may_call_private(self) -> bool:
        """Whether requests of ours may go to this machine and to private networks."""
        return self.dev if self.outbound_allow_private is None else self.outbound_allow_private

    @property
    def tells_sign_ins(self) -> bool:
        """Whether sign-ins on new devices are told to their users."""
        return self.dev if self.sign_in_notices is None else self.sign_in_notices

    @property
    def domain(self) -> str:
        """The host of the external URL, without its port."""
        return urlsplit(self.url).hostname or "localhost"

    @property
    def notice_s(self) -> int:
        """For how long balancers are told that this server leaves, before it does."""
        usual_s = 0 if self.is_local else 5
        return usual_s if self.drain_notice_s is None else self.drain_notice_s

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the server."""
        return _is_here(self.host)


def load(given: Mapping[str, Any], file: Path | None = None) -> Settings:
    """The settings as they hold; ``given`` are options of the command line (None: not given). Raises SettingsError."""
    here = Path.cwd()
    said = _of_file(file) | _of_environment(here) | _placed(given, here)
    try:
        settings = msgspec.convert(
            {"data": here / Settings().data, **said}, Settings, strict=False, dec_hook=_decoded
        )
    except msgspec.ValidationError as error:
        raise SettingsError(_told(str(error))) from None
    refusal = _refusal(settings)
    if refusal:
        raise SettingsError(refusal)
    return settings


def names() -> tuple[str, ...]:
    """Every setting's name."""
    return Settings.__struct_fields__


def switches() -> frozenset[str]:
    """Settings that are true or false."""
    return frozenset(name for name in names() if isinstance(getattr(Settings(), name), bool))


def words() -> frozenset[str]:
    """Settings that take a value on the command line, where everybody may read it: no secret, therefore."""
    return frozenset(names()) - switches() - secrets()


def secrets() -> frozenset[str]:
    """Settings that nobody may see."""
    return frozenset(name for name in names() if isinstance(getattr(Settings(), name), Secret))


def table() -> list[tuple[str, str, str, str]]:
    """Name, unit, default and meaning of every setting."""
    hints, defaults = get_type_hints(Settings, include_extras=True), values(Settings())
    said = {name: hint.__metadata__ for name, hint in hints.items()}
    return [(name, said[name][0], defaults[name], said[name][1]) for name in names()]


def values(settings: Settings) -> dict[str, str]:
    """Every setting as it holds; secrets are stars."""
    shown = {name: _shown(getattr(settings, name)) for name in names()}
    return shown | {"database": without_password(settings.database)}


def _shown(value: object) -> str:
    if isinstance(value, Secret):
        return "***" if value.reveal() else ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _of_file(file: Path | None) -> dict[str, Any]:
    if file is None and not FILE.exists():
        return {}
    path = (file or FILE).absolute()
    try:
        said = tomllib.loads(path.read_text())
    except FileNotFoundError:
        raise SettingsError(f"There is no file {file}.") from None
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} cannot be read: {error}.") from None
    said = {name.replace("-", "_"): value for name, value in said.items()}
    for name in said.keys() - set(names()):
        raise SettingsError(f"{path} has {name}, which is no setting.{_meant(name, names())}")
    return _placed(said, path.parent)


def _of_environment(here: Path) -> dict[str, Any]:
    known = {f"{PREFIX}{name.upper()}": name for name in names()}
    said: dict[str, Any] = {}
    for variable, value in os.environ.items():
        if variable in known:
            said[known[variable]] = value
        elif variable.startswith(PREFIX) and not variable.startswith(_OF_OTHERS):
            advice = _meant(variable, tuple(known))
            raise SettingsError(f"The environment has {variable}, which is no setting.{advice}")
    return _placed(said, here)


def _placed(said: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """What was said, without what was not; paths are meant from that folder. Raises SettingsError."""
    paths = {"data", "tls_cert", "tls_key", "smtp_ca", "breached_passwords"}
    for name in paths & said.keys():
        if said[name] == "":  # it would be the folder itself
            raise SettingsError(f"{name} is empty: give it a path, or leave it out.")
    return {
        name: folder / value if name in paths and isinstance(value, str | Path) else value
        for name, value in said.items()
        if value is not None
    }


def _meant(name: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f" Is it {near[0]}?" if near else " `ostiary settings` lists all."


def _decoded(kind: type, value: Any) -> Any:
    if not isinstance(value, str | Path):
        raise ValueError("a text is expected")  # noqa: TRY004  as msgspec wants it
    return Secret(str(value)) if kind is Secret else Path(value)


def _told(message: str) -> str:
    """The setting that an error is about: its name and what it takes, never the value, which may be a secret."""
    field = _FIELD.search(message)
    if field is None:
        return "A setting has a value of the wrong form; `ostiary settings` lists all."
    kind, *said = get_args(get_type_hints(Settings, include_extras=True)[field[1]])
    choices = [choice for choice in get_args(kind) if choice] if get_origin(kind) is Literal else []
    expected = " or ".join(choices) or (f"a whole number, {said[0]}" if kind is int else said[0])
    return f"The setting {field[1]} has a value of the wrong form. It takes: {expected}."


def _refusal(settings: Settings) -> str:
    if settings.database != SQLITE and not settings.is_postgres:
        return "The database setting must be `sqlite`, or a URL such as postgresql://ostiary@db.example.com/ostiary."
    if settings.workers != 1 and not settings.is_postgres:
        return "With SQLite one process serves (workers = 1): it already uses all that one database file can give."
    if not 1 <= settings.workers <= _MOST_WORKERS:
        return f"There are 1 to {_MOST_WORKERS} workers."
    if settings.test_clock and settings.workers != 1:
        return "test_clock moves the time of one process: leave out workers."
    if not settings.host:  # it would be every address
        return "host is empty: leave it out, or give 0.0.0.0 or :: to listen on all addresses."
    if not 0 <= settings.port <= 65_535:
        return f"There is no port {settings.port}."
    for name in names():
        if (name in _COUNTS or name.endswith(("_days", "_s"))) and (getattr(settings, name) or 0) < 0:
            return f"{name} cannot be less than 0."
    if (settings.tls_cert is None) != (settings.tls_key is None):
        return "TLS needs both, tls_cert and tls_key."
    if settings.dev and not settings.is_local:
        return f"dev is for this machine alone: it is refused on the address {settings.host}."
    if settings.test_clock and not settings.dev:
        return "test_clock needs dev."
    return _refusal_of_senders(settings) or _refusal_of_url(settings.external_url)


def _refusal_of_senders(settings: Settings) -> str:
    wanted = {"smtp": ("mail_sender", "smtp_host"), "twilio": ("sms_sender", "twilio_account_sid")}
    for sender in (settings.mail, settings.sms):
        missing = [name for name in wanted.get(sender, ()) if not getattr(settings, name)]
        if missing:
            return f"{sender} needs {' and '.join(missing)}."
    if settings.smtp_user and settings.smtp_security == "none" and not _is_here(settings.smtp_host):
        return "A password must not go to another machine in the clear: smtp_security is none."
    return ""


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _refusal_of_url(text: str) -> str:
    if not text:
        return ""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return "external_url must be an http or https URL, such as https://id.example.com."
    if parts.path not in {"", "/"} or parts.query or parts.fragment or parts.username is not None:
        return "external_url is scheme, host and port only: clients look for us at the root of a host."
    return ""
