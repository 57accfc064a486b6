"""Who has signed in, and what else an account's tokens come with: the look-ups that a connector declares."""

from collections.abc import Mapping
from dataclasses import dataclass

import httpx2

from evergrant.calls.answer import class_of
from evergrant.calls.send import Sender
from evergrant.catalog.account_source import FromRequest, Identity
from evergrant.catalog.connector import Connector
from evergrant.catalog.errors import ErrorClass
from evergrant.catalog.hosts import marked
from evergrant.catalog.origin import allowed
from evergrant.model.grant import Grant
from evergrant.model.json import Json
from evergrant.model.secret import Secret
from evergrant.oauth.answer import Issued
from evergrant.oauth.endpoint import Client
from evergrant.oauth.values import from_request, from_token, subject_and_label
from evergrant.tokens.bearer import Credential, CredentialWithheld
from evergrant.tokens.signing import signature
from evergrant.wire import AnswerTooLarge, parse_json

Asked = Identity | FromRequest


class Unidentified(Exception):
    """The provider did not say who signed in; the message says why."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who an account is: `subject` pins the person, `label` is what people know them by."""

    subject: str
    label: str
    values: Mapping[str, str]


async def identify(sender: Sender, connector: Connector, account: Mapping[str, str], issued: Issued) -> Person:
    """The person behind freshly issued tokens, with the account's values; raises Unidentified."""
    try:
        values = await _values(sender, connector, account, issued)
        asked = connector.identity
        body = await _look_up(sender, connector, asked, values, issued.access_token) if asked.request else issued.body
    except KeyError as error:
        raise Unidentified(f"{connector.name} did not send {error}, which its addresses need.") from None
    except ValueError as error:
        raise Unidentified(f"{connector.name} sent what cannot be trusted: {error}") from None
    found = subject_and_label(connector.identity, body, values)
    if found is None:
        raise Unidentified(f"{connector.name} does not say who signed in, so accounts could not be told apart.")
    return Person(*found, values)


async def _values(sender: Sender, connector: Connector, account: Mapping[str, str], issued: Issued) -> dict[str, str]:
    values = {**account, **from_token(connector, issued.body)}
    for name, value in connector.account.items():
        if isinstance(value, FromRequest):
            body = await _look_up(sender, connector, value, values, issued.access_token)
            values[name] = from_request(name, value, body, values)
    return values


async def verdict(sender: Sender, client: Client, grant: Grant) -> ErrorClass | None:
    """What the provider says of an access token when it is asked who signed in; None: that it is good.

    A refusal that does not speak of the token, and silence, are `transient`.
    """
    connector = client.connector
    if connector.identity.request is None:
        return "refresh"  # nobody to ask: the API's own word, for which we ask, has to do
    try:
        response, body = await _ask(sender, connector, connector.identity, dict(client.account), grant.access_token)
    except Unidentified:
        return "transient"
    is_json, value = parse_json(body)
    if response.is_success and is_json and not connector.errors.api.failed(response.status_code, value):
        return None
    return class_of(connector, response, is_json, value) or "transient"


async def _look_up(sender: Sender, connector: Connector, asked: Asked, values: dict[str, str], token: Secret) -> Json:
    """The JSON of a declared look-up; raises Unidentified."""
    response, body = await _ask(sender, connector, asked, values, token)
    is_json, value = parse_json(body)
    if not is_json or connector.errors.api.failed(response.status_code, value):
        raise Unidentified(f"{connector.name} refused to say who signed in ({response.status_code}).")
    return value


async def _ask(
    sender: Sender, connector: Connector, asked: Asked, values: dict[str, str], token: Secret
) -> tuple[httpx2.Response, bytes]:
    """The answer to a declared look-up, whose address joins the allow-list for this one request."""
    method, _, address = (asked.request or "").partition(" ")
    url, headers = connector.expand(address, values), {"Accept": "application/json", **connector.headers}
    sent = marked(connector, httpx2.Request(method, url, headers=headers, json=asked.body))
    try:
        origins = allowed(connector, values, asked.request)
        return await sender.send(sent, Credential(token, origins, signature(connector, values)).attach)
    except (httpx2.HTTPError, AnswerTooLarge, CredentialWithheld) as error:
        raise Unidentified(f"{connector.name} could not be asked who signed in ({type(error).__name__}).") from None
