import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from standardwebhooks import Webhook

from evergrant.demo.clock import VirtualClock
from evergrant.demo.receiver import Receiver
from evergrant.model.secret import Secret

NOON = datetime(2026, 5, 25, 12, tzinfo=UTC)
SECRET, FORMER = "whsec_" + "YQ" * 16, "whsec_" + "Yg" * 16
BODY = json.dumps({"event": "agent.auth.reauth_required", "connected_account_id": "conn_1"})


def receiver() -> Receiver:
    return Receiver(VirtualClock(NOON), Secret(SECRET))


def headers(*secrets: str, at: datetime = NOON, id_: str = "evt_1") -> Mapping[str, str]:
    signatures = " ".join(Webhook(secret).sign(id_, at, BODY) for secret in secrets)
    return {"webhook-id": id_, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signatures}


def test_a_signed_message_is_taken_once_however_often_it_comes() -> None:
    operator = receiver()

    assert [operator.take(headers(FORMER, SECRET), BODY) for _ in range(2)] == [204, 204]

    assert [event.id for event in operator.taken] == ["evt_1"]
    assert operator.asks_for("conn_1")
    assert not operator.asks_for("conn_2")


def test_what_is_not_signed_for_it_is_refused() -> None:
    operator = receiver()
    wrong: list[tuple[Mapping[str, str], str]] = [
        (headers(FORMER), BODY),
        (headers(SECRET), BODY.replace("conn_1", "conn_2")),
        (headers(SECRET, at=NOON - timedelta(minutes=6)), BODY),
        ({**headers(SECRET), "webhook-id": "evt_2"}, BODY),
        ({}, BODY),
    ]

    assert [operator.take(*each) for each in wrong] == [401] * 5
    assert (operator.taken, operator.refused) == ([], 5)
