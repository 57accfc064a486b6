"""`/v1/tenants`: who may see to them, what each has for itself, and what is left of one that is removed."""

from collections.abc import AsyncGenerator, Awaitable, Callable

import httpx2
import pytest
from tests.entry.api.tenancy import CLIENT, House, house
from tests.fakes.consent import approve
from tests.fakes.practice import Practice
from tests.fakes.tenant_statements import sent_statements, unbound
from tests.vault.test_tenants import rows_of

from evergrant.model.account import ConnectedAccount
from evergrant.oauth.flow import parse_redirect
from evergrant.settings import LOCAL_TENANT
from evergrant.vault.connections import Connections
from evergrant.vault.idempotency import KeptAnswers

pytestmark = pytest.mark.anyio
READ = "sandbox_search_contacts"


@pytest.fixture
async def site(world: Practice) -> AsyncGenerator[House, None]:
    async with house(world) as made:
        yield made


@pytest.fixture
async def acme(site: House) -> AsyncGenerator[httpx2.AsyncClient, None]:
    """The operator of a tenant that has an OAuth client."""
    async with await site.tenant("tnt_acme") as made:
        assert (await made.post("/v1/connections", json=CLIENT)).status_code == 201
        yield made


async def connected(site: House, tenant_id: str, alias: str, user: str) -> ConnectedAccount:
    app = site.world.app
    begun = await app.connect.begin(tenant_id, "sandbox", alias, {"origin": site.world.url})
    return await app.consent.finish(parse_redirect(await approve(begun.url, user)))


async def test_whoever_runs_the_vault_makes_lists_changes_and_removes_tenants(site: House) -> None:
    made = await site.operator.post("/v1/tenants", json={"name": " Acme Ltd "})
    tenant_id = made.json()["id"]
    limit = {"requests_per_second": 2.5, "burst": 10}
    changed = await site.operator.patch(f"/v1/tenants/{tenant_id}", json={"limit": limit})
    renamed = await site.operator.patch(f"/v1/tenants/{tenant_id}", json={"name": "Acme"})
    looked = (await site.operator.get(f"/v1/tenants/{tenant_id}")).json()
    unlimited = await site.operator.patch(f"/v1/tenants/{tenant_id}", json={"limit": None})
    listed = (await site.operator.get("/v1/tenants")).json()["tenants"]
    removed = await site.operator.delete(f"/v1/tenants/{tenant_id}")

    assert (made.status_code, made.json()["name"], made.json()["limit"]) == (201, "Acme Ltd", None)
    assert tenant_id.startswith("tnt_")
    assert changed.json()["limit"] == renamed.json()["limit"] == limit
    assert (looked["name"], looked["accounts"], looked["keys"]) == ("Acme", 0, 0)
    assert unlimited.json()["limit"] is None
    assert {each["id"] for each in listed} == {LOCAL_TENANT, tenant_id}
    assert removed.json() == {"removed": tenant_id, "accounts": []}
    assert (await site.operator.get(f"/v1/tenants/{tenant_id}")).status_code == 404


async def test_tenants_are_listed_a_page_at_a_time(site: House) -> None:
    for number in range(4):
        await site.operator.post("/v1/tenants", json={"name": "x", "id": f"a{number}"})
    first = (await site.operator.get("/v1/tenants?limit=3")).json()
    second = (await site.operator.get("/v1/tenants", params={"limit": 3, "cursor": first["next_cursor"]})).json()

    assert [each["id"] for each in first["tenants"]] == ["a0", "a1", "a2"]
    assert ([each["id"] for each in second["tenants"]], second["next_cursor"]) == (["a3", LOCAL_TENANT], None)


@pytest.mark.parametrize(
    "wish",
    [
        {"name": ""},
        {"name": "x" * 201},
        {"name": "a\nb"},
        {"name": "x", "id": LOCAL_TENANT},
        {"name": "x", "id": "../x"},
        {"name": "x", "id": "-x"},
        {"name": "x", "limit": {"requests_per_second": 0, "burst": 1}},
        {"name": "x", "limit": {"requests_per_second": 1}},
    ],
)
async def test_what_can_be_no_tenant_is_refused(site: House, wish: dict[str, object]) -> None:
    assert (await site.operator.post("/v1/tenants", json=wish)).status_code == 400


