"""What a renewal sends, by how the first grant was had.

Where no person consents there is no refresh token. What is kept in its place is what it takes to ask again: the key
that signs assertions, or a mark that the client's own credentials do.
"""

# Imported where it is used: only service accounts need it.
# ruff: noqa: PLC0415

import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from evergrant.catalog.connector import Connector
from evergrant.model.json import Json, text_at
from evergrant.model.secret import Secret

BY_CLIENT = Secret("-")
"""Kept in place of a refresh token where the client's credentials are all that a renewal takes (RFC 6749 4.4)."""
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ASSERTION_LIFE = timedelta(hours=1)
"""The longest that Google takes; the assertion is used once, at once."""
Fields = Mapping[str, Secret | str]


class BadKey(ValueError):
    """What was given is not a key of a service account; the message says what one is, and repeats nothing."""


def is_unattended(connector: Connector) -> bool:
    """Whether nobody consents: the client, or a key of its own, asks for every token."""
    return connector.auth is None and connector.oauth.grant_type in ("client_credentials", "jwt_bearer")


def fields(connector: Connector, kept: Secret, account: Mapping[str, str], now: datetime) -> Fields:
    """The fields of a token request that renews a grant; raises BadKey."""
    oauth = connector.oauth
    scope = {"scope": oauth.scope_separator.join(oauth.scopes)} if oauth.scopes else {}
    match oauth.grant_type:
        case "client_credentials":
            return {"grant_type": "client_credentials", **scope}
        case "jwt_bearer":
            return {"grant_type": JWT_BEARER, "assertion": _assertion(connector, kept, account, now)}
        case _:
            return {"grant_type": "refresh_token", "refresh_token": kept}


def check_key(text: str) -> None:
    """Raises BadKey unless this is the JSON of a service account's key, with an RSA key in it."""
    key = _parsed(text)
    if not text_at(key, "/client_email") or "PRIVATE KEY" not in (text_at(key, "/private_key") or ""):
        raise BadKey("It is not the JSON file of a service account's key: client_email and private_key are not in it.")


def _assertion(connector: Connector, kept: Secret, account: Mapping[str, str], now: datetime) -> Secret:
    """RFC 7523 3, signed with RS256; `sub` is the person that the account's value `act_as` names, where it has one."""
    import jwt

    key = _parsed(kept.reveal())
    claims: dict[str, Json] = {
        "iss": text_at(key, "/client_email"),
        "aud": connector.expand(connector.oauth.token_endpoint or "", account),
        "scope": connector.oauth.scope_separator.join(connector.oauth.scopes),
        "iat": int(now.timestamp()),
        "exp": int((now + ASSERTION_LIFE).timestamp()),
    }
    if "act_as" in account:
        claims["sub"] = account["act_as"]
    key_id = text_at(key, "/private_key_id")
    headers = {"kid": key_id} if key_id else None
    try:
        return Secret(jwt.encode(claims, text_at(key, "/private_key") or "", algorithm="RS256", headers=headers))
    except (ValueError, TypeError, jwt.PyJWTError):
        raise BadKey("The private key of the service account cannot be read.") from None


def _parsed(text: str) -> Json:
    try:
        key: Json = json.loads(text)
    except ValueError:
        raise BadKey("It is not the JSON file of a service account's key.") from None
    return key
