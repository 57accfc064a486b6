from dataclasses import replace

import pytest
from tests.doctor.samples import levels, only, unknown_commands, vault
from tests.vault.samples import endpoint

from evergrant.doctor.webhooks import webhooks
from evergrant.model.endpoint import Endpoint
from evergrant.vault.overview import Overview


def seen(one: Endpoint) -> Overview:
    return replace(vault(), endpoints=[one])


def test_endpoints_that_take_events_are_in_order() -> None:
    assert levels(webhooks(vault())) == ["ok"]
    assert levels(webhooks(seen(replace(endpoint(), deliveries={"delivered": 3, "waiting": 1})))) == ["ok"]


@pytest.mark.parametrize(
    ("one", "level", "word", "advice"),
    [
        (
            replace(endpoint(), state="disabled", reason="the receiver answered 410 Gone", deliveries={"waiting": 2}),
            "problem",
            "410 Gone. 2 events wait",
            "evergrant webhooks enable wh_1",
        ),
        (
            replace(endpoint(), deliveries={"dead": 4}),
            "problem",
            "4 events were given up",
            "evergrant webhooks replay wh_1 --since 0 --dead",
        ),
        (
            replace(endpoint(), failures=3, last_error="http_500"),
            "warning",
            "http_500, 3 times",
            "evergrant webhooks test wh_1",
        ),
    ],
)
def test_what_does_not_arrive_is_told_with_the_command_that_helps(
    one: Endpoint, level: str, word: str, advice: str
) -> None:
    found = only(webhooks(seen(one)))
    assert found.level == level
    assert word in found.what
    assert advice in (found.what_to_do or "")
    assert unknown_commands(found.what_to_do or "") == []
