"""The network itself: what is dialled, under which name, and with which certificate."""

import ssl
from collections.abc import AsyncGenerator, Sequence
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.dial.test_guard import Names
from tests.oauth.samples import NOW
from tests.wire.recorder import EMPTY, Recorder, recording

from evergrant.dial.guard import AddressRefused, Guard, permitted
from evergrant.dial.network import Network, mark_declared

pytestmark = pytest.mark.anyio
LIMITS = httpx2.Limits()
HERE = permitted(["127.0.0.1/32"])
"""The one address of these tests that stands for the public internet."""
KEPT = EMPTY.replace(b"Connection: close\r\n", b"")


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a certificate for `name`, and one that trusts it; made for this test, thrown away."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=3650))
        .not_valid_after(NOW + timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    file = folder / "server.pem"
    file.write_bytes(
        pem
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.load_verify_locations(cadata=pem.decode())
    return server, client


@pytest.fixture
async def server() -> AsyncGenerator[Recorder, None]:
    async with recording() as made:
        yield made


async def get(network: Network, url: str, *, declared: bool = False) -> httpx2.Response:
    request = httpx2.Request("GET", url, extensions={"timeout": {"connect": 5.0, "read": 5.0}})
    response = await network.handle_async_request(mark_declared(request) if declared else request)
    await response.aread()
    return response


async def test_the_pinned_address_is_dialled_and_name_and_certificate_stay_the_urls(tmp_path: Path) -> None:
    tls, trust = certificate(tmp_path, "api.example")
    asked: list[str | None] = []
    tls.sni_callback = lambda _socket, name, _context: asked.append(name)
    async with recording(tls) as server:
        network = Network(Guard(Names(["127.0.0.1"]), HERE), LIMITS, trust)
        response = await get(network, f"https://api.example:{server.port}/x")
        await network.aclose()
    assert response.status_code == 200
    assert asked == ["api.example"]
    assert f"Host: api.example:{server.port}\r\n".encode() in server.heard


async def test_another_names_certificate_is_not_taken_at_the_same_address(tmp_path: Path) -> None:
    tls, trust = certificate(tmp_path, "api.example")
    async with recording(tls) as server:
        server.answer = KEPT
        network = Network(Guard(Names(["127.0.0.1"]), HERE), LIMITS, trust)
        await get(network, f"https://api.example:{server.port}/x")
        with pytest.raises(httpx2.ConnectError, match="certificate"):
            await get(network, f"https://other.example:{server.port}/x")
        await network.aclose()
    assert b"other.example" not in server.heard


async def test_a_name_that_leads_here_is_not_dialled(server: Recorder) -> None:
    for found in (["127.0.0.2"], ["127.0.0.1", "127.0.0.2"], ["::1"]):
        network = Network(Guard(Names(found), HERE), LIMITS)
        with pytest.raises(AddressRefused):
            await get(network, f"http://api.example:{server.port}/")
    assert server.connections == 0


async def test_a_name_that_changes_its_mind_is_refused_at_the_next_connection(server: Recorder) -> None:
    names = Names(["127.0.0.1"], ["127.0.0.2"])
    network = Network(Guard(names, HERE), LIMITS)
    url = f"http://rebinding.example:{server.port}/"
    assert (await get(network, url)).status_code == 200
    with pytest.raises(AddressRefused):
        await get(network, url)
    assert (server.connections, len(names.asked)) == (1, 2), "one look-up for each connection, none behind it"


async def test_a_declared_host_goes_where_it_leads_and_its_connection_is_no_others(server: Recorder) -> None:
    server.answer = KEPT
    network = Network(Guard(Names(["127.0.0.1"])), LIMITS)
    url = server.url("/")
    assert (await get(network, url, declared=True)).status_code == 200
    with pytest.raises(AddressRefused):
        await get(network, url)
    assert (await get(network, url, declared=True)).status_code == 200
    assert server.connections == 1, "it was kept, and still not lent"
    await network.aclose()


async def test_a_host_that_the_operator_names_is_dialled_as_usual(server: Recorder) -> None:
    network = Network(Guard(Names([]), permitted(["127.0.0.1.nip.test", "localhost"])), LIMITS)
    assert (await get(network, f"http://localhost:{server.port}/")).status_code == 200


async def test_the_next_address_is_tried_when_one_does_not_answer(server: Recorder) -> None:
    two = Guard(Names(["127.0.0.9", "127.0.0.1"]), permitted(["127.0.0.0/8"]))
    network = Network(two, LIMITS)
    assert (await get(network, f"http://api.example:{server.port}/")).status_code == 200


async def test_a_host_that_cannot_be_reached_or_found_is_a_connect_error() -> None:
    async def unknown(_host: str, _port: int) -> Sequence[str]:
        raise OSError("Name or service not known")

    for guard in (Guard(unknown), Guard(Names(["127.0.0.9", "127.0.0.8"]), permitted(["127.0.0.0/8"]))):
        with pytest.raises(httpx2.ConnectError):
            await get(Network(guard, LIMITS), "http://api.example:9/")


async def test_declared_hosts_go_through_the_environments_proxy_and_looked_at_ones_never_do(
    server: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"127.0.0.1:{server.port}")
    monkeypatch.setenv("no_proxy", "localhost")
    network = Network(Guard(Names(["127.0.0.2"])), LIMITS)
    assert (await get(network, "http://declared.example/x", declared=True)).status_code == 200
    assert server.heard.startswith(b"GET http://declared.example/x HTTP/1.1\r\n")
    with pytest.raises(AddressRefused):
        await get(network, "http://valued.example/x")
    assert (await get(network, f"http://localhost:{server.port}/y", declared=True)).status_code == 200
    assert b"GET /y HTTP/1.1\r\n" in server.heard
