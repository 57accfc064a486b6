"""`evergrant tenants`, and commands that work for a tenant: in this process, on one vault."""

import json
from pathlib import Path

import pytest
from tests.fakes.tables import lay_tables
from typer.testing import CliRunner, Result

from evergrant.cli.main import build


@pytest.fixture
def home(tmp_path: Path) -> Path:
    lay_tables(tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch) -> "Run":
    for name, value in (("HOME", str(home)), ("KEY_SOURCE", "file"), ("PORT", "18484")):
        monkeypatch.setenv(f"EVERGRANT_{name}", value)
    return Run()


class Run:
    """Runs a command to its end."""

    def __call__(self, *arguments: str, given: str = "") -> Result:
        return CliRunner().invoke(build(), arguments, input=given)

    def told(self, *arguments: str, given: str = "") -> dict[str, object]:
        """What it tells programs."""
        found = self(*arguments, "--json", given=given)
        assert found.exit_code == 0, found.output
        told: dict[str, object] = json.loads(found.stdout)
        return told


def test_a_tenant_is_made_given_an_oauth_client_and_a_key_of_its_own_and_removed(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = run.told("tenants", "create", "Acme Ltd", "--rate", "5", "--burst", "9")
    tenant = str(made["id"])
    added = run.told(
        "connections", "add", "sandbox", "--client-id", "x", "--client-secret-stdin", "--tenant", tenant, given="s\n"
    )
    key = run.told("keys", "create", "back end", "--operator", "--tenant", tenant)
    own = run.told("keys", "list")
    monkeypatch.setenv("EVERGRANT_TENANT", tenant)
    theirs = run.told("keys", "list")
    monkeypatch.delenv("EVERGRANT_TENANT")
    shown, refused = run.told("tenants", "show", tenant), run("tenants", "remove", tenant)
    removed = run.told("tenants", "remove", tenant, "--purge")

    assert made["limit"] == {"requests_per_second": 5.0, "burst": 9}
    assert str(added["redirect_uri"]).endswith(f"/callback/{tenant}/sandbox")
    assert str(key["key"]).startswith("evgk_")
    assert (own["keys"], len(list(theirs["keys"]))) == ([], 1)  # type: ignore[call-overload]
    assert (shown["connections"], shown["keys"], shown["accounts"]) == (1, 1, 0)
    assert (refused.exit_code, "purge" in refused.output) == (1, True)
    assert removed == {"removed": tenant, "accounts": []}
    assert [each["id"] for each in run.told("tenants", "list")["tenants"]] == ["tnt_local"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "command",
    [
        ("keys", "list"),
        ("keys", "create", "x"),
        ("accounts", "list"),
        ("accounts", "pause", "x"),
        ("connections", "list"),
        ("webhooks", "list"),
        ("tenants", "show"),
    ],
)
def test_a_tenant_that_there_is_not_is_said_to_be_none(run: Run, command: tuple[str, ...]) -> None:
    named = ("tnt_none",) if command[0] == "tenants" else ("--tenant", "tnt_none")
    found = run(*command, *named)

    assert found.exit_code == 3
    assert "evergrant tenants list" in found.output


def test_half_a_limit_and_a_taken_id_say_what_to_write(run: Run) -> None:
    half, taken = run("tenants", "create", "x", "--rate", "5"), run("tenants", "create", "x", "--id", "tnt_local")

    assert (half.exit_code, taken.exit_code) == (2, 2)
    assert "--rate 100 --burst 400" in half.output
    assert "Leave the id out" in taken.output
