"""A revocation endpoint's answer (RFC 7009 2.2), read as either done or why not."""

from dataclasses import dataclass
from typing import Literal

import httpx2

from evergrant.catalog.connector import Connector
from evergrant.catalog.errors import token_defaults
from evergrant.wire import parse_json, retry_after


@dataclass(frozen=True, slots=True)
class Unrevoked:
    """A token that was not revoked, and whether there is any use in asking again.

    `unsupported`: the provider has no way to revoke; `transient`: nothing was said about the token; `refused`: no.
    """

    kind: Literal["unsupported", "transient", "refused"]
    why: str
    retry_after_s: float | None = None


def read_revocation(connector: Connector, response: httpx2.Response, body: bytes) -> Unrevoked | None:
    """None where the token is dead now: revoked, or said to have ended before (by a code of `revocation_ended`)."""
    table, status = connector.errors.token, response.status_code
    is_json, value = parse_json(body)
    said = table.code_of(value) or token_defaults().code_of(value)
    if said in connector.oauth.revocation_ended:
        return None
    if response.is_success and not table.failed(status, value):
        # One that says no with a 200 has not said yes where its words cannot be read.
        unread = table.failed_when and not is_json
        return Unrevoked("transient", f"the provider answered {status} without JSON") if unread else None
    found = table.classify(status, response.headers, value) or token_defaults().classify(
        status, response.headers, value
    )
    transient = found in ("transient", "ratelimit")
    why = f"the provider answered {status}{f' {said[:80]}' if said else ''}"
    return Unrevoked("transient" if transient else "refused", why, retry_after(response))
