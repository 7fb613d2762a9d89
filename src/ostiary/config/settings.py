"""Everything that can be set."""

import ipaddress
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

import msgspec

from ostiary.core.secret import Secret

SQLITE: Final = "sqlite"
_POSTGRES: Final = ("postgresql://", "postgres://")


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
        "Guesses, messages and new logins are counted by public address too; no: by user and session alone.",
    ] = True
    trusted_proxies: Annotated[
        str,
        "networks",
        "Addresses of your proxies, with commas (10.0.0.7, 10.1.0.0/16): their X-Forwarded-For tells clients' addresses.",
    ] = ""
    address_logins_minute: Annotated[
        int, "a minute", "So many logins may one public address begin, counted by each process; 0: no limit."
    ] = 1_000
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
    def proxies(self) -> tuple[str, ...]:
        """The addresses and networks of proxies."""
        return tuple(one.strip() for one in self.trusted_proxies.split(",") if one.strip())

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
        return is_here(self.host)


def is_here(host: str) -> bool:
    """Whether the address is this machine's own, which no other one can reach."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
