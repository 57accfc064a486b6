"""The small decisions of `evergrant connect`: what is kept of a walk, and what is said of a grant."""

import stat
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.doctor.samples import ACCOUNT, NOW
from tests.fakes.practice import practice
from tests.oauth.samples import connector

from evergrant.cli.wizard import words
from evergrant.cli.wizard.client import Clients, Given, NoClient
from evergrant.cli.wizard.draft import Draft, Drafts
from evergrant.cli.wizard.standing import cautions
from evergrant.model.json import Json
from evergrant.model.secret import Secret
from evergrant.service.accounts import Standing
from evergrant.settings import LOCAL_TENANT

WARNED: Json = {
    "minutes": 5,
    "steps": [{"do": "Make an app."}],
    "client_id": {"title": "Client ID", "pattern": ".+", "looks_like": "abc"},
    "warning": "Publish the app.",
}
WEEK = NOW + timedelta(seconds=604799)


def standing(stated_end: datetime | None, *, ends: datetime | None = NOW, renewable: bool = True) -> Standing:
    return Standing(ACCOUNT, NOW, ends, None, renewable, stated_end, stated_end, 1, {}, None, None)


@pytest.mark.parametrize(
    ("rotation", "found", "said"),
    [
        (
            "never",
            standing(WEEK),
            ["ends on 2026-12-02 11:59 UTC, in 7 days, however much it is used. Publish the app."],
        ),
        ("always", standing(WEEK), ["in 7 days, unless it is renewed before. Publish the app."]),
        ("never", standing(NOW + timedelta(days=180)), []),
        ("never", standing(None), []),
        ("never", standing(None, renewable=False), ["cannot be renewed"]),
        ("never", standing(None, ends=None, renewable=False), []),
    ],
)
def test_a_grant_that_ends_early_is_told_of_at_once(rotation: str, found: Standing, said: list[str]) -> None:
    acme = connector(grant={"rotation": rotation}, registration=WARNED)
    told = list(cautions(acme, found, NOW))
    assert len(told) == len(said)
    assert all(words in text for words, text in zip(said, told, strict=True))


def test_a_draft_is_for_its_owner_and_what_cannot_be_read_was_never_kept(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    drafts, draft = Drafts(tmp_path), Draft(redirect_uri="http://localhost/cb", done=2, values={"site": "acme"})
    assert drafts.find("acme") is None
    drafts.keep("acme", draft)
    drafts.keep("acme", draft.having(client_id="abc"))
    [file] = (tmp_path / "run").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert drafts.find("acme") == draft.having(client_id="abc")
    assert drafts.find("other") is None
    file.write_text('{"redirect_uri": 7}', encoding="utf-8")
    assert drafts.find("acme") is None
    drafts.forget("acme")
    drafts.forget("acme")
    assert not list((tmp_path / "run").iterdir())


@pytest.mark.anyio
async def test_a_walk_is_taken_up_until_a_client_came_in_another_way(tmp_path: Path) -> None:
    async with practice(tmp_path) as world:
        drafts = Drafts(world.app.settings.home)
        drafts.keep("sandbox", Draft(redirect_uri="http://localhost:9000/callback/sandbox", done=1))
        given = Given(client_id="practice-2", client_secret=Secret("a-secret-of-the-sandbox"))
        assert not await Clients(world.app, "sandbox", given, (), {}, None).ensure()
        found = world.app.connections.find(LOCAL_TENANT, "sandbox")
        assert found
        assert (found.client_id, found.redirect_uri) == ("practice-2", "http://localhost:9000/callback/sandbox")
        assert drafts.find("sandbox") is None
        with pytest.raises(NoClient, match="evergrant connect sandbox --client-id YOUR_ID --client-secret-stdin"):
            await Clients(world.app, "sandbox", Given(anew=True), (), {}, None).ensure()


@pytest.mark.parametrize(
    ("changes", "has_client", "fault", "said"),
    [
        ({}, False, None, "an OAuth client"),
        ({"registration": WARNED}, False, None, "an OAuth client (about 5 min)"),
        ({"registration": WARNED}, True, None, "your consent"),
        ({}, True, "invalid_client", "refused: invalid_client; see evergrant doctor"),
        ({"oauth": None, "auth": {"kind": "none"}}, False, None, "nothing"),
        ({"oauth": {"grant_type": "jwt_bearer"}, "grant": {"rotation": "never"}}, False, None, "the key of a service"),
    ],
)
def test_what_a_service_takes_is_said_in_a_few_words(
    changes: dict[str, Json], has_client: bool, fault: str | None, said: str
) -> None:
    assert words.takes(connector(**changes), has_client=has_client, fault=fault).startswith(said)
