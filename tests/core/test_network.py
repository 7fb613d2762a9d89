"""Addresses as they are counted, in tables."""

import pytest

from ostiary.core.network import network_of, public_network_of


@pytest.mark.parametrize(
    ("ip", "network"),
    [
        (None, ""),
        ("", ""),
        ("nonsense", ""),
        ("127.0.0.1", ""),
        ("10.1.2.3", ""),
        ("::ffff:192.168.1.1", ""),
        ("fd00::1", ""),
        ("100.64.0.1", ""),
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::9", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::9", "2001:db8:1:3::/64"),
    ],
)
def test_networks(ip: str | None, network: str) -> None:
    """An address is counted as itself, of IPv6 as what one household is given, however it is written."""
    assert public_network_of(ip) == network


@pytest.mark.parametrize(
    ("ip", "network"),
    [
        (None, ""),
        ("nonsense", ""),
        ("10.1.2.3", "10.1.2.3"),
        ("fd00::1", "fd00::/64"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
    ],
)
def test_private_networks(ip: str | None, network: str) -> None:
    """Where our own pages count, private addresses count too."""
    assert network_of(ip) == network
