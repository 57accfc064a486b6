"""`Idempotency-Key`: what is sent twice is done once, and both are told the same."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from datetime import timedelta

import httpx2
import pytest
from sqlmodel import Session, select
from tests.fakes.practice import Practice
from tests.fakes.receiver import receiving
from tests.fakes.reconnect import reconnect
from tests.fakes.tenants import settled

from evergrant.entry.api.idempotency_key import REPLAYED
from evergrant.model.account import ConnectedAccount
from evergrant.sandbox.faults import Fault, FaultKind
from evergrant.service.api_keys import Wish
from evergrant.service.held import LARGEST_INPUT
from evergrant.service.idempotency import AnswerLost, Keyed, KeyReused, Once, UnderWay
from evergrant.settings import LOCAL_TENANT
from evergrant.store.database import Database
from evergrant.store.process_mark import ProcessMark
from evergrant.store.tables import DataKeyRow, KeptAnswerRow
from evergrant.vault.idempotency import KeptAnswer, KeptAnswers

pytestmark = pytest.mark.anyio
KEY = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}
KEYED = Keyed("tnt_a", "local", "POST /v1/x", "k", b"{}")
ANSWER = KeptAnswer(201, "application/json", '{"id":1}')


@pytest.fixture
async def account(world: Practice) -> ConnectedAccount:
    return await world.connect()


def row(*cells: str) -> dict[str, object]:
    return {"connected_account_id": "acme", "tool_name": "sandbox_append_row", "tool_input": {"row": cells}}


def kept(world: Practice) -> list[KeptAnswerRow]:
    return world.app.vault.database.read(lambda session: list(session.exec(select(KeptAnswerRow)).all()))


async def test_a_write_that_is_sent_twice_is_done_once(
    world: Practice, account: ConnectedAccount, client: httpx2.AsyncClient
) -> None:
    first, second = [await client.post("/v1/execute", json=row("a"), headers=KEY) for _ in range(2)]

    assert (first.status_code, first.json()["data"]) == (200, {"number": 1, "row": ["a"]})
    assert (second.status_code, second.content) == (200, first.content)
    assert second.headers["Content-Type"] == first.headers["Content-Type"]
    assert (first.headers.get(REPLAYED), second.headers[REPLAYED]) == (None, "true")
    assert len(world.sandbox.book("anna").rows) == 1


async def test_a_read_is_made_again_and_writes_nothing(
    world: Practice, account: ConnectedAccount, client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes: list[object] = []
    write = Database.write_now

    def counted(self: Database, work: Callable[[Session], object]) -> object:
        writes.append(work)
        return write(self, work)

    monkeypatch.setattr(Database, "write_now", counted)
    read = {"connected_account_id": "acme", "tool_name": "sandbox_search_contacts"}
    answers = [await client.post("/v1/execute", json=read, headers=KEY) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert not any(REPLAYED in answer.headers for answer in answers)
    assert writes == []
    assert (await client.post("/v1/execute", json=row("a"), headers=KEY)).status_code == 200
    assert len(writes) > 0


async def test_a_key_that_is_none_is_refused_of_a_read_too(client: httpx2.AsyncClient) -> None:
    read = {"connected_account_id": "acme", "tool_name": "sandbox_search_contacts"}
    refused = await client.post("/v1/execute", json=read, headers={"Idempotency-Key": "a b"})
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_idempotency_key")


async def test_without_a_key_or_with_another_it_is_done_again(
    world: Practice, account: ConnectedAccount, client: httpx2.AsyncClient
) -> None:
    for headers in ({}, {}, KEY, {"Idempotency-Key": '"another"'}, {"Idempotency-Key": "another"}):
        assert (await client.post("/v1/execute", json=row("a"), headers=headers)).status_code == 200
    assert len(world.sandbox.book("anna").rows) == 4  # quoted or not, the last two are one key


async def test_another_request_under_the_key_is_refused(
    world: Practice, account: ConnectedAccount, client: httpx2.AsyncClient
) -> None:
    await client.post("/v1/execute", json=row("a"), headers=KEY)

    refused = await client.post("/v1/execute", json=row("b"), headers=KEY)

    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")
    assert len(world.sandbox.book("anna").rows) == 1


async def test_a_key_counts_for_its_sender_and_its_address_only(
    world: Practice, account: ConnectedAccount, client: httpx2.AsyncClient
) -> None:
    _, other = await world.app.key_desk.make(LOCAL_TENANT, Wish("another agent"))
    theirs = {**KEY, "Authorization": f"Bearer {other.reveal()}"}

    for headers in (KEY, theirs, KEY, theirs):
        assert (await client.post("/v1/execute", json=row("a"), headers=headers)).status_code == 200
    elsewhere = await client.post("/v1/keys", json={"name": "x"}, headers=KEY)

    assert elsewhere.status_code == 201
    assert len(world.sandbox.book("anna").rows) == 2


async def test_a_secret_that_is_told_once_is_told_to_whoever_asks_again_and_lies_sealed(
    world: Practice, client: httpx2.AsyncClient
) -> None:
    with receiving() as receiver:
        asked = (("/v1/keys", {"name": "x"}), ("/v1/webhook_endpoints", {"url": receiver.url}))
        answers = [[await client.post(path, json=body, headers=KEY) for _ in range(2)] for path, body in asked]

    for first, second in answers:
        assert (first.status_code, first.content) == (second.status_code, second.content)
    (made,) = world.app.key_desk.keys.all(LOCAL_TENANT)
    secrets = [answers[0][0].json()["key"], answers[1][0].json()["secret"]]
    assert world.app.key_desk.bearer(secrets[0]) == made.principal("confirm_destructive")
    files = b"".join(file.read_bytes() for file in world.app.vault.file.parent.glob("vault.db*"))
    assert not any(secret.encode() in files for secret in [*secrets, KEY["Idempotency-Key"]])


@pytest.fixture
def permit() -> tuple[str, ...]:
    return ("127.0.0.1",)


async def test_a_request_that_was_refused_frees_its_key(world: Practice, client: httpx2.AsyncClient) -> None:
    wrong = await client.post("/v1/keys", json={"name": ""}, headers=KEY)
    mended = await client.post("/v1/keys", json={"name": "x"}, headers=KEY)
    assert (wrong.status_code, mended.status_code) == (400, 201)


async def test_a_call_that_was_not_sent_is_made_under_its_key_once_what_hindered_it_is_mended(
    world: Practice, client: httpx2.AsyncClient
) -> None:
    unknown = await client.post("/v1/execute", json=row("a"), headers=KEY)
    account = await world.connect()
    await world.app.desk.pause(account.key, paused=True)
    paused = await client.post("/v1/execute", json=row("a"), headers=KEY)
    await world.app.desk.pause(account.key, paused=False)
    done, again = [await client.post("/v1/execute", json=row("a"), headers=KEY) for _ in range(2)]

    codes = [answer.json()["code"] for answer in (unknown, paused)]
    assert (codes, done.status_code, again.content) == (["not_found", "account_paused"], 200, done.content)
    assert len(world.sandbox.book("anna").rows) == 1


async def test_a_call_that_could_not_be_kept_is_made_under_its_key_after_the_reconnect(
    world: Practice, account: ConnectedAccount, client: httpx2.AsyncClient
) -> None:
    world.sandbox.revoke()
    long = row("x" * (LARGEST_INPUT + 1))
    dead = await client.post("/v1/execute", json=long, headers=KEY)
    await reconnect(world.app, account)
    done = await client.post("/v1/execute", json=long, headers=KEY)

    assert (dead.json()["code"], "call_id" in dead.json()) == ("reauth_required", False)
    assert done.status_code == 200


async def test_a_write_of_unclear_end_is_not_made_again(
    world: Practice, account: ConnectedAccount, client: httpx2.AsyncClient
) -> None:
    world.sandbox.faults.add(Fault(kind=FaultKind.DROP_RESPONSE, where="api", times=1))

    first, second = [await client.post("/v1/execute", json=row("a"), headers=KEY) for _ in range(2)]

    assert (first.status_code, first.json()["retryable"]) == (502, False)
    assert (second.status_code, second.content) == (502, first.content)
    assert len(world.sandbox.book("anna").rows) == 1


async def test_where_the_provider_takes_a_key_it_is_made_again_under_the_same_one(
    world: Practice, account: ConnectedAccount, client: httpx2.AsyncClient
) -> None:
    make = {"connected_account_id": "acme", "tool_name": "sandbox_create_contact", "tool_input": {"name": "Zoe Zeno"}}
    world.sandbox.faults.add(Fault(kind=FaultKind.DROP_RESPONSE, where="api", times=1))

    first, second, third = [await client.post("/v1/execute", json=make, headers=KEY) for _ in range(3)]

    assert (first.status_code, first.json()["retryable"]) == (502, True)
    assert (second.status_code, third.content) == (200, second.content)
    assert len(world.sandbox.book("anna").search("Zoe Zeno", 10, "").results) == 1


async def test_a_kept_call_is_kept_once(world: Practice, account: ConnectedAccount, client: httpx2.AsyncClient) -> None:
    world.sandbox.revoke(user="anna")

    first, second = [await client.post("/v1/execute", json=row("a"), headers=KEY) for _ in range(2)]

    assert (first.status_code, first.json()["call_id"]) == (409, second.json()["call_id"])
    assert len(world.app.held_calls.listed(LOCAL_TENANT)) == 1


async def test_two_at_once_are_one_and_a_conflict(
    world: Practice, account: ConnectedAccount, client: httpx2.AsyncClient
) -> None:
    answers = await asyncio.gather(*(client.post("/v1/execute", json=row("a"), headers=KEY) for _ in range(5)))

    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"request_under_way"}
    assert len(world.sandbox.book("anna").rows) == 1


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, '"x', 'a"b', "ü", "a\x7f"])
async def test_a_key_that_is_none_is_refused(client: httpx2.AsyncClient, key: str) -> None:
    refused = await client.post("/v1/keys", json={"name": "x"}, headers={b"Idempotency-Key": key.encode()})
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_idempotency_key")


async def test_two_keys_are_refused(client: httpx2.AsyncClient) -> None:
    both = [*client.headers.items(), ("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    assert (await client.post("/v1/keys", json={"name": "x"}, headers=both)).status_code == 400


async def test_after_a_day_the_key_is_free_and_nothing_is_left(
    world: Practice, account: ConnectedAccount, client: httpx2.AsyncClient
) -> None:
    await client.post("/v1/execute", json=row("a"), headers=KEY)
    owner = kept(world)[0].id

    world.clock.advance(timedelta(hours=24).total_seconds())
    await world.app.once.answers.prune(world.clock.now())

    assert kept(world) == []
    assert _data_key(world, owner) is None
    assert (await client.post("/v1/execute", json=row("b"), headers=KEY)).status_code == 200


async def test_answers_go_with_the_account_and_what_came_before_is_not_done_again(
    world: Practice, account: ConnectedAccount, client: httpx2.AsyncClient
) -> None:
    await client.post("/v1/execute", json=row("a"), headers=KEY)

    await world.app.desk.remove(account, at_provider=False)

    (left,) = kept(world)
    assert (left.request, left.answer, _data_key(world, left.id)) == (None, None, None)
    for cells in ("a", "b"):
        refused = await client.post("/v1/execute", json=row(cells), headers=KEY)
        assert (refused.status_code, refused.json()["code"]) == (409, "outcome_unknown")


def _data_key(world: Practice, owner: str) -> DataKeyRow | None:
    def work(session: Session) -> DataKeyRow | None:
        return session.get(DataKeyRow, (LOCAL_TENANT, owner))

    return world.app.vault.database.read(work)


async def nothing_done() -> KeptAnswer | None:
    raise AssertionError("it was done again")


async def done() -> KeptAnswer | None:
    return ANSWER


@pytest.fixture
async def processes(world: Practice) -> AsyncGenerator[tuple[Once, Once]]:
    """Two processes on one vault, each with its own connection and its own mark."""
    vault = world.app.vault
    database = Database(vault.file)
    marks = [ProcessMark(vault.folder / "locks") for _ in range(2)]
    settled(vault)
    first = Once(KeptAnswers(vault.database, vault.data_keys), marks[0], world.clock)
    second = Once(KeptAnswers(database, vault.data_keys), marks[1], world.clock)
    yield first, second
    for mark in marks:
        mark.close()
    database.close()


async def test_what_one_process_did_another_does_not_do_again(processes: tuple[Once, Once]) -> None:
    first, second = processes
    assert await first.answer(KEYED, done) is None

    assert await second.answer(KEYED, nothing_done) == ANSWER
    with pytest.raises(KeyReused):
        await second.answer(Keyed("tnt_a", "local", "POST /v1/x", "k", b"[]"), nothing_done)
    with pytest.raises(AssertionError):
        await second.answer(Keyed("tnt_b", "local", "POST /v1/x", "k", b"{}"), nothing_done)


async def test_while_one_process_does_it_another_says_so(processes: tuple[Once, Once]) -> None:
    first, second = processes
    refused: list[type[Exception]] = []

    async def slow() -> KeptAnswer | None:
        for once in processes:
            with pytest.raises(UnderWay) as caught:
                await once.answer(KEYED, nothing_done)
            refused.append(caught.type)
        return ANSWER

    assert await first.answer(KEYED, slow) is None
    assert refused == [UnderWay, UnderWay]
    assert await second.answer(KEYED, nothing_done) == ANSWER


async def test_what_a_process_died_at_is_never_done_again(processes: tuple[Once, Once]) -> None:
    first, _ = processes

    async def dies() -> KeptAnswer | None:
        first.process.close()
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await first.answer(KEYED, dies)

    for once in processes:
        with pytest.raises(AnswerLost):
            await once.answer(KEYED, nothing_done)


async def test_what_failed_unforeseen_is_never_done_again(
    world: Practice, client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(type(world.app.key_desk), "make", fails)
    first, second = [await client.post("/v1/keys", json={"name": "x"}, headers=KEY) for _ in range(2)]

    assert (first.status_code, second.status_code, second.json()["code"]) == (500, 409, "outcome_unknown")


def test_a_provider_gets_the_same_key_for_the_same_request_and_no_other() -> None:
    keys = {
        each.for_provider
        for each in (
            KEYED,
            Keyed("tnt_a", "local", "POST /v1/x", "k", b"{}"),
            Keyed("tnt_b", "local", "POST /v1/x", "k", b"{}"),
            Keyed("tnt_a", "key_1", "POST /v1/x", "k", b"{}"),
            Keyed("tnt_a", "local", "POST /v1/x", "k", b"[]"),
        )
    }
    assert len(keys) == 4
