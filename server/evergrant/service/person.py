"""Who has signed in, and what else an account's tokens come with: the look-ups that a connector declares."""

from collections.abc import Mapping
from dataclasses import dataclass

import httpx2

from evergrant.calls.send import Sender
from evergrant.catalog.connector import Connector, FromRequest
from evergrant.catalog.hosts import marked
from evergrant.catalog.origin import allowed
from evergrant.model.json import Json
from evergrant.model.secret import Secret
from evergrant.oauth.answer import Issued
from evergrant.oauth.values import from_request, from_token, subject_and_label
from evergrant.tokens.bearer import BearerAuth, CredentialWithheld
from evergrant.wire import AnswerTooLarge, parse_json


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
        request = connector.identity.request
        body = await _look_up(sender, connector, request, values, issued.access_token) if request else issued.body
    except KeyError as error:
        raise Unidentified(f"{connector.name} did not send {error}, which its addresses need.") from None
    except ValueError as error:
        raise Unidentified(f"{connector.name} sent what cannot be trusted: {error}") from None
    found = subject_and_label(connector.identity, body)
    if found is None:
        raise Unidentified(f"{connector.name} does not say who signed in, so accounts could not be told apart.")
    return Person(*found, values)


async def _values(sender: Sender, connector: Connector, account: Mapping[str, str], issued: Issued) -> dict[str, str]:
    values = {**account, **from_token(connector, issued.body)}
    for name, value in connector.account.items():
        if isinstance(value, FromRequest):
            body = await _look_up(sender, connector, value.request, values, issued.access_token)
            values[name] = from_request(name, value, body)
    return values


async def _look_up(sender: Sender, connector: Connector, request: str, values: dict[str, str], token: Secret) -> Json:
    """The JSON of a declared look-up; its address joins the allow-list for this one request."""
    method, _, address = request.partition(" ")
    url = connector.expand(address, values)
    sent = marked(connector, httpx2.Request(method, url, headers={"Accept": "application/json", **connector.headers}))
    try:
        response, body = await sender.send(sent, BearerAuth(token, allowed(connector, values, request)))
    except (httpx2.HTTPError, AnswerTooLarge, CredentialWithheld) as error:
        raise Unidentified(f"{connector.name} could not be asked who signed in ({type(error).__name__}).") from None
    is_json, value = parse_json(body)
    if not is_json or connector.errors.api.failed(response.status_code, value):
        raise Unidentified(f"{connector.name} refused to say who signed in ({response.status_code}).")
    return value
