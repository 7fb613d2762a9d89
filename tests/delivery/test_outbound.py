"""Requests of ours go where they may: OWASP's server-side request forgery, case by case."""

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from ostiary.outbound import ANSWER_LIMIT, Outbound, OutboundFailed, Resolve, host_of, refusal
from tests.delivery.receiver import Receiver, receiving

PUBLIC = ["93.184.216.34", "1.1.1.1", "2606:4700:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
PRIVATE = [
    "127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "::1",
    "fd12:3456::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
]  # fmt: skip
NEVER = [  # addresses to judge, nothing listens there
    "169.254.169.254", "169.254.0.1", "0.0.0.1", "255.255.255.255", "224.0.0.1", "240.0.0.1", "192.0.0.192",
    "100.100.100.200", "198.18.0.1", "192.0.2.1", "fe80::1", "ff02::1", "::", "fd00:ec2::254", "2001:db8::1",
    "fec0::1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "64:ff9b::7f00:1", "2002:7f00:1::", "2002:a9fe:a9fe::",
    "::127.0.0.1", "2001::1", "64:ff9b:1::1",
]  # fmt: skip


@asynccontextmanager
async def outbound(
    *, allow_private: bool = True, resolve: Resolve | None = None, **values: object
) -> AsyncIterator[Outbound]:
    """A client of ours; it resolves as it is told, or as the system does."""
    known = {} if resolve is None else {"resolve": resolve}
    made = Outbound(allow_private=allow_private, **known, **values)  # type: ignore[arg-type]
    yield made
    await made.close()


async def refused(url: str, *, allow_private: bool = False, addresses: tuple[str, ...] = ()) -> str:
    """Why a request is not answered."""

    async def resolve(host: str, port: int) -> list[str]:
        del host, port
        return list(addresses)

    async with outbound(allow_private=allow_private, resolve=resolve if addresses else None) as ours:
        with pytest.raises(OutboundFailed) as failure:
            await ours.post_form(url, {"a": "b"})
    return str(failure.value)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A server on loopback."""
    with receiving() as made:
        yield made


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses(text: str) -> None:
    """Over https always, over http never: what is told is nobody else's business."""
    address = ipaddress.ip_address(text)
    for allow_private in (False, True):
        assert refusal("https", address, allow_private=allow_private) == ""
        assert refusal("http", address, allow_private=allow_private) == "the URL is not https"


@pytest.mark.parametrize("text", PRIVATE)
def test_private_addresses(text: str) -> None:
    """Only where the operator allows it; then over http too."""
    address = ipaddress.ip_address(text)
    for scheme in ("http", "https"):
        assert "outbound_allow_private" in refusal(scheme, address, allow_private=False)
        assert refusal(scheme, address, allow_private=True) == ""


@pytest.mark.parametrize("text", NEVER)
def test_addresses_that_are_never_called(text: str) -> None:
    """Link-local, clouds' metadata, multicast, unspecified, reserved; also written inside of others."""
    address = ipaddress.ip_address(text)
    for allow_private in (False, True):
        assert refusal("https", address, allow_private=allow_private) != ""


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
async def test_this_machine(host: str, receiver: Receiver) -> None:
    """Loopback is not called unless that is allowed."""
    reason = await refused(f"https://{host}:{receiver.port}/")
    assert reason == "the address is not a public one (outbound_allow_private)"
    assert receiver.got == []


@pytest.mark.parametrize(
    "host",
    ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "[::ffff:127.0.0.1]", "LOCALHOST.", "127。0。0。1"],
)
async def test_this_machine_by_other_names(host: str, receiver: Receiver) -> None:
    """What the system makes of a name is judged, not how it is written; some forms are no URL at all."""
    reason = await refused(f"https://{host}:{receiver.port}/", addresses=("127.0.0.1",))
    assert reason in {"the address is not a public one (outbound_allow_private)", "the URL is not valid"}
    assert receiver.got == []


async def test_one_bad_address_is_enough(receiver: Receiver) -> None:
    """A name that has a public and a private address is not called at all."""
    both = ("93.184.216.34", "127.0.0.1")
    for addresses in (both, both[::-1]):
        reason = await refused(f"https://two.example:{receiver.port}/", addresses=addresses)
        assert reason == "the address is not a public one (outbound_allow_private)"
    assert receiver.got == []


async def test_the_metadata_address(receiver: Receiver) -> None:
    """A name that leads to it is refused even where private addresses are allowed."""
    for address in ("169.254.169.254", "fd00:ec2::254"):
        reason = await refused("http://metadata.example/", allow_private=True, addresses=(address,))
        assert reason == "the address is not a public one"
    del receiver


async def test_resolved_once(receiver: Receiver) -> None:
    """The connection goes to the address that was judged, whatever the name means a moment later; Host is the name."""
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> list[str]:
        del port
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

    async with outbound(resolve=rebinding) as ours:
        answer = await ours.post_form(f"http://rebinding.example:{receiver.port}/x?y=1", {"a": "b c"})
    assert (answer.status, asked) == (200, ["rebinding.example"])
    [(path, headers, body)] = receiver.got
    assert (path, headers["host"], body) == ("/x?y=1", f"rebinding.example:{receiver.port}", "a=b+c")


