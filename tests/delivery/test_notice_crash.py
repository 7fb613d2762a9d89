"""A real server, killed between the commit of a code and its mail: the mail is there after the next start, once."""

import socket
import time
from pathlib import Path

from tests.delivery.post_office import PostOffice, post_office
from tests.served import Served

SOON_S = 15
SENDER = "no-reply@id.example.com"


def registered(server: Served, name: str) -> None:
    """A person whose address is to be verified by mail."""
    profile = {"givenName": "Mini", "familyName": "Mouse"}
    email = {"email": f"{name}@example.com", "sendCode": {}}
    server.answer("user", "AddHumanUser", {"username": name, "profile": profile, "email": email})


def arrived(office: PostOffice, count: int) -> list[str]:
    """The Message-IDs, once so many mails have come and a while after; sorted."""
    until = time.monotonic() + SOON_S
    while len(office.mails) < count and time.monotonic() < until:
        time.sleep(0.02)
    time.sleep(0.5)
    return sorted(str(mail["Message-ID"]) for mail in office.mails)


def test_killed_before_sending(tmp_path: Path) -> None:
    """kill -9 while the mail server does not answer yet: nothing was sent; after the lease it comes, exactly once."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        silent.settimeout(SOON_S)
        options = ("--mail=smtp", f"--mail-sender={SENDER}", "--smtp-host=127.0.0.1", "--smtp-security=none")
        server = Served(tmp_path / "data", "--dev", "--test-clock", *options, f"--smtp-port={port}")
        with server:
            registered(server, "mickey")
            first = silent.accept()[0]  # committed and leased; here it waits for a greeting
            registered(server, "minnie")
            second = silent.accept()[0]
            server.kill()
            first.close()
            second.close()
    with post_office(port=port) as office, server:
        clock = server.rest("POST", "/debug/clock", {"advance": "61s"})
        assert clock.status_code == 200, clock.text
        ids = arrived(office, 2)
        assert len(set(ids)) == len(ids) == 2
        recipients = {str(mail["To"]) for mail in office.mails}
        assert recipients == {"mickey@example.com", "minnie@example.com"}
        server.rest("POST", "/debug/clock", {"advance": "120s"})
        assert arrived(office, 2) == ids, "without a crash nothing is sent twice"
        assert server.stop() == 0