async def test_no_key_of_a_tenant_sees_to_tenants_not_even_one_of_the_vaults_own(site: House) -> None:
    for tenant_id in ("tnt_acme", LOCAL_TENANT):
        async with await site.tenant(tenant_id) as operator:
            for method, path in (
                ("GET", "/v1/tenants"),
                ("POST", "/v1/tenants"),
                ("GET", f"/v1/tenants/{tenant_id}"),
                ("PATCH", f"/v1/tenants/{tenant_id}"),
                ("DELETE", f"/v1/tenants/{tenant_id}"),
                ("POST", f"/v1/tenants/{tenant_id}/keys"),
                ("DELETE", "/v1/tenants/tnt_none"),
            ):
                refused = await operator.request(method, path)
                assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")


async def test_what_is_another_tenants_answers_as_what_does_not_exist(site: House, acme: httpx2.AsyncClient) -> None:
    theirs = await connected(site, "tnt_acme", "theirs", "anna")
    (client,) = (await acme.get("/v1/connections")).json()["connections"]
    asked: dict[str, object] = {"tool_name": READ, "tool_input": {}}
    async with await site.tenant("tnt_globex") as globex:
        for method, path, body in (
            ("GET", "/v1/accounts/{}", None),
            ("PATCH", "/v1/accounts/{}", {"paused": True}),
            ("DELETE", "/v1/accounts/{}", None),
            ("GET", "/v1/connections/{}", None),
            ("DELETE", "/v1/connections/{}", None),
            ("GET", "/v1/tools?connected_account_id={}", None),
        ):
            foreign = client["id"] if "connections" in path else theirs.id
            answers = [await globex.request(method, path.format(name), json=body) for name in (foreign, "conn_none")]
            assert [answer.status_code for answer in answers] == [404, 404], (method, path)
            assert answers[0].content == answers[1].content
        for name in (theirs.id, "theirs"):
            executed = await globex.post("/v1/execute", json={"connected_account_id": name, **asked})
            assert executed.status_code == 404
        assert (await globex.get("/v1/accounts")).json()["accounts"] == []
        assert (await globex.get("/v1/connections")).json()["connections"] == []
    assert (await acme.get("/v1/accounts/theirs")).json()["paused"] is False


async def test_whatever_a_tenant_asks_no_query_names_another_and_none_names_nobody(
    site: House, acme: httpx2.AsyncClient
) -> None:
    await connected(site, "tnt_acme", "theirs", "anna")
    asked: dict[str, object] = {"connected_account_id": "theirs", "tool_name": READ, "tool_input": {}}
    links = {"connector": "sandbox", "values": {"origin": site.world.url}}
    with sent_statements() as sent:
        answers = [
            await acme.request(method, path, json=body)
            for method, path, body in (
                ("GET", "/v1/accounts?query=x", None),
                ("GET", "/v1/accounts/theirs", None),
                ("PATCH", "/v1/accounts/theirs", {"alias": "ours"}),
                ("PATCH", "/v1/accounts/ours", {"alias": "theirs", "paused": False}),
                ("POST", "/v1/execute", asked),
                ("GET", "/v1/tools?connected_account_id=theirs", None),
                ("GET", "/v1/tools/search?query=row", None),
                ("GET", "/v1/connections", None),
                ("GET", "/v1/connectors", None),
                ("POST", "/v1/links", links),
                ("GET", "/v1/calls?all=true", None),
                ("GET", "/v1/events", None),
                ("GET", "/v1/keys", None),
                ("GET", "/v1/webhook_endpoints", None),
                ("DELETE", "/v1/accounts/theirs", None),
            )
        ]

    assert {answer.status_code for answer in answers} <= {200, 201}
    assert len(sent) > 40
    assert {tenant_id for each in sent for tenant_id in each.tenants} == {"tnt_acme"}
    # Who bears a key is found by its digest, and that says which tenant he is of. The others are in
    # tests/vault/test_transactions.py, with why.
    assert {each.text for each in sent if unbound(each.text) and "api_key.digest = ?" not in each.text} == set()


