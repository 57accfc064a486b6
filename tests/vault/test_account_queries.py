"""Look-ups of a tenant's accounts: what they find, and that they go by an index and no further than they must."""

from dataclasses import replace

import pytest
from sqlalchemy.dialects import sqlite
from sqlmodel import Session
from tests.fakes.steps import counted
from tests.vault.samples import account

from evergrant.vault.account_queries import Ids, Query, connectors_of, of_connector
from evergrant.vault.accounts import Accounts, account_row
from evergrant.vault.vault import Vault

CONNECTORS = ("asana", "gmail", "zoom")


def fill(vault: Vault, begin: int, end: int) -> None:
    def work(session: Session) -> None:
        for number in range(begin, end):
            connector = CONNECTORS[number % len(CONNECTORS)]
            session.add(account_row(replace(account(number), id=f"conn_{number:05}", connector=connector)))
        if begin == 0:
            session.add(account_row(replace(account(1, tenant_id="tnt_b"), connector="hubspot")))

    vault.database.write_now(work)


@pytest.fixture
def dozen(vault: Vault, accounts: Accounts) -> Accounts:
    """Twelve accounts of three connectors, and another tenant's."""
    fill(vault, 0, 12)
    return accounts


def seen(*numbers: int) -> frozenset[str]:
    return frozenset(f"conn_{number:05}" for number in numbers)


@pytest.mark.parametrize(
    ("tenant_id", "ids", "found"),
    [
        ("tnt_a", None, CONNECTORS),
        ("tnt_b", None, ("hubspot",)),
        ("tnt_c", None, ()),
        ("tnt_a", seen(0, 3, 2), ("asana", "zoom")),
        ("tnt_a", frozenset[str](), ()),
        ("tnt_b", seen(0), ()),
    ],
)
def test_the_connectors_are_those_of_the_accounts_that_may_be_seen(
    dozen: Accounts, tenant_id: str, ids: Ids, found: tuple[str, ...]
) -> None:
    assert dozen.connectors(tenant_id, ids) == found


def test_of_each_connector_the_oldest_are_given(dozen: Accounts) -> None:
    found = dozen.some("tnt_a", ["gmail", "zoom", "hubspot"], 2, seen(1, 2, 4, 5, 7, 8))

    assert {name: [each.id for each in each_] for name, each_ in found.items()} == {
        "gmail": ["conn_00001", "conn_00004"],
        "zoom": ["conn_00002", "conn_00005"],
        "hubspot": [],
    }


@pytest.mark.parametrize(
    ("query", "ids", "found"),
    [
        (None, None, ("conn_00000", 12, 12)),
        (None, seen(5, 6, 7), ("conn_00005", 3, 3)),
        ("GMAIL", None, ("conn_00001", 4, 12)),
        ("acme-11", None, ("conn_00011", 1, 12)),
        ("_", None, ("conn_00000", 12, 12)),
        ("%", None, (None, 0, 12)),
        ("GMAIL", seen(0, 2), (None, 0, 2)),
    ],
)
def test_accounts_are_found_by_a_text_and_counted(
    dozen: Accounts, query: str | None, ids: Ids, found: tuple[str | None, int, int]
) -> None:
    first, matching, there = dozen.matching("tnt_a", query, 2, ids)

    assert (first[0].id if first else None, matching, there) == found
    assert len(first) == min(2, matching)


def test_letters_beyond_ascii_have_cases_too(vault: Vault, accounts: Accounts) -> None:
    row = account_row(replace(account(1), label="Ärzte Straße"))
    vault.database.write_now(lambda session: session.add(row))

    assert [accounts.matching("tnt_a", text, 1).matching for text in ("ärzte", "STRASSE", "arzte")] == [1, 1, 0]


def test_more_accounts_cost_no_more_steps(vault: Vault, dozen: Accounts) -> None:
    def cost() -> list[int]:
        costs = list[int]()
        with counted(vault.database) as steps:
            for ids in (None, seen(1, 2, 3)):
                dozen.connectors("tnt_a", ids)
                costs.append(steps.since())
                dozen.some("tnt_a", ["gmail", "zoom"], 2, ids)
                costs.append(steps.since())
        return costs

    few = cost()
    fill(vault, 12, 3000)

    assert all(few)
    assert cost() == few


@pytest.mark.parametrize("ids", [None, seen(1, 2)])
def test_every_look_up_goes_by_an_index(vault: Vault, dozen: Accounts, ids: Ids) -> None:
    for query in (connectors_of("tnt_a", ids), of_connector("tnt_a", "gmail", 2, ids)):
        reads = [step for step in plan(vault, query) if "connected_account" in step]
        assert reads
        assert all("USING" in step and "INDEX" in step and "tenant_id=?" in step for step in reads), reads


def plan(vault: Vault, query: Query) -> list[str]:
    whole = query.statement.params(query.values)
    text = whole.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})

    def work(session: Session) -> list[str]:
        return [row[3] for row in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {text}").all()]

    return vault.database.read(work)
