"""The options that commands share: which installation, and the settings that ``serve`` names."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import Parameter

from ostiary.config.loading import load
from ostiary.config.settings import Settings

_DATA = Parameter(help="The data folder (default ./ostiary-data).")
_DATABASE = Parameter(help="`sqlite`, in the data folder (default), or postgresql://USER@HOST/NAME.")
_CONFIG = Parameter(help="A settings file instead of ./ostiary.toml.")


@Parameter(name="*")
@dataclass(frozen=True)
class Place:
    """Which installation a command works on."""

    data: Annotated[Path | None, _DATA] = None
    config: Annotated[Path | None, _CONFIG] = None
    database: Annotated[str | None, _DATABASE] = None

    def settings(self) -> Settings:
        """Options over environment over file over defaults; raises SettingsError."""
        return load({"data": self.data, "database": self.database}, self.config)


@Parameter(name="*")
@dataclass(frozen=True)
class Serving:
    """What ``serve`` may be told; every other setting comes from the environment or the file."""

    data: Annotated[Path | None, _DATA] = None
    config: Annotated[Path | None, _CONFIG] = None
    host: Annotated[str | None, Parameter(help="The address to listen on (default 127.0.0.1).")] = None
    port: Annotated[int | None, Parameter(help="The port of all transports (default 8080).")] = None
    database: Annotated[str | None, _DATABASE] = None
    external_url: Annotated[
        str | None, Parameter(help="How clients reach it (default http://localhost:PORT).")
    ] = None
    tls_cert: Annotated[Path | None, Parameter(help="Certificate chain, PEM.")] = None
    tls_key: Annotated[Path | None, Parameter(help="Its private key, PEM.")] = None
    workers: Annotated[int | None, Parameter(help="Serving processes; with SQLite one.")] = None
    dev: Annotated[bool | None, Parameter(help="Try it out: alice, mail and SMS to the console.")] = None
    test_clock: Annotated[bool | None, Parameter(help="With --dev: POST /debug/clock moves time.")] = None
    organization: Annotated[str | None, Parameter(help="The organisation that the first start makes.")] = None
    login_base_url: Annotated[str | None, Parameter(help="The login UI that browsers are sent to.")] = None
    strict_authentication: Annotated[bool | None, Parameter(help="Sessions must satisfy the policy.")] = None
    front_channel_id_tokens: Annotated[bool | None, Parameter(help="ID tokens may go in redirects.")] = None
    passkey_autofill: Annotated[bool | None, Parameter(help="A passkey may say whose it is.")] = None
    step_up_lasts_s: Annotated[
        int | None, Parameter(help="How long a verified factor is good for changing oneself.")
    ] = None
    client_calls_s: Annotated[int | None, Parameter(help="Calls a second of one client.")] = None
    all_calls_s: Annotated[int | None, Parameter(help="Calls a second of all.")] = None
    address_limits: Annotated[bool | None, Parameter(help="Guesses are counted by address too.")] = None
    trusted_proxies: Annotated[str | None, Parameter(help="Your proxies' addresses, with commas.")] = None
    address_logins_minute: Annotated[int | None, Parameter(help="Logins that an address may begin.")] = None
    breached_passwords: Annotated[
        Path | None, Parameter(help="Hashes of known passwords, for policies that refuse these.")
    ] = None
    outbound_allow_private: Annotated[
        bool | None, Parameter(help="Back-channel URLs may lead to private networks.")
    ] = None
    mail: Annotated[str | None, Parameter(help="file, console or smtp.")] = None
    mail_sender: Annotated[str | None, Parameter(help="The address that mails come from.")] = None
    smtp_host: Annotated[str | None, Parameter(help="The mail server.")] = None
    smtp_port: Annotated[int | None, Parameter(help="Its port (default 587).")] = None
    smtp_security: Annotated[str | None, Parameter(help="starttls, tls or none.")] = None
    smtp_ca: Annotated[Path | None, Parameter(help="Certificates to trust there, PEM.")] = None
    smtp_user: Annotated[str | None, Parameter(help="Who we are there.")] = None
    sms: Annotated[str | None, Parameter(help="file, console or twilio.")] = None
    sms_sender: Annotated[str | None, Parameter(help="The number that SMS come from.")] = None
    twilio_url: Annotated[str | None, Parameter(help="The SMS provider.")] = None
    twilio_account_sid: Annotated[str | None, Parameter(help="The account there.")] = None
    place_header: Annotated[str | None, Parameter(help="The header in which your proxy tells places.")] = None
    sign_in_notices: Annotated[bool | None, Parameter(help="Mails about sign-ins on new devices.")] = None
    hash_workers: Annotated[int | None, Parameter(help="Threads that hash passwords.")] = None
    connections: Annotated[int | None, Parameter(help="At once, over all clients.")] = None
    connections_per_address: Annotated[int | None, Parameter(help="At once, of one client.")] = None
    drain_notice_s: Annotated[int | None, Parameter(help="Seconds between SIGTERM and closing.")] = None
    drain_s: Annotated[int | None, Parameter(help="Seconds to finish what is being answered.")] = None
    expired_sessions_days: Annotated[int | None, Parameter(help="So long expired sessions are listed.")] = (
        None
    )
    ended_sessions_days: Annotated[int | None, Parameter(help="So long an end is known.")] = None
    deliveries_days: Annotated[int | None, Parameter(help="So long the log of messages goes back.")] = None
    audit_days: Annotated[int | None, Parameter(help="So long the audit goes back.")] = None
    clean_every_s: Annotated[int | None, Parameter(help="Seconds between cleanings; 0: none.")] = None
    log_level: Annotated[str | None, Parameter(help="debug, info, warning or error.")] = None
    log_format: Annotated[str | None, Parameter(help="auto, json or console.")] = None
    access_log: Annotated[bool | None, Parameter(help="One line for each call.")] = None
    metrics_for_all: Annotated[bool | None, Parameter(help="/metrics answers any address.")] = None

    def given(self) -> dict[str, Any]:
        """What was said, by the setting's name; ``config`` among it."""
        return asdict(self)

    def settings(self) -> Settings:
        """Options over environment over file over defaults; raises SettingsError."""
        given = self.given()
        return load(given, given.pop("config"))


HERE: Final = Place()
UNSAID: Final = Serving()
