"""Who carries mail and SMS, as the settings say; each is loaded when its first message comes."""

from collections.abc import Callable

from ostiary.app.installation import Installation
from ostiary.config.settings import Settings
from ostiary.core.notification import EMAIL_CHANNEL, PHONE_CHANNEL
from ostiary.delivery.outbox import Deliver, Sender

_FOLDER = "outbox"
Say = Callable[[str], None]


def notice_senders(installation: Installation, say: Say) -> list[Sender]:
    """One for mail, one for SMS."""

    def sender(channel: str, name: str) -> Sender:
        return Sender((channel,), lambda: _made(name, installation, say))

    return [sender(*named) for named in _named(installation.settings).items()]


def channels(settings: Settings) -> frozenset[str]:
    """Those by which messages are sent."""
    return frozenset(channel for channel, name in _named(settings).items() if name)


def _named(settings: Settings) -> dict[str, str]:
    """The sender of each channel; empty for one that nobody serves."""
    usual = "file" if settings.dev else ""
    return {EMAIL_CHANNEL: settings.mail or usual, PHONE_CHANNEL: settings.sms or usual}


def login_base(settings: Settings) -> str:
    """The root of the login UI, without a slash at its end."""
    return settings.login_base_url.rstrip("/") or f"{settings.url}/ui/v2/login"


def _made(name: str, installation: Installation, say: Say) -> Deliver:
    from ostiary.delivery.notices import Console, Notices, nobody

    effects = installation.effects
    match name:
        case "file":
            from ostiary.delivery.folder import Folder
            from ostiary.delivery.texts import Texts

            texts = Texts(login_base(installation.settings))
            return Folder(installation.settings.data / _FOLDER, say, texts.link).deliver
        case "console":
            return Notices(effects, Console(say).carry).deliver
        case "smtp":
            return _smtp(installation)
        case "twilio":
            return _twilio(installation)
        case _:
            return Notices(effects, nobody).deliver


def _smtp(installation: Installation) -> Deliver:
    import ssl

    from ostiary.delivery.mail import Mail, SmtpServer
    from ostiary.delivery.notices import Notices
    from ostiary.delivery.texts import Texts

    settings, effects = installation.settings, installation.effects
    trusted = ssl.create_default_context(cafile=settings.smtp_ca) if settings.smtp_ca else None
    server = SmtpServer(
        settings.smtp_host,
        settings.smtp_port,
        settings.mail_sender,
        settings.smtp_security,
        settings.smtp_user,
        settings.smtp_password,
        trusted,
    )
    return Notices(effects, Mail(server, Texts(login_base(settings)), effects).carry).deliver


def _twilio(installation: Installation) -> Deliver:
    from ostiary.delivery.notices import Notices
    from ostiary.delivery.sms import Sms, SmsProvider
    from ostiary.delivery.texts import Texts
    from ostiary.outbound import Outbound

    settings = installation.settings
    provider = SmsProvider(
        settings.twilio_url, settings.twilio_account_sid, settings.twilio_auth_token, settings.sms_sender
    )
    outbound = Outbound(allow_private=settings.may_call_private)
    texts = Texts(login_base(settings))
    return Notices(installation.effects, Sms(provider, texts, outbound.post_form).carry).deliver
