"""Clients behind proxies have their own addresses, and cannot give themselves others."""

import json
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

import pytest

from ostiary.http.admission import Admission, Most
from ostiary.http.proxies import Proxies
from tests.served import Served

OURS = Proxies(["10.0.0.7", "10.1.0.0/16", "2001:db8::/48", "192.0.2.9"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("198.51.100.1", "203.0.113.5", "198.51.100.1"),  # no proxy of ours
        ("10.0.0.7", "", "10.0.0.7"),
        ("10.0.0.7", "203.0.113.5", "203.0.113.5"),
        ("::ffff:10.0.0.7", "203.0.113.5", "203.0.113.5"),
        ("10.0.0.7", "1.2.3.4, 203.0.113.5", "203.0.113.5"),  # the first is the client's own word
        ("10.0.0.7", "203.0.113.5 ,10.1.2.3,  192.0.2.9", "203.0.113.5"),  # several of ours
        ("10.0.0.7", "10.1.2.3", "10.1.2.3"),
        ("2001:db8::1", "[2001:DB8:1::5]:4711", "2001:db8:1::5"),
        ("10.0.0.7", "203.0.113.5:4711", "203.0.113.5"),
        ("10.0.0.7", "203.0.113.5, unknown", "10.0.0.7"),  # nothing is believed beyond what is not understood
        ("10.0.0.7", "203.0.113.5,", "10.0.0.7"),
        ("", "203.0.113.5", ""),
    ],
)
def test_the_client(peer: str, forwarded: str, client: str) -> None:
    """The last address that is none of ours, as far as ours tell it."""
    assert OURS.client(peer, forwarded) == client


def test_many_addresses() -> None:
    """What is known of addresses does not grow for ever."""
    assert [OURS.has(f"10.{n >> 8}.{n & 255}.1") for n in range(20_000)].count(True) == 256


def test_connections_of_proxies() -> None:
    """They have no limit of their own: everybody comes through them."""
    door = Admission(Most(0, 1, is_proxy=OURS.has))
    assert [door.enter(address) for address in ("10.0.0.7", "10.0.0.7", "10.0.0.8", "10.0.0.8")] == [
        True, True, True, False,
    ]  # fmt: skip


def test_clients_are_limited_one_by_one(tmp_path: Path) -> None:
    """Behind a proxy each client begins its own logins, whatever it says of itself; by HTTP as it comes."""
    limits = ("--dev", "--trusted-proxies", "127.0.0.1", "--address-logins-minute", "1")
    with Served(tmp_path / "data", *limits) as server:
        said = json.loads((server.folder / "dev.json").read_text())
        query = {"client_id": said["client_id"], "redirect_uri": said["redirect_uri"]}
        path = f"/oauth/v2/authorize?{urlencode({**query, 'response_type': 'code', 'scope': 'openid'})}"

        def begin(*forwarded: str) -> int:
            connection = HTTPConnection("localhost", server.port, timeout=10)
            connection.putrequest("GET", path)
            for one in forwarded:
                connection.putheader("X-Forwarded-For", one)
            connection.endheaders()
            status = connection.getresponse().status
            connection.close()
            return status

        assert [begin("198.51.100.1"), begin("198.51.100.1"), begin("198.51.100.2")] == [302, 429, 302]
        assert [begin("198.51.100.1, 198.51.100.3"), begin("198.51.100.4", "198.51.100.3")] == [302, 429]
        assert begin() == 302
