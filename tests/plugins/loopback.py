"""No socket but loopback: a test that calls the world fails, whichever library it does so by.

An audit hook sees each connect, bind and lookup of Python's own sockets, in every thread. It does
not see sockets made outside Python (uvloop's, gRPC's core) nor those of programs that are started.
"""

import ipaddress
import sys

import pytest

_TARGET = {"socket.connect": 1, "socket.bind": 1, "socket.sendto": 1, "socket.getaddrinfo": 0}


class NotLoopback(RuntimeError):
    """A test reached for an address that is not this machine's own."""


def is_loopback(host: object) -> bool:
    """Whether a host, as the socket module takes it, names this machine only."""
    if isinstance(host, bytes | bytearray):
        host = host.decode("ascii", "replace")
    if host is None or host == "localhost":
        return True
    if not isinstance(host, str):
        return False
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _refuse_others(event: str, arguments: tuple[object, ...]) -> None:
    if event not in _TARGET:
        return
    address = arguments[_TARGET[event]]
    if event != "socket.getaddrinfo":
        if not isinstance(address, tuple):  # a Unix socket's path, or none
            return
        address = address[0]
    if not is_loopback(address):
        message = f"{event}: {address!r} is not loopback"
        raise NotLoopback(message)


def pytest_configure(config: pytest.Config) -> None:
    """Set the hook, once for each process; an audit hook cannot be taken away."""
    del config
    if not getattr(sys, "_ostiary_loopback_only", False):
        sys._ostiary_loopback_only = True  # type: ignore[attr-defined]
        sys.addaudithook(_refuse_others)
