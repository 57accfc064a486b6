"""`evergrant audit`, through the command line."""

import asyncio
import csv
import io
import json
import random
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.fakes.consent import approve
from tests.fakes.practice import CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, add_client
from typer.testing import CliRunner

from evergrant.app import open_app
from evergrant.cli.audit_filters import BadTime, moment
from evergrant.cli.main import build
from evergrant.cli.output import Exit
from evergrant.model.clock import SystemClock
from evergrant.oauth.flow import parse_redirect
from evergrant.sandbox.app import Sandbox
from evergrant.sandbox.behaviour import Client
from evergrant.sandbox.run import running
from evergrant.settings import LOCAL_TENANT, Settings
from evergrant.surroundings import real_world

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Generator[Path]:
    """A vault whose account has made a write, by the command line, and a call that was refused."""
    folder = tmp_path_factory.mktemp("audit") / "home"
    provider = Sandbox(
        {CLIENT_ID: Client(CLIENT_SECRET, (REDIRECT_URI,), ("crm.read", "crm.write"))},
        clock=SystemClock(),
        chance=random.Random(1),
    )

    async def connect(url: str) -> None:
        async with open_app(Settings(home=folder, key_source="file"), real_world()) as app:
            await add_client(app)
            begun = await app.connect.begin(LOCAL_TENANT, "sandbox", "acme", {"origin": url})
            await app.consent.finish(parse_redirect(await approve(begun.url, "anna")))

    with running(provider) as url:
        asyncio.run(connect(url))
        ran(folder, "call", "sandbox_append_row", "--account", "acme", "-d", '{"row": ["=what was said"]}')
        ran(folder, "call", "sandbox_search_contacts", "--account", "acme", "-d", '{"limit": "many"}')
        yield folder


def ran(home: Path, *arguments: str) -> tuple[int, str]:
    given = {
        "EVERGRANT_HOME": str(home),
        "EVERGRANT_KEY_SOURCE": "file",
        "EVERGRANT_AUDIT_INPUTS": "sealed",
        "COLUMNS": "250",
    }
    result = CliRunner().invoke(build(), arguments, env=given)
    return result.exit_code, result.stdout


def listed(home: Path, *options: str) -> list[dict[str, object]]:
    code, printed = ran(home, "audit", "list", "--json", *options)
    assert code == 0, printed
    lines: list[dict[str, object]] = json.loads(printed)["lines"]
    return lines


def test_the_list_is_for_a_person_or_for_a_program_and_narrowed_by_options(home: Path) -> None:
    refused, done = listed(home)
    assert (refused["outcome"], done["outcome"], done["principal"]) == ("invalid_input", "ok", "command line")
    assert [line["id"] for line in listed(home, "--failed", "--account", "acme", "--since", "1h")] == [refused["id"]]
    assert listed(home, "--until", "1h") == []
    assert listed(home, "--kind", "refresh") == []
    assert len(listed(home, "--limit", "1")) == 1
    code, text = ran(home, "audit", "list", "--tool", "sandbox_append_row")
    assert (code, "acme" in text, "command line" in text, str(done["id"]) in text) == (0, True, True, True)


def test_a_time_that_is_none_ends_the_command_with_what_would_be_one(home: Path) -> None:
    code, printed = ran(home, "audit", "list", "--json", "--since", "yesterday")
    assert (code, "no time" in printed) == (Exit.USAGE, True)


def test_one_line_is_shown_and_its_input_where_it_is_asked_for(home: Path) -> None:
    line = str(listed(home, "--outcome", "ok")[0]["id"])
    assert "what was said" not in ran(home, "audit", "show", line, "--json")[1]
    assert json.loads(ran(home, "audit", "show", line, "--inputs", "--json")[1])["tool_input"] == {
        "row": ["=what was said"]
    }
    assert ran(home, "audit", "show", "aud_nothing", "--json")[0] == Exit.NOT_CONNECTED


def test_exports_are_whole_oldest_first_and_alike_in_both_formats(home: Path) -> None:
    found = [json.loads(line) for line in ran(home, "audit", "export")[1].splitlines()]
    rows = list(csv.DictReader(io.StringIO(ran(home, "audit", "export", "--format", "csv")[1])))

    assert found == listed(home)[::-1]
    assert [row["id"] for row in rows] == [line["id"] for line in found]
    assert rows[0].keys() == found[0].keys()
    assert rows[0]["input_names"] == "row"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2h", NOW - timedelta(hours=2)),
        ("90m", NOW - timedelta(minutes=90)),
        ("2026-11-26", NOW.replace(hour=0)),
        ("2026-11-26T08:00", NOW.replace(hour=8)),
        ("2026-11-26T08:00+02:00", NOW.replace(hour=6)),
    ],
)
def test_times_are_said_as_dates_or_as_how_long_ago(text: str, said: datetime) -> None:
    assert moment(text, NOW) == said


@pytest.mark.parametrize("text", ["", "h", "2x", "-2h", "yesterday", "2026-13-01", "999999w"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(BadTime):
        moment(text, NOW)