async def test_a_tenant_without_an_oauth_client_is_given_nobody_elses(site: House) -> None:
    await connected(site, LOCAL_TENANT, "own", "anna")
    async with await site.tenant("tnt_globex") as globex:
        told = await globex.post("/v1/links", json={"connector": "sandbox", "values": {"origin": site.world.url}})
        seen = {each["name"]: each for each in (await globex.get("/v1/connectors")).json()["connectors"]}
        executed = await globex.post(
            "/v1/execute", json={"connected_account_id": "own", "tool_name": READ, "tool_input": {"query": ""}}
        )

    assert (told.status_code, told.json()["code"]) == (400, "cannot_connect")
    assert seen["sandbox"]["has_client"] is False
    assert executed.status_code == 404


async def test_a_tenant_that_has_something_is_removed_only_with_all_of_it(
    site: House, acme: httpx2.AsyncClient
) -> None:
    account = await connected(site, "tnt_acme", "theirs", "anna")
    kept = await site.world.connect("own", "ben")
    site.world.sandbox.revoke(user="anna")
    await acme.post(
        "/v1/execute", json={"connected_account_id": "theirs", "tool_name": READ, "tool_input": {"query": "x"}}
    )
    refused = await site.operator.delete("/v1/tenants/tnt_acme")
    had = rows_of(site.world.app.vault.database, "tnt_acme")
    removed = await site.operator.delete("/v1/tenants/tnt_acme?purge=true")

    assert (refused.status_code, refused.json()["code"]) == (409, "cannot_remove")
    assert {"connected_account", "held_call", "event", "data_key", "api_key"} <= had.keys()
    assert [each["connected_account_id"] for each in removed.json()["accounts"]] == [account.id]
    assert rows_of(site.world.app.vault.database, "tnt_acme") == {}
    assert (await acme.get("/v1/accounts")).status_code == 401
    assert site.world.app.accounts.get(kept.key) == kept


async def test_the_accounts_of_a_removed_tenant_are_revoked_at_their_provider(
    site: House, acme: httpx2.AsyncClient
) -> None:
    await connected(site, "tnt_acme", "theirs", "anna")
    removed = await site.operator.delete("/v1/tenants/tnt_acme?purge=true")

    assert [each["revoked_at_provider"] for each in removed.json()["accounts"]] == [True]
    assert site.world.sandbox.count.revocations == 1


async def test_the_vaults_own_tenant_is_never_removed(site: House) -> None:
    kept = await site.world.connect("own", "ben")
    refused = await site.operator.delete(f"/v1/tenants/{LOCAL_TENANT}?purge=true")

    assert (refused.status_code, refused.json()["code"]) == (409, "cannot_remove")
    assert site.world.app.accounts.get(kept.key) == kept


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "once"}])
async def test_a_request_that_a_purge_overtakes_is_refused_and_stores_nothing(
    site: House, acme: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str]
) -> None:
    store = KeptAnswers if headers else Connections
    name = "begin" if headers else "put"
    written: Callable[..., Awaitable[object]] = getattr(store, name)

    async def overtaken(*given: object) -> object:
        await site.operator.delete("/v1/tenants/tnt_acme?purge=true")
        return await written(*given)

    monkeypatch.setattr(store, name, overtaken)
    refused = await acme.post("/v1/connections", json=CLIENT, headers=headers)

    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    assert rows_of(site.world.app.vault.database, "tnt_acme") == {}


async def test_while_a_tenant_is_being_removed_nobody_comes_in_for_it(site: House, acme: httpx2.AsyncClient) -> None:
    await site.world.app.tenant_desk.tenants.begin_end("tnt_acme")
    refused = await site.operator.post("/v1/tenants/tnt_acme/keys", json={"name": "late"})

    assert (refused.status_code, refused.json()["code"]) == (409, "being_removed")
    assert (await acme.get("/v1/accounts")).status_code == 401
    assert site.world.app.tenant_desk.serves("tnt_acme") is False
    assert (await site.operator.delete("/v1/tenants/tnt_acme?purge=true")).status_code == 200
