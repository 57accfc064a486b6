"""Links at which a person connects or reconnects an account."""

from dataclasses import dataclass
from datetime import datetime

from evergrant.model.json import JsonObject, text_at


@dataclass(frozen=True, slots=True)
class ConnectLink:
    """Send `url` to the person, and tell them `confirmation_code`, which its page asks for."""

    url: str
    confirmation_code: str | None
    """None where the operator's own back end says who the person is."""
    purpose: str
    """`connect` or `reauth`."""
    connector: str | None
    connected_account_id: str | None
    """Of an account that there is already."""
    expires_at: datetime
    warning: str | None


def link_of(answer: JsonObject) -> ConnectLink:
    """The answer to `POST /v1/links`."""
    return ConnectLink(
        url=str(answer["url"]),
        confirmation_code=text_at(answer, "/confirmation_code"),
        purpose=str(answer["purpose"]),
        connector=text_at(answer, "/connector"),
        connected_account_id=text_at(answer, "/connected_account_id"),
        expires_at=datetime.fromisoformat(str(answer["expires_at"])),
        warning=text_at(answer, "/warning"),
    )
