"""Which client speaks, and whether it proved it (RFC 6749 section 2.3)."""

import base64
import binascii
import secrets
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote_plus

from evergrant.sandbox.behaviour import Client
from evergrant.sandbox.refusal import Refusal

CHALLENGE = {"WWW-Authenticate": 'Basic realm="sandbox"'}


class _Credentials(NamedTuple):
    client_id: str
    secret: str | None


def authenticate(authorization: str | None, form: Mapping[str, str], clients: Mapping[str, Client]) -> str:
    """The client_id, by client_secret_basic, client_secret_post, or none for a public client.

    Raises Refusal: invalid_client (401), or invalid_request for two methods at once.
    """
    basic = None if authorization is None else _basic(authorization)
    if authorization is not None and basic is None:
        raise Refusal("invalid_client", "The Authorization header is not Basic credentials.", 401, CHALLENGE)
    if basic is not None and "client_secret" in form:
        raise Refusal("invalid_request", "The client authenticated in two ways at once.")
    given = basic or _Credentials(form.get("client_id", ""), form.get("client_secret"))
    client = clients.get(given.client_id)
    if client is None or not _matches(client.secret, given.secret):
        raise Refusal("invalid_client", "Client authentication failed.", 401, CHALLENGE)
    if form.get("client_id", given.client_id) != given.client_id:
        raise Refusal("invalid_request", "client_id is not the authenticated client.")
    return given.client_id


def claimed_client(authorization: str | None, form: Mapping[str, str], clients: Mapping[str, Client]) -> str | None:
    """The known client that a token request names, proven or not."""
    basic = _basic(authorization or "")
    client_id = form.get("client_id") if basic is None else basic.client_id
    return client_id if client_id in clients else None


def _matches(expected: str | None, given: str | None) -> bool:
    if expected is None or given is None:
        return expected is given
    return secrets.compare_digest(expected.encode(), given.encode())


def _basic(authorization: str) -> _Credentials | None:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    client_id, _, secret = decoded.partition(":")
    return _Credentials(unquote_plus(client_id), unquote_plus(secret))
