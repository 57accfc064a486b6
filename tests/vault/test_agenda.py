"""The agenda: what is due is found in its order, put off and brought forward; nothing else of a grant changes."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.vault.samples import DUE, START, account, death, grant

from evergrant.model.account import GrantKey
from evergrant.vault.accounts import Accounts
from evergrant.vault.agenda import Agenda, Due
from evergrant.vault.grants import Grants, Held
from evergrant.vault.vault import Vault

pytestmark = pytest.mark.anyio
KEY = account().grant_key
AGAIN = DUE + timedelta(minutes=5)
WANTED = [("tnt_a", "conn_2"), ("tnt_b", "conn_3"), ("tnt_b", "conn_1")]


@pytest.fixture
def agenda(vault: Vault) -> Agenda:
    return Agenda(vault.database)


@pytest.fixture
async def first(grants: Grants) -> Held:
    await grants.connect(account(), grant())
    return loaded(grants)


def loaded(grants: Grants) -> Held:
    held = grants.load(KEY)
    assert held is not None
    return held


async def test_an_account_that_is_due_can_be_put_off_and_nothing_else_changes(
    grants: Grants, agenda: Agenda, first: Held
) -> None:
    before = loaded(grants)
    await agenda.put_off(KEY, DUE, AGAIN)
    assert loaded(grants) == replace(before, grant=replace(before.grant, refresh_at=AGAIN))


async def test_an_account_that_is_not_due_is_not_put_off(grants: Grants, agenda: Agenda, first: Held) -> None:
    before = loaded(grants)
    await agenda.put_off(KEY, DUE - timedelta(microseconds=1), AGAIN)
    assert loaded(grants) == before


async def test_an_account_that_is_never_due_is_not_put_off(grants: Grants, agenda: Agenda, first: Held) -> None:
    await grants.bury(first, "revoked", death(account()))
    await agenda.put_off(KEY, AGAIN, AGAIN)
    assert loaded(grants).grant.refresh_at is None


async def test_an_account_that_is_gone_is_not_put_off(
    grants: Grants, agenda: Agenda, first: Held, accounts: Accounts
) -> None:
    await accounts.remove(account().key)
    await agenda.put_off(KEY, DUE, AGAIN)
    assert agenda.next_due() is None


async def test_due_gives_the_longest_due_of_all_tenants_first_and_no_more_than_asked_for(
    grants: Grants, agenda: Agenda
) -> None:
    for number, minutes in ((1, 30), (2, 10), (3, 20), (4, 90)):
        tenant = f"tnt_{'ab'[number % 2]}"
        due = START + timedelta(minutes=minutes)
        await grants.connect(account(number, tenant_id=tenant), grant(refresh_at=due))
    await grants.connect(account(5), grant(refresh_at=None))
    now = START + timedelta(minutes=30)
    assert [each.key[:2] for each in agenda.due(now, 10)] == WANTED
    assert [each.key[:2] for each in agenda.due(now, 2)] == WANTED[:2]
    assert agenda.due(START, 10) == []
    assert agenda.next_due() == START + timedelta(minutes=10)
    assert agenda.next_due(now) == START + timedelta(minutes=90)


async def test_where_nothing_is_ever_due_there_is_no_next_time(grants: Grants, agenda: Agenda) -> None:
    await grants.connect(account(), grant(refresh_at=None))
    assert agenda.next_due() is None


async def test_what_is_due_is_read_page_by_page_even_where_many_are_due_at_one_moment(
    grants: Grants, agenda: Agenda
) -> None:
    for number in range(1, 8):
        await grants.connect(
            account(number), grant(refresh_at=START if number < 6 else DUE), further={"person": grant()}
        )
    whole, pages = agenda.due(DUE, 100), list[Due]()
    while page := agenda.due(DUE, 3, pages[-1].cursor if pages else None):
        pages += page

    assert pages == whole
    assert len(whole) == 14
    assert {each.key.credential for each in whole} == {"default", "person"}
    assert (whole[0].connector, whole[0].connection_id) == ("sandbox", "client_1")


async def test_what_failed_is_brought_forward_for_one_connection(grants: Grants, agenda: Agenda) -> None:
    for number in (1, 2):
        await grants.connect(account(number), grant())
        if number == 1:
            held, _ = await grants.begin(account(number).grant_key, START, lambda _: True)
            assert held is not None
            await grants.fail(held, "http_503", AGAIN, may_be_spent=False)

    await agenda.bring_forward("tnt_a", "client_other", START)
    assert agenda.due(START, 10) == []
    await agenda.bring_forward("tnt_a", "client_1", START)

    assert [each.key for each in agenda.due(START, 10)] == [KEY]


async def test_a_grant_from_the_future_is_due_now(grants: Grants, agenda: Agenda) -> None:
    await grants.connect(account(), grant())
    before = START - timedelta(hours=1)

    await agenda.distrust_the_future(START)
    assert agenda.next_due() == DUE
    await agenda.distrust_the_future(before)

    assert agenda.next_due() == before
    assert not loaded(grants).grant.usable(before)
    assert [each.key for each in agenda.due(before, 10)] == [GrantKey("tnt_a", "conn_1")]
