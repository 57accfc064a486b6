"""How a connector's requests carry the credential: as a bearer token, or as its `auth` says."""

import base64
from collections.abc import Mapping

import httpx2

from evergrant.catalog.account_value import ACCOUNT_VALUE
from evergrant.catalog.auth import ApiKey, Basic
from evergrant.catalog.connector import Connector
from evergrant.model.secret import Secret
from evergrant.tokens.bearer import Signature, bearer


def signature(connector: Connector, account: Mapping[str, str]) -> Signature:
    """What signs the requests of an account with these values; raises KeyError where one is missing."""
    match connector.auth:
        case None:
            return bearer
        case ApiKey() as key:
            return lambda request, secret: _put_key(key, request, secret)
        case Basic() as basic:
            username = basic.username and ACCOUNT_VALUE.sub(lambda slot: account[slot[1]], basic.username)
            return lambda request, secret: _put_basic(username, request, secret)
        case _:
            return lambda _request, _secret: None


def _put_key(key: ApiKey, request: httpx2.Request, secret: Secret) -> None:
    if key.header is not None:
        request.headers[key.header] = f"{key.prefix}{secret.reveal()}"
    elif key.query is not None:
        request.url = request.url.copy_set_param(key.query, secret.reveal())


def _put_basic(username: str | None, request: httpx2.Request, secret: Secret) -> None:
    """RFC 7617 2, in UTF-8."""
    pair = f"{secret.reveal()}:" if username is None else f"{username}:{secret.reveal()}"
    request.headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
