import pytest
from tests.fakes.clock import ManualClock
from tests.sandbox.agent import CLIENT_ID, Agent, bearer, error_in

from evergrant.sandbox.app import Sandbox
from evergrant.sandbox.behaviour import Behaviour

pytestmark = pytest.mark.anyio


@pytest.fixture
def token(sandbox: Sandbox) -> str:
    return str(sandbox.issue(CLIENT_ID, "anna")["access_token"])


async def test_me_tells_whose_token_it_is(agent: Agent, token: str) -> None:
    assert (await agent.call(token)).json() == {"sub": "usr_anna", "email": "anna@example.test", "name": "Anna"}


async def test_an_expired_token_is_refused_and_counted(agent: Agent, sandbox: Sandbox, clock: ManualClock) -> None:
    sandbox.set_behaviour(CLIENT_ID, Behaviour(access_token_ttl=10))
    token = str(sandbox.issue(CLIENT_ID, "anna")["access_token"])
    clock.advance(9)
    assert (await agent.call(token)).status_code == 200
    clock.advance(1)
    response = await agent.call(token)
    assert error_in(response) == (401, "invalid_token")
    assert response.headers["www-authenticate"].startswith('Bearer error="invalid_token"')
    assert (sandbox.count.api_ok, sandbox.count.api_expired_token) == (1, 1)


async def test_an_unknown_or_missing_token_is_refused_and_counted(agent: Agent, sandbox: Sandbox) -> None:
    assert error_in(await agent.call("sbx_at_unknown")) == (401, "invalid_token")
    assert (await agent.http.get("/crm/me")).status_code == 401
    assert sandbox.count.api_unknown_token == 2
    assert sandbox.count.by_client == {}


async def test_writing_needs_the_write_scope(agent: Agent, sandbox: Sandbox) -> None:
    token = str(sandbox.issue(CLIENT_ID, "anna", ("crm.read",))["access_token"])
    response = await agent.http.post("/crm/contacts", json={"name": "Eve"}, headers=bearer(token))
    assert error_in(response) == (403, "insufficient_scope")
    assert 'scope="crm.write"' in response.headers["www-authenticate"]
    assert sandbox.count.writes == 0


async def test_contacts_come_in_pages_until_the_cursor_ends(agent: Agent, token: str) -> None:
    seen: list[str] = []
    after = ""
    while True:
        page = (await agent.call(token, path=f"/crm/contacts?limit=10&after={after}")).json()
        seen += [contact["id"] for contact in page["results"]]
        if page["next"] is None:
            break
        after = page["next"]
    assert len(seen) == 24
    assert seen == sorted(set(seen))


async def test_a_search_looks_at_name_email_and_company(agent: Agent, token: str) -> None:
    for query in ("MAYA", "maya.lindqvist@northwind", "Lindq"):
        found = (await agent.call(token, path=f"/crm/contacts?query={query}")).json()
        assert [contact["name"] for contact in found["results"]] == ["Maya Lindqvist"]
    nothing = (await agent.call(token, path="/crm/contacts?query=nobody")).json()
    assert nothing == {"results": [], "next": None}


@pytest.mark.parametrize("limit", ["0", "101", "x", "-1"])
async def test_a_bad_limit_is_an_error(agent: Agent, token: str, limit: str) -> None:
    assert error_in(await agent.call(token, path=f"/crm/contacts?limit={limit}")) == (400, "invalid_request")


async def test_a_contact_is_created_read_changed_and_deleted(
    agent: Agent, sandbox: Sandbox, clock: ManualClock, token: str
) -> None:
    headers = bearer(token)
    made = await agent.http.post("/crm/contacts", json={"name": "Eve", "phone": "1"}, headers=headers)
    assert made.status_code == 201
    path = f"/crm/contacts/{made.json()['id']}"
    clock.advance(60)
    changed = (await agent.http.patch(path, json={"company": "Moon"}, headers=headers)).json()
    assert (changed["name"], changed["phone"], changed["company"]) == ("Eve", "1", "Moon")
    assert changed["updated_at"] > changed["created_at"]
    assert (await agent.call(token, path=path)).json() == changed
    assert (await agent.call(token, "DELETE", path)).status_code == 204
    assert error_in(await agent.call(token, path=path)) == (404, "not_found")
    assert error_in(await agent.call(token, "DELETE", path)) == (404, "not_found")
    assert sandbox.count.writes == 3


async def test_one_user_does_not_see_what_another_keeps(agent: Agent, sandbox: Sandbox, token: str) -> None:
    made = await agent.http.post("/crm/contacts", json={"name": "Eve"}, headers=bearer(token))
    ben = str(sandbox.issue(CLIENT_ID, "ben")["access_token"])
    assert (await agent.call(ben, path=f"/crm/contacts/{made.json()['id']}")).status_code == 404


async def test_an_idempotency_key_makes_one_contact(agent: Agent, sandbox: Sandbox, token: str) -> None:
    headers = {**bearer(token), "Idempotency-Key": "once"}
    made = await agent.http.post("/crm/contacts", json={"name": "Eve"}, headers=headers)
    again = await agent.http.post("/crm/contacts", json={"name": "Eve"}, headers=headers)
    other = await agent.http.post("/crm/contacts", json={"name": "Eva"}, headers=headers)
    assert again.json() == made.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert error_in(other) == (422, "idempotency_key_reused")
    assert sandbox.count.writes == 1


@pytest.mark.parametrize("body", ["{}", '{"name": ""}', '{"name": "Eve", "surname": "X"}', "{"])
async def test_a_malformed_contact_is_refused(agent: Agent, token: str, body: str) -> None:
    response = await agent.http.post("/crm/contacts", content=body, headers=bearer(token))
    assert error_in(response) == (400, "invalid_request")


async def test_rows_are_appended_in_order_and_every_time(agent: Agent, sandbox: Sandbox, token: str) -> None:
    for row in (["a", 1, True], ["a", 1, True], [None, 2.5]):
        response = await agent.http.post("/crm/rows", json={"row": row}, headers=bearer(token))
        assert response.status_code == 201
    stored = (await agent.call(token, path="/crm/rows")).json()
    assert stored == {"rows": [["a", 1, True], ["a", 1, True], [None, 2.5]]}
    assert sandbox.count.by_client[CLIENT_ID].writes == 3
    bad = await agent.http.post("/crm/rows", content='{"row": [NaN]}', headers=bearer(token))
    assert error_in(bad) == (400, "invalid_request")
