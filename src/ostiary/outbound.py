"""The one way out: requests to addresses that clients registered, kept away from what only this machine can reach.

A name is resolved once; every address it has is judged, and the connection goes to one of those. No redirect is
followed, no proxy or cookie used; an attempt has a time limit and reads no more than a part of the answer.
Source: OWASP Server-Side Request Forgery Prevention; RFC 6890 and the IANA special-purpose address registries.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import httpx2

TIME_LIMIT_S: Final = 10.0
CONNECT_LIMIT_S: Final = 4.0
ANSWER_LIMIT: Final = 64 << 10
_LAST_PORT: Final = 65_535
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[list[str]]]

_GLOBAL_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
_TRANSLATED: Final = ipaddress.IPv6Network(
    "64:ff9b::/96"
)  # RFC 6052: the last four bytes are an IPv4 address
_SHARED: Final = ipaddress.IPv4Network("100.64.0.0/10")  # RFC 6598
_UNIQUE_LOCAL: Final = ipaddress.IPv6Network("fc00::/7")
# where clouds hand out their machines' credentials, outside of the link-local range
_METADATA: Final = frozenset(map(ipaddress.ip_address, ("100.100.100.200", "192.0.0.192", "fd00:ec2::254")))
# not for everybody, though older versions of ``ipaddress`` say so: protocol assignments, relays, documentation
_SPECIAL: Final = tuple(
    ipaddress.ip_network(network)
    for network in ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2001:db8::/32", "3fff::/20")
)
_PRIVATE: Final = tuple(
    ipaddress.IPv4Network(network) for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
)


class OutboundFailed(Exception):
    """There is no answer. The message says why, without query or content of the request."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. ``body`` ends at the limit; ``is_whole`` says whether that was all of it."""

    status: int
    body: bytes
    is_whole: bool


async def resolved(host: str, port: int) -> list[str]:
    """The addresses that the operating system has for a name."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(address: Address) -> bool:
    """Whether the address is one of the whole internet, also where it is written inside an IPv6 address."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = _embedded(address)
        if inner is not None:
            return is_public(inner)
        return address in _GLOBAL_UNICAST and address.is_global and not _is_special(address)
    return address.is_global and not (address.is_multicast or address.is_reserved or _is_special(address))


def _is_special(address: Address) -> bool:
    return any(address in network for network in _SPECIAL if network.version == address.version)


def is_private(address: Address) -> bool:
    """Whether it is this machine or one of a private network; never link-local, nor where clouds keep credentials."""
    if address in _METADATA:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped
        if inner is not None:
            return is_private(inner)
        return address.is_loopback or address in _UNIQUE_LOCAL
    return address.is_loopback or address in _SHARED or any(address in network for network in _PRIVATE)


def refusal(scheme: str, address: Address, *, allow_private: bool) -> str:
    """Why a request may not go there; empty if it may."""
    if is_public(address):
        return "" if scheme == "https" else "the URL is not https"
    if not is_private(address):
        return "the address is not a public one"
    if not allow_private:
        return "the address is not a public one (outbound_allow_private)"
    return ""


class Outbound:
    """Sends requests; one object keeps the certificates that are trusted."""

    def __init__(
        self,
        *,
        allow_private: bool,
        resolve: Resolve = resolved,
        tls: ssl.SSLContext | None = None,
        time_limit_s: float = TIME_LIMIT_S,
    ) -> None:
        """``allow_private``: this machine and private networks may be called too, and over http."""
        self._allow_private = allow_private
        self._resolve = resolve
        self._time_limit_s = time_limit_s
        # a kept connection belongs to an address, and TLS names on it to a host: none is kept
        limits = httpx2.Limits(max_keepalive_connections=0)
        timeout = httpx2.Timeout(time_limit_s, connect=CONNECT_LIMIT_S)
        self._client = httpx2.AsyncClient(
            verify=tls or ssl.create_default_context(),
            limits=limits,
            timeout=timeout,
            trust_env=False,
            follow_redirects=False,
        )

    async def post_form(
        self, url: str, form: Mapping[str, str], headers: Mapping[str, str] = MappingProxyType({})
    ) -> Answer:
        """POST a form, with these headers too; whatever the status is. Raises OutboundFailed."""
        try:
            async with asyncio.timeout(self._time_limit_s):
                return await self._posted(_parsed(url), form, headers)
        except TimeoutError:
            raise OutboundFailed("no answer in time") from None
        except httpx2.HTTPError as error:
            raise OutboundFailed(_told(error)) from None

    async def close(self) -> None:
        """Let connections go."""
        await self._client.aclose()

    async def _posted(self, url: httpx2.URL, form: Mapping[str, str], more: Mapping[str, str]) -> Answer:
        failure: httpx2.HTTPError = httpx2.ConnectError("no address")
        for address in await self._addresses(url):
            try:
                return await self._at(address, url, form, more)
            except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
                failure = error
        raise failure

    async def _addresses(self, url: httpx2.URL) -> list[str]:
        host = url.raw_host.decode()
        port = url.port or {"http": 80, "https": 443}[url.scheme]
        try:
            found = await self._resolve(host, port)
        except (OSError, UnicodeError):
            raise OutboundFailed("the host name is not known") from None
        for text in found:
            address = ipaddress.ip_address(text)
            reason = refusal(url.scheme, address, allow_private=self._allow_private)
            if reason:
                raise OutboundFailed(reason)
        return found

    async def _at(
        self, address: str, url: httpx2.URL, form: Mapping[str, str], more: Mapping[str, str]
    ) -> Answer:
        headers = {
            **more,
            "host": url.netloc.decode(),
            "accept-encoding": "identity",
            "user-agent": "ostiary",
        }
        request = self._client.build_request(
            "POST",
            url.copy_with(host=address),
            data=dict(form),
            headers=headers,
            extensions={"sni_hostname": url.raw_host.decode()},
        )
        response = await self._client.send(request, stream=True)
        try:
            return await _answer(response)
        finally:
            await response.aclose()


def host_of(url: str) -> str:
    """The host and port of a URL, for logs."""
    try:
        return httpx2.URL(url).netloc.decode()
    except httpx2.InvalidURL:
        return ""


async def _answer(response: httpx2.Response) -> Answer:
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.aiter_raw():
        chunks.append(chunk)
        size += len(chunk)
        if size > ANSWER_LIMIT:
            break
    return Answer(response.status_code, b"".join(chunks)[:ANSWER_LIMIT], size <= ANSWER_LIMIT)


def _parsed(text: str) -> httpx2.URL:
    try:
        url = httpx2.URL(text)
    except httpx2.InvalidURL:
        raise OutboundFailed("the URL is not valid") from None
    if url.scheme not in {"http", "https"} or not url.host or url.userinfo:
        raise OutboundFailed("the URL is not http or https, or names a user")
    if not 0 < (url.port or 80) <= _LAST_PORT:
        raise OutboundFailed("the URL is not valid")
    return url


def _told(error: httpx2.HTTPError) -> str:
    if isinstance(error, httpx2.TimeoutException):
        return "no answer in time"
    if isinstance(error, httpx2.ConnectError):
        is_certificate = "certificate" in str(error).lower()
        return "the certificate is not trusted" if is_certificate else "no connection"
    return "the connection broke"


def _embedded(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 address leads to: mapped, by 6to4, or translated."""
    if address in _TRANSLATED:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour
