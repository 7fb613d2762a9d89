"""Addresses as they are counted: what one household or one machine has is one."""

import ipaddress
from typing import Final

_V6_PREFIX: Final = 64  # what one household is given
# A proxy's address, or one that all people of a company share: they must not wait for each other.
_SHARED: Final = tuple(
    ipaddress.ip_network(one)
    for one in (
        "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10",
        "::1/128", "fc00::/7", "fe80::/10",
    )
)  # fmt: skip
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def network_of(ip: str | None) -> str:
    """The address itself, of IPv6 its /64; empty for what is no address."""
    address = _address(ip)
    return _network(address) if address is not None else ""


def public_network_of(ip: str | None) -> str:
    """As :func:`network_of`; empty also for an address of a private network."""
    address = _address(ip)
    if address is None or any(address in network for network in _SHARED):
        return ""
    return _network(address)


def _address(ip: str | None) -> _Address | None:
    try:
        address = ipaddress.ip_address(ip or "")
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, ipaddress.IPv6Address) else address


def _network(address: _Address) -> str:
    if address.version == 4:
        return str(address)
    return str(ipaddress.ip_network((int(address), _V6_PREFIX), strict=False))