async def test_the_next_address(receiver: Receiver) -> None:
    """Where the first address refuses, the next is tried."""

    async def two(host: str, port: int) -> list[str]:
        del host, port
        return ["127.0.0.2", "::1", "127.0.0.1"]

    async with outbound(resolve=two) as ours:
        assert (await ours.post_form(f"http://two.example:{receiver.port}/", {})).status == 200


async def test_redirects_are_answers(receiver: Receiver) -> None:
    """Nobody is followed."""
    with receiving() as elsewhere:
        receiver.statuses, receiver.location = [302, 307], elsewhere.url
        async with outbound() as ours:
            assert (await ours.post_form(receiver.url, {})).status == 302
            assert (await ours.post_form(receiver.url, {})).status == 307
        assert elsewhere.got == []


@pytest.mark.parametrize(
    "url",
    ["ftp://127.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1/", "http://", "//127.0.0.1/", "http://a@127.0.0.1/",
     "http://127.0.0.1:99999/", "http://[::1", ""],
)  # fmt: skip
async def test_other_urls(url: str) -> None:
    """http and https with a host, without a user; nothing else."""
    assert (await refused(url, allow_private=True)).startswith("the URL is not")


async def test_a_connection_that_breaks(receiver: Receiver) -> None:
    """TLS spoken to a server without it, and a server that hangs up: told in words, without the URL."""
    async with outbound() as ours:
        with pytest.raises(OutboundFailed) as failure:
            await ours.post_form(receiver.url.replace("http:", "https:"), {})
    assert str(failure.value) == "no connection"

    async def hangs_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.close()

    async with await asyncio.start_server(hangs_up, "127.0.0.1", 0) as server, outbound() as ours:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(OutboundFailed, match="the connection broke"):
            await ours.post_form(f"http://127.0.0.1:{port}/", {})


def test_hosts_for_the_log() -> None:
    """Host and port; nothing of a text that is no URL."""
    assert host_of("https://a.example:1/path?secret#x") == "a.example:1"
    assert host_of("http://[::1") == ""


async def test_http_in_production(receiver: Receiver) -> None:
    """Without the setting http is refused, by whatever name; with it loopback is called."""
    assert await refused(receiver.url) != ""
    assert await refused("http://public.example/", addresses=("93.184.216.34",)) == "the URL is not https"
    assert receiver.got == []
    async with outbound() as ours:
        assert (await ours.post_form(receiver.url, {})).status == 200


async def test_an_answer_has_an_end(receiver: Receiver) -> None:
    """Only so much of it is read."""
    async with outbound() as ours:
        receiver.body = b"x" * ANSWER_LIMIT
        assert (await ours.post_form(receiver.url, {})).is_whole
        receiver.body = b"x" * (ANSWER_LIMIT * 40)
        answer = await ours.post_form(receiver.url, {})
    assert (len(answer.body), answer.is_whole) == (ANSWER_LIMIT, False)


async def test_an_answer_has_a_time(receiver: Receiver) -> None:
    """Who does not answer is left."""
    receiver.pause.clear()
    async with outbound(time_limit_s=0.2) as ours:
        with pytest.raises(OutboundFailed, match="no answer in time"):
            await ours.post_form(receiver.url, {})


async def test_no_such_name() -> None:
    """A name that nobody knows."""

    async def nobody(host: str, port: int) -> list[str]:
        raise OSError(host, port)

    async with outbound(resolve=nobody) as ours:
        with pytest.raises(OutboundFailed, match="the host name is not known"):
            await ours.post_form("https://nobody.example/", {})


async def test_the_certificate_is_the_names(tmp_path: Path) -> None:
    """TLS is spoken with the name, not with the address it resolved to; a certificate of another name is refused."""

    async def here(host: str, port: int) -> list[str]:
        del host, port
        return ["127.0.0.1"]

    with certified("client.example", tmp_path) as (server_tls, client_tls), receiving(server_tls) as receiver:
        async with outbound(resolve=here, tls=client_tls) as ours:
            assert (await ours.post_form(f"https://client.example:{receiver.port}/", {})).status == 200
            with pytest.raises(OutboundFailed, match="the certificate is not trusted"):
                await ours.post_form(f"https://other.example:{receiver.port}/", {})
        async with outbound(resolve=here) as strict:
            with pytest.raises(OutboundFailed, match="the certificate is not trusted"):
                await strict.post_form(f"https://client.example:{receiver.port}/", {})
    assert len(receiver.got) == 1


@contextmanager
def certified(name: str, folder: Path) -> Iterator[tuple[ssl.SSLContext, ssl.SSLContext]]:
    """A server's and a client's TLS; the client trusts the server's own certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime(2020, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, SHA256())
    )
    both = folder / "server.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    both.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(both)
    client = ssl.create_default_context(cadata=certificate.public_bytes(Encoding.PEM).decode())
    yield server, client
