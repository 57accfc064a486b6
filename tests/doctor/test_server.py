import os
import socket
import tempfile
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from tests.doctor.samples import only
from typing_extensions import override

from evergrant.doctor.asking import Asked, healthz, over_http, over_socket
from evergrant.doctor.server import answers, local_url, restart, runs, version
from evergrant.model.secret import Secret

INFO = '{"jsonrpc":"2.0","id":1,"result":{"serverInfo":{"name":"evergrant","version":"9.9"}}}'
STRANGER = INFO.replace('"evergrant"', '"other"')
URL = "http://localhost:8484"


@dataclass(frozen=True)
class Serving:
    pid: int = 7
    url: str = URL


def test_a_server_that_does_not_run_matters_where_there_are_accounts(tmp_path: Path) -> None:
    assert runs(Serving(), 2, tmp_path).level == "ok"
    assert runs(None, 0, tmp_path).level == "note"
    assert "evergrant serve" in (only([runs(None, 2, tmp_path)]).what_to_do or "")


def test_a_wire_that_does_not_answer_names_the_command_that_restarts_the_server() -> None:
    assert answers("socket", Serving(), Asked("9.9")).level == "ok"
    found = only([answers("socket", Serving(), Asked(None, "refused"))])
    assert (found.level, found.what_to_do) == ("problem", "Restart it: kill 7 && evergrant serve")
    assert restart(Serving(pid=0)) == "Restart it: evergrant serve"


def test_a_server_of_another_version_is_to_be_restarted() -> None:
    assert version(Serving(), "0.1.0", "0.1.0").level == "ok"
    assert "kill 7" in (only([version(Serving(), "0.1.0", "0.2.0")]).what_to_do or "")


@pytest.mark.parametrize(
    ("url", "local"),
    [(URL, True), ("http://[::1]:1", True), ("https://box.example", False), ("http://10.0.0.1", False)],
)
def test_a_bearer_is_sent_to_this_machine_only(url: str, local: bool) -> None:
    assert (local_url(Serving(url=url)) == url) is local


class Answers(httpx2.BaseTransport):
    """The same answer to every request."""

    def __init__(self, answer: httpx2.Response | None) -> None:
        self.answer = answer
        self.methods: list[str] = []

    @override
    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self.methods.append(request.method)
        if self.answer is None:
            raise httpx2.ReadTimeout("slow", request=request)
        return self.answer


def health(http: httpx2.Client) -> Asked:
    return healthz(http, URL)


def initialize(http: httpx2.Client) -> Asked:
    return over_http(http, URL, Secret("evg_x"))


@pytest.mark.parametrize(
    ("ask", "answer", "asked"),
    [
        (health, httpx2.Response(200, text="ok"), Asked("")),
        (health, httpx2.Response(200, text="<html>"), Asked(None, "status 200, and not our answer")),
        (health, httpx2.Response(503, text="ok"), Asked(None, "status 503, and not our answer")),
        (health, None, Asked(None, "ReadTimeout")),
        (initialize, httpx2.Response(200, text=INFO), Asked("9.9")),
        (initialize, httpx2.Response(200, text=STRANGER), Asked(None, "what answers is no Evergrant")),
        (initialize, httpx2.Response(200, text="<html>"), Asked(None, "what answers is no Evergrant")),
        (initialize, httpx2.Response(401), Asked(None, "status 401")),
        (initialize, None, Asked(None, "ReadTimeout")),
        (
            initialize,
            httpx2.Response(200, headers={"Content-Type": "text/event-stream"}, text=f"data:\n\ndata: {INFO}\n\n"),
            Asked("9.9"),
        ),
    ],
)
def test_what_answers_over_http_is_us_or_not(
    ask: Callable[[httpx2.Client], Asked], answer: httpx2.Response | None, asked: Asked
) -> None:
    with httpx2.Client(transport=Answers(answer)) as http:
        assert ask(http) == asked


def test_a_session_that_comes_of_the_question_is_ended() -> None:
    wire = Answers(httpx2.Response(200, headers={"Mcp-Session-Id": "1"}, text=INFO))
    with httpx2.Client(transport=wire) as http:
        assert initialize(http) == Asked("9.9")
    assert wire.methods == ["POST", "DELETE"]


@contextmanager
def listener(answer: bytes) -> Generator[Path]:
    """A socket at which the first one who writes gets `answer`."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as server:
        path = Path(folder) / "s"
        server.bind(os.fspath(path))
        server.listen()

        def serve() -> None:
            wire, _ = server.accept()
            with wire:
                wire.recv(65536)
                wire.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield path
        thread.join()


@pytest.mark.parametrize(
    ("answer", "asked"),
    [
        (f"{INFO}\n".encode(), Asked("9.9")),
        (f"{STRANGER}\n".encode(), Asked(None, "what answers is no Evergrant")),
        (b"", Asked(None, "what answers is no Evergrant")),
        (b"SSH-2.0\n", Asked(None, "what answers is no Evergrant")),
    ],
)
def test_what_answers_at_the_socket_is_us_or_not(answer: bytes, asked: Asked) -> None:
    with listener(answer) as path:
        assert over_socket(path) == asked


def test_a_socket_that_is_gone_is_said_to_be() -> None:
    assert over_socket(Path("/nowhere/mcp.sock")) == Asked(None, "No such file or directory")
