"""Against an authorization server that we did not write, through the installed command: nothing here is mocked."""

import asyncio
import json
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from tests.fakes.command import Command, free_port
from tests.fakes.consent import approve
from tests.fakes.forked_process import PipedProcess
from tests.fakes.oidc_connector import NAME, write_connector
from tests.fakes.oidc_provider import OidcProvider, oidc_provider
from tests.fakes.person import passer_by

from evergrant.app import open_app
from evergrant.model.account import AccountKey, GrantKey
from evergrant.model.grant import Grant
from evergrant.model.link import Link
from evergrant.model.outcome import Outcome, ReauthRequired, Result
from evergrant.settings import LOCAL_TENANT, Settings
from evergrant.surroundings import real_world

pytestmark = pytest.mark.anyio

PEOPLE = ("anna", "bert", "cleo", "dora", "emil", "fred")
LIVES = 10
"""Token lives for each of six people: sixty in all."""
CALLS_AT_ONCE = 4
LIFE_S = 5


@dataclass(frozen=True)
class Setting:
    provider: OidcProvider
    command: Command

    @property
    def settings(self) -> Settings:
        path = (Path(self.command.more["EVERGRANT_CONNECTOR_PATH"]),)
        return Settings(home=self.command.home, key_source="file", connector_path=path)


@contextmanager
def at_provider(folder: Path, life_s: int) -> Generator[Setting, None, None]:
    with oidc_provider(access_token_seconds=life_s) as provider:
        own = write_connector(folder / "own", provider)
        command = Command(folder / "home", free_port(), {"EVERGRANT_CONNECTOR_PATH": str(own)})
        callback = f"http://127.0.0.1:{command.port}/callback"
        options = ("--client-id", provider.client_id, "--client-secret-stdin", "--redirect-uri", callback)
        added = command.run("connections", "add", NAME, *options, given=provider.client_secret)
        assert added.returncode == 0, added.stderr
        yield Setting(provider, command)


@pytest.fixture(scope="module")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Generator[Setting, None, None]:
    with at_provider(tmp_path_factory.mktemp("certified"), LIFE_S) as made:
        yield made


def asked(process: PipedProcess) -> dict[str, str]:
    """What the command prints for the person who is to consent."""
    told: dict[str, str] = json.loads(next(line for line in process.stderr if line.startswith("{")))
    return told


async def connect(setting: Setting, person: str) -> dict[str, str]:
    process = setting.command.start("connect", NAME, "--alias", person, "--no-browser", "--json")
    told, somebody = asked(process), passer_by()
    page = await somebody.connects(Link(told["url"], told["confirmation_code"]), person)
    await somebody.browser.aclose()
    printed, said = await asyncio.to_thread(process.communicate, timeout=60)
    assert (page.status_code, process.returncode) == (200, 0), said
    account: dict[str, str] = json.loads(printed)
    return account


async def work(setting: Setting, account_ids: list[str]) -> list[Outcome]:
    """Calls for every account until each has lived through its token lives.

    Only a call begins a new life here, so each life is seen, and seen first with some calls at once: there are enough
    of them however slow the machine is.
    """
    async with open_app(setting.settings, real_world()) as app:

        async def live(account_id: str) -> list[Outcome]:
            key, made, last = AccountKey(LOCAL_TENANT, account_id), list[Outcome](), 0
            while (life := app.tokens.generation(GrantKey(*key))) <= LIVES:
                at_once = CALLS_AT_ONCE if life > last else 1
                last = life
                calls = (
                    app.executor.execute_tool(key, f"{NAME}_search_contacts", {"query": "a"}) for _ in range(at_once)
                )
                made += await asyncio.gather(*calls)
                await app.clock.sleep(LIFE_S / 8)
            return made

        return [outcome for many in await asyncio.gather(*map(live, account_ids)) for outcome in many]


async def test_six_people_live_through_sixty_token_lives_and_no_call_is_refused(setting: Setting) -> None:
    before = setting.provider.counts()
    accounts = [await connect(setting, person) for person in PEOPLE]
    assert {account["identity"] for account in accounts} == set(PEOPLE)

    outcomes = await work(setting, [account["id"] for account in accounts])

    counts = setting.provider.counts()
    assert len(outcomes) >= 200
    assert all(isinstance(outcome, Result) for outcome in outcomes)
    made, earlier = counts.token["refresh_token"], before.token["refresh_token"]
    assert made[200] - earlier[200] == len(PEOPLE) * LIVES
    assert made[400] - earlier[400] == 0
    assert counts.api[401] - before.api[401] == 0


async def test_a_revocation_at_the_provider_is_reauth_required_and_a_reauth_brings_it_back(setting: Setting) -> None:
    account = await connect(setting, "gina")
    setting.provider.revoke_all()

    async with open_app(setting.settings, real_world()) as app:
        key = AccountKey(LOCAL_TENANT, account["id"])
        refused = await app.executor.execute_tool(key, f"{NAME}_search_contacts", {})
    assert isinstance(refused, ReauthRequired)

    process = setting.command.start("reauth", "gina", "--no-browser", "--json")
    redirect = await approve(asked(process)["paste_back_url"], "gina")
    process.stdin.write(redirect + "\n")
    printed, told = process.communicate(timeout=60)
    assert process.returncode == 0, told
    assert (json.loads(printed)["id"], json.loads(printed)["state"]) == (account["id"], "active")


async def test_revoke_ends_the_grant_at_the_provider(setting: Setting) -> None:
    await connect(setting, "hugo")

    revoked = setting.command.run("revoke", "hugo", "--json")

    assert revoked.returncode == 0, revoked.stderr
    assert json.loads(revoked.stdout)["revoked_at_provider"] is True


async def grants_of(setting: Setting) -> list[Grant]:
    async with open_app(setting.settings, real_world()) as app:
        accounts = app.accounts.all(LOCAL_TENANT)
        return [held.grant for account in accounts for held in app.desk.grants.of_account(account.key)]


async def answered(setting: Setting, url: str, **form: str) -> dict[str, object]:
    """What the server says to its client."""
    who = (setting.provider.client_id, setting.provider.client_secret)
    async with httpx2.AsyncClient(trust_env=False) as http:
        said: dict[str, object] = (await http.post(url, data=form, auth=who)).json()
        return said


async def living(setting: Setting, grants: list[Grant]) -> list[object]:
    """What introspection says of each token: an access and a refresh token for each grant."""
    tokens = [token for grant in grants for token in (grant.access_token, grant.refresh_token) if token]
    url = setting.provider.introspection_endpoint
    return [(await answered(setting, url, token=token.reveal()))["active"] for token in tokens]


async def test_after_a_panic_every_token_is_dead_there(tmp_path: Path) -> None:
    with at_provider(tmp_path, life_s=600) as setting:
        for person in ("ida", "jan"):
            await connect(setting, person)
        grants = await grants_of(setting)
        assert await living(setting, grants) == [True] * 4

        done = setting.command.run("revoke", "--all", "--at-provider", "--yes", "--json")

        assert done.returncode == 0, done.stdout
        assert json.loads(done.stdout)["ok"] == 2
        assert await living(setting, grants) == [False] * 4
        for token in (grant.refresh_token for grant in grants if grant.refresh_token):
            form = {"grant_type": "refresh_token", "refresh_token": token.reveal()}
            assert (await answered(setting, setting.provider.token_endpoint, **form))["error"] == "invalid_grant"
        assert await grants_of(setting) == []
