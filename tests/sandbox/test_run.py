import signal
import socket
import subprocess
import sys

import httpx2
import pytest
from tests.fakes.clock import ManualClock
from tests.sandbox.agent import CLIENT_ID, SECRET

from evergrant.sandbox.app import Sandbox
from evergrant.sandbox.faults import Fault, FaultKind
from evergrant.sandbox.run import running, serve

SERVE = """
import random
from evergrant.model.clock import SystemClock
from evergrant.sandbox.app import Sandbox
from evergrant.sandbox.run import serve
serve(Sandbox({}, clock=SystemClock(), chance=random.Random()), "127.0.0.1", 0, lambda url: print(url, flush=True))
"""


def refresh(http: httpx2.Client, sandbox: Sandbox) -> httpx2.Response:
    """Exchange the refresh token of a new grant."""
    values = {
        "grant_type": "refresh_token",
        "refresh_token": str(sandbox.issue(CLIENT_ID, "anna")["refresh_token"]),
        "client_id": CLIENT_ID,
        "client_secret": SECRET,
    }
    return http.post("/token", data=values)


def test_a_port_answers_and_names_itself_as_the_issuer(sandbox: Sandbox) -> None:
    with running(sandbox) as url, httpx2.Client(base_url=url) as http:
        assert http.get("/.well-known/oauth-authorization-server").json()["issuer"] == url
        assert refresh(http, sandbox).status_code == 200
    assert sandbox.count.refreshes == 1


@pytest.mark.parametrize(("kind", "refreshes"), [(FaultKind.DROP_REQUEST, 0), (FaultKind.DROP_RESPONSE, 1)])
def test_a_drop_closes_the_connection_and_the_server_goes_on(
    sandbox: Sandbox, kind: FaultKind, refreshes: int, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.faults.add(Fault(kind=kind, times=3))
    with running(sandbox) as url, httpx2.Client(base_url=url) as http:
        for _ in range(3):
            with pytest.raises(httpx2.RemoteProtocolError, match="disconnected without sending a response"):
                refresh(http, sandbox)
        assert sandbox.count.refreshes == 3 * refreshes
        assert refresh(http, sandbox).status_code == 200
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


def test_a_drop_sends_not_one_byte(sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(kind=FaultKind.DROP_REQUEST, where="api"))
    with running(sandbox) as url:
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=5) as connection:
            connection.sendall(b"GET /crm/me HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.recv(1024) == b""


def test_a_delay_on_a_port_passes_on_the_clock_given(sandbox: Sandbox, clock: ManualClock) -> None:
    sandbox.faults.add(Fault(kind=FaultKind.DELAY_RESPONSE, seconds=3600))
    with running(sandbox) as url, httpx2.Client(base_url=url) as http:
        assert refresh(http, sandbox).status_code == 200
    assert clock.monotonic() == 3600


def test_serving_ends_with_a_signal_and_says_nothing() -> None:
    with subprocess.Popen([sys.executable, "-c", SERVE], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        url = process.stdout.readline().decode().strip()
        assert httpx2.get(f"{url}/sandbox/count").json()["refreshes"] == 0
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    assert (out, err) == (b"", b"")


def test_an_address_that_is_taken_is_an_error(sandbox: Sandbox) -> None:
    with running(sandbox) as url, pytest.raises(OSError, match="in use"):
        serve(sandbox, "127.0.0.1", int(url.rpartition(":")[2]), print)
