"""An event as a signed message (Standard Webhooks 1.0.0): its body, and the three headers."""

import base64
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from standardwebhooks import Webhook

from evergrant.model.event import Event
from evergrant.model.ids import new_id
from evergrant.model.json import Json
from evergrant.model.secret import Secret

TRIAL = "webhook.test"
SECRET_BYTES = 32
"""Between 24 and 64."""
LONGEST_VALUE = 2000
"""Characters; so that a body stays below 20 KB whatever a person called an account."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent, the same at every attempt but for the time and with it the signature."""

    id: str
    body: str

    def headers(self, keys: Sequence[Secret], now: datetime) -> Mapping[str, str]:
        """Signed for an attempt at this time, once by each key."""
        signatures = [Webhook(key.reveal()).sign(self.id, now, self.body) for key in keys]
        return {
            "webhook-id": self.id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(signatures),
            "Content-Type": "application/json",
        }


def message(event: Event) -> Message:
    """The event's own fields, `seq`, and the `type` and `timestamp` of the specification."""
    fields: dict[str, Json] = {name: value[:LONGEST_VALUE] for name, value in event.data.items()}
    told = {"type": event.type, "timestamp": fields.get("occurred_at"), **fields, "seq": event.seq}
    # Half a surrogate pair in an alias can be written as JSON, and be signed by nobody.
    return Message(event.id, json.dumps(told, ensure_ascii=False).encode("utf-8", "replace").decode())


def trial(tenant_id: str, now: datetime) -> Message:
    """A message that says nothing has happened, to try an endpoint with."""
    moment = now.isoformat(timespec="seconds").replace("+00:00", "Z")
    told = {"type": TRIAL, "timestamp": moment, "event": TRIAL, "tenant_id": tenant_id, "occurred_at": moment}
    return Message(new_id("evt", now), json.dumps(told))


def new_secret() -> Secret:
    """A signing key as receivers are given it: `whsec_` and base64."""
    return Secret(f"whsec_{base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}")
