import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.doctor.samples import CONNECTION, only, unknown_commands
from tests.fakes.command import free_port

from evergrant.cli.server import bind
from evergrant.doctor.holder import holder
from evergrant.doctor.port import host, port, redirect_uris

SERVER = "http://localhost:8484"
OWN = f"{SERVER}/callback/hubspot"
TAKEN = "Port 8484 on 127.0.0.1 cannot be had (Address already in use)."


def test_a_port_that_is_free_or_ours_is_in_order() -> None:
    assert port(8484, None, None, None, "linux").level == "ok"
    assert "http://localhost:9000" in port(8484, "http://localhost:9000", None, None, "linux").what


def test_a_port_that_is_taken_names_its_holder_and_another_port() -> None:
    found = only([port(8484, None, TAKEN, "nginx (process 7)", "linux")])

    assert found.level == "problem"
    assert "nginx (process 7)" in found.what
    for part in ("ss -ltnp 'sport = :8484'", "evergrant serve --port 8485", "Redirect URIs"):
        assert part in (found.what_to_do or "")
    assert "lsof -nP -iTCP:8484" in (port(8484, None, TAKEN, None, "darwin").what_to_do or "")


def test_a_port_of_the_system_is_said_to_be_one() -> None:
    found = port(80, None, "Port 80 on 127.0.0.1 cannot be had (Permission denied).", None, "linux")
    assert found.what_to_do == "evergrant serve --port 8484"


@pytest.mark.parametrize(("name", "levels"), [("127.0.0.1", []), ("::1", []), ("0.0.0.0", ["problem"])])  # noqa: S104
def test_the_server_listens_on_loopback_only(name: str, levels: list[str]) -> None:
    assert [(each.level, each.what_to_do) for each in host(name)] == [
        (level, "unset EVERGRANT_HOST") for level in levels
    ]


@pytest.mark.parametrize(
    ("uri", "server", "level", "advice"),
    [
        (OWN, SERVER, "ok", ""),
        ("http://127.0.0.1:8484/callback/hubspot", SERVER, "ok", ""),
        (f"{SERVER}/callback", SERVER, "ok", ""),
        ("http://[::1]:8484/callback", SERVER, "ok", ""),
        ("https://box.example/callback", "https://box.example:443", "ok", ""),
        ("http://localhost:9000/callback", SERVER, "warning", "evergrant serve --port 9000"),
        ("http://localhost:9000/callback/hubspot", SERVER, "warning", "evergrant serve --port 9000"),
        ("https://localhost:8484/callback", SERVER, "note", "evergrant connect hubspot --no-browser"),
        ("http://other.example/callback", SERVER, "warning", "evergrant connections add hubspot"),
        (OWN, "https://box.example", "warning", "--redirect-uri https://box.example/callback/hubspot"),
        ("http://localhost:8484/callback/slack", SERVER, "warning", f"--redirect-uri {OWN}"),
    ],
)
def test_a_redirect_uri_that_leads_elsewhere_says_both_ways_to_mend_it(
    uri: str, server: str, level: str, advice: str
) -> None:
    [found] = redirect_uris([replace(CONNECTION, redirect_uri=uri)], server)

    assert found.level == level
    assert advice in (found.what_to_do or "")
    assert unknown_commands(found.what_to_do or "") == []


def test_a_provider_that_takes_any_port_answers_to_the_one_that_the_server_has() -> None:
    elsewhere = replace(CONNECTION, redirect_uri="http://localhost:9000/callback/hubspot")
    assert [found.level for found in redirect_uris([elsewhere], SERVER, ["hubspot"])] == ["ok"]


def test_without_connections_there_is_nothing_to_say_of_redirects() -> None:
    assert list(redirect_uris([], SERVER)) == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows it as files")
def test_the_holder_of_a_port_is_found_by_its_socket() -> None:
    number = free_port()
    assert holder(number) is None
    with bind("127.0.0.1", number):
        assert str(os.getpid()) in (holder(number) or "")


def test_what_the_system_does_not_say_is_not_known(tmp_path: Path) -> None:
    assert holder(8484, tmp_path) is None
    (tmp_path / "net").mkdir()
    line = "0: 0100007F:2124 00000000:0000 0A 0:0 0:0 0 1000 0 4711 1 0\n"
    (tmp_path / "net" / "tcp").write_text(f"head\n{line}", encoding="ascii")
    (tmp_path / "12").mkdir()
    assert holder(8484, tmp_path) is None
    (tmp_path / "12" / "fd").mkdir()
    (tmp_path / "12" / "fd" / "3").symlink_to("socket:[4711]")
    assert holder(8484, tmp_path) == "process 12"
    (tmp_path / "12" / "comm").write_text("nginx\n", encoding="utf-8")
    assert holder(8484, tmp_path) == "nginx (process 12)"
    assert holder(8485, tmp_path) is None
