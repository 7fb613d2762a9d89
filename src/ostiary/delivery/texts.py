"""What mails and SMS say: small templates, one file for each kind of message and language."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, TemplateNotFound

from ostiary.core.notification import Notification
from ostiary.core.url_template import filled
from ostiary.delivery.notices import NoText

TEMPLATES: Final = (
    Path(__file__).parent / "templates"
)  # LANGUAGE/TEMPLATE.txt with the blocks subject, mail, sms
_FALLBACK: Final = "en"
# Where a message leads, below the login UI's root, unless whoever asked for it said so.
_LINKS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "otp_email": "/otp/verify?code={{.Code}}&userID={{.UserID}}&sessionId={{.SessionID}}",
        "verify_email": "/verify?code={{.Code}}&userId={{.UserID}}&organization={{.OrgID}}",
        "reset_password": "/password/set?code={{.Code}}&userId={{.UserID}}&organization={{.OrgID}}",
        "invite": "/verify?code={{.Code}}&userId={{.UserID}}&organization={{.OrgID}}&invite=true",
        "register": "/verify?code={{.Code}}&userId={{.UserID}}&organization={{.OrgID}}&invite=true",
        "account_exists": "/login?login_hint={{.LoginName}}",
        "register_passkey": (
            "/passkey/set?code={{.Code}}&codeId={{.CodeID}}&userId={{.UserID}}&organization={{.OrgID}}"
        ),
    }
)


@dataclass(frozen=True, slots=True)
class MailText:
    """A mail's words; the subject is one line."""

    subject: str
    body: str


class Texts:
    """The words of a message in its reader's language, else in English."""

    def __init__(self, login_base: str) -> None:
        """``login_base`` is the root of the login UI, without a slash at its end."""
        self._login_base = login_base
        # texts are plain, not HTML: nothing is to be escaped
        self._templates = Environment(
            loader=FileSystemLoader(TEMPLATES),
            undefined=StrictUndefined,
            autoescape=False,  # noqa: S701
        )

    def mail(self, notification: Notification) -> MailText:
        """Subject and body; raises NoText."""
        template, values = self._template(notification), self._values(notification)
        subject = " ".join(_block(template, "subject", values).split())
        return MailText(subject, _block(template, "mail", values).strip() + "\n")

    def sms(self, notification: Notification) -> str:
        """The text; raises NoText."""
        return _block(self._template(notification), "sms", self._values(notification)).strip()

    def _template(self, notification: Notification) -> Template:
        language = notification.language.partition("-")[0].casefold()
        names = [f"{one}/{notification.template}.txt" for one in (language, _FALLBACK) if one]
        try:
            return self._templates.select_template(names)
        except TemplateNotFound:
            raise NoText(notification.template) from None

    def _values(self, notification: Notification) -> dict[str, str]:
        return {
            "code": notification.code,
            "link": self.link(notification),
            "display_name": notification.display_name,
            "login_name": notification.login_name,
            "application_name": notification.application_name,
            "device": notification.device,
            "address": notification.address,
            "change": notification.change,
            "at": f"{notification.asked_at:%Y-%m-%d %H:%M} UTC" if notification.asked_at else "",
            "domain": urlsplit(self._login_base).hostname or "",
        }

    def link(self, notification: Notification) -> str:
        """Where the message leads; empty if it leads nowhere."""
        default = _LINKS.get(notification.template, "")
        template = notification.url_template or (default and self._login_base + default)
        places = {
            "Code": notification.code,
            "CodeID": notification.code_id,
            "UserID": notification.user_id,
            "OrgID": notification.organization_id,
            "SessionID": notification.session_id,
            "LoginName": notification.login_name,
            "DisplayName": notification.display_name,
            "PreferredLanguage": notification.language,
        }
        return filled(template, places)


def _block(template: Template, name: str, values: Mapping[str, str]) -> str:
    block = template.blocks.get(name)
    if block is None:
        raise NoText(f"{template.name}: {name}")
    return "".join(block(template.new_context(dict(values))))
