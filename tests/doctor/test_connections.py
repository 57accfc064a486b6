from collections.abc import Mapping
from dataclasses import replace

import pytest
from tests.doctor.samples import CONNECTION, levels, only, unknown_commands, vault

from evergrant.doctor.connections import connections, connectors
from evergrant.vault.overview import Overview


def test_connections_without_a_fault_are_in_order() -> None:
    assert levels(connections(vault())) == ["ok"]
    assert levels(connections(Overview())) == ["ok"]


def test_an_oauth_client_that_is_refused_is_added_again() -> None:
    found = only(connections(vault(connection=replace(CONNECTION, fault="invalid_client"))))

    assert found.level == "problem"
    assert "invalid_client" in found.what
    assert "evergrant connections add hubspot" in (found.what_to_do or "")
    assert unknown_commands(found.what_to_do or "") == []


def test_an_account_whose_oauth_client_is_gone_is_told() -> None:
    found = only(connections(vault(connection=None)))
    assert "'acme'" in found.what
    assert "evergrant connections add hubspot" in (found.what_to_do or "")


def test_an_oauth_client_that_nothing_uses_is_a_note() -> None:
    [found, _] = connections(Overview([CONNECTION], [], [], []))
    assert found.level == "note"
    assert unknown_commands(found.what_to_do or "") == []


@pytest.mark.parametrize(
    ("known", "faults", "level"),
    [
        ({"hubspot": 1, "slack": 1}, {}, "ok"),
        ({"hubspot": 1}, {"slack": ValueError("/own/slack.yaml:2: colour")}, "warning"),
        ({"slack": 1}, {"hubspot": ValueError("/own/hubspot.yaml:2: colour")}, "problem"),
        ({"slack": 1}, {}, "problem"),
    ],
)
def test_a_broken_or_missing_connector_matters_more_where_it_is_used(
    known: Mapping[str, int], faults: Mapping[str, Exception], level: str
) -> None:
    [found] = connectors(vault(), known, faults)

    assert found.level == level
    assert not faults or "yaml:2: colour" in found.what
    assert unknown_commands(found.what_to_do or "") == []
