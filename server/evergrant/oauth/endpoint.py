"""Requests to a provider's token, revocation and introspection endpoints: each is sent once."""

import asyncio
import base64
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import quote, quote_plus

import httpx2

from evergrant.catalog.connector import Connector, RevocationRequest
from evergrant.catalog.hosts import marked
from evergrant.model.account import Connection
from evergrant.model.clock import Clock
from evergrant.model.failpoint import FailPoint
from evergrant.model.grant import Grant
from evergrant.model.json import at
from evergrant.model.live import Redact
from evergrant.model.secret import Secret
from evergrant.oauth.answer import Issued, Rejected, moment, read_answer
from evergrant.oauth.device import DEVICE_CODE, DeviceCode, read_device_code
from evergrant.oauth.renewal import fields, is_unattended
from evergrant.oauth.revocation import Unrevoked, read_revocation
from evergrant.wire import LARGEST_TOKEN_ANSWER, NOT_SENT, AnswerTooLarge, parse_json, read_capped

EXCHANGE_DEADLINE_S = 15.0
"""One exchange ends by then, whatever the provider does; so long a lost one may still be under way."""

LAST_LOOK_S = 0.25
AS_USUAL = RevocationRequest()
Answer = Issued | Rejected
Form = Mapping[str, Secret | str]


@dataclass(frozen=True, slots=True)
class Client:
    """An OAuth client as one account meets it: the provider, our registration there, the account's own values."""

    connector: Connector
    connection: Connection
    account: Mapping[str, str]

    def expand(self, url: str) -> str:
        """`url` with the account's values filled in."""
        return self.connector.expand(url, self.account)

    @property
    def token_url(self) -> str:
        """Where this client exchanges; raises ValueError for a service without OAuth."""
        if self.connector.oauth.token_endpoint is None:
            raise ValueError(f"{self.connector.name} has no token endpoint")
        return self.expand(self.connector.oauth.token_endpoint)


class TokenEndpoint:
    """Sends token requests; never redirects, never sends twice, never guesses how to authenticate."""

    def __init__(
        self,
        http: httpx2.AsyncClient,
        clock: Clock,
        failpoint: FailPoint,
        deadline_s: float = EXCHANGE_DEADLINE_S,
        redact: Redact = str,
    ) -> None:
        """`redact` clears a server's own words of secrets: some servers repeat the token that they refuse."""
        self.deadline_s = deadline_s
        self._http = http
        self._clock = clock
        self._failpoint = failpoint
        self._redact = redact

    async def exchange_code(self, client: Client, code: Secret, proof: Form) -> Answer:
        """Redeem a code; `proof` is its redirect_uri and code_verifier (RFC 6749 4.1.3, RFC 7636 4.5)."""
        return await self._redeem(client, {"grant_type": "authorization_code", "code": code, **proof})

    async def refresh(self, client: Client, refresh_token: Secret) -> Answer:
        """Redeem a refresh token (RFC 6749 6), or ask anew with what is kept in its place; raises BadKey."""
        return await self._redeem(client, fields(client.connector, refresh_token, client.account, self._clock.now()))

    async def device_code(self, client: Client, scopes: tuple[str, ...]) -> DeviceCode | None:
        """A code for a person to type in elsewhere (RFC 8628 3.1); None where the provider gives none."""
        endpoint = client.connector.oauth.device_authorization_endpoint
        if endpoint is None:
            return None
        form: Form = {"scope": client.connector.oauth.scope_separator.join(scopes)} if scopes else {}
        try:
            response, body = await self._send(client, self._request(client, client.expand(endpoint), form))
        except (httpx2.HTTPError, TimeoutError, AnswerTooLarge):
            return None
        return read_device_code(parse_json(body)[1]) if response.is_success else None

    async def exchange_device_code(self, client: Client, code: Secret) -> Answer:
        """Ask whether the person has consented by now (RFC 8628 3.4)."""
        return await self._redeem(client, {"grant_type": DEVICE_CODE, "device_code": code})

    async def revoke(self, client: Client, grant: Grant) -> Unrevoked | None:
        """Revoke at the provider (RFC 7009 or the connector's own); None when done, else why not."""
        endpoint = client.connector.oauth.revocation_endpoint
        if endpoint is None:
            return Unrevoked("unsupported", "this provider documents no revocation endpoint")
        try:
            response, body = await self._send(client, self._revocation(client, endpoint, grant))
        except (httpx2.HTTPError, TimeoutError, AnswerTooLarge) as error:
            return Unrevoked("transient", f"the provider did not answer ({type(error).__name__})")
        return read_revocation(client.connector, response, body)

    async def probe(self, client: Client) -> bool:
        """Whether the token endpoint answers as one: it is sent a refresh without a token, which spends nothing."""
        form = {"grant_type": "refresh_token"}
        request = httpx2.Request("POST", client.token_url, data=form)
        try:
            response, body = await self._send(client, request)
        except (httpx2.HTTPError, TimeoutError, AnswerTooLarge):
            return False
        answer = read_answer(client.connector, response, body, self._clock.now())
        return isinstance(answer, Rejected) and answer.class_ not in ("transient", "ratelimit")

    async def introspect(self, client: Client, grant: Grant) -> datetime | None:
        """When the access token ends (RFC 7662 2.2, `exp`), where the provider says; only a hint."""
        endpoint = client.connector.oauth.introspection_endpoint
        if endpoint is None:
            return None
        form: Form = {"token": grant.access_token, "token_type_hint": "access_token"}
        try:
            response, body = await self._send(client, self._request(client, client.expand(endpoint), form))
        except (httpx2.HTTPError, TimeoutError, AnswerTooLarge):
            return None
        value = parse_json(body)[1]
        end = moment(at(value, "/exp"))
        return end if response.is_success and at(value, "/active") is True else None

    async def _redeem(self, client: Client, form: Form) -> Answer:
        request = self._request(client, client.token_url, form)
        sent_at = self._clock.now()
        self._failpoint("before_send")
        try:
            response, body = await self._send(client, request)
        except NOT_SENT as error:
            return Rejected("transient", "not_sent", type(error).__name__)
        except (httpx2.HTTPError, TimeoutError, AnswerTooLarge) as error:
            return Rejected("transient", "no_answer", type(error).__name__, may_be_spent=True)
        self._failpoint("answered")
        return self._cleared(read_answer(client.connector, response, body, sent_at))

    def _cleared(self, answer: Answer) -> Answer:
        if isinstance(answer, Issued):
            return answer
        code, message = (text and self._redact(text) for text in (answer.code, answer.message))
        return replace(answer, code=code, message=message)

    async def _send(self, client: Client, request: httpx2.Request) -> tuple[httpx2.Response, bytes]:
        """Raises TimeoutError after the deadline.

        An answer that came while this process was stopped is still taken: the timer fires first when it goes on, so
        the network gets one more look before the answer is given up.
        """
        sending = asyncio.create_task(self._answer(marked(client.connector, request)))
        try:
            for patience in (self.deadline_s, LAST_LOOK_S):
                done, _ = await asyncio.wait([sending], timeout=patience)
                if done:
                    return sending.result()
        finally:
            sending.cancel()
        raise TimeoutError

    async def _answer(self, request: httpx2.Request) -> tuple[httpx2.Response, bytes]:
        request.extensions["trace"] = self._trace
        response = await self._http.send(request, stream=True)
        self._failpoint("answer_begun")
        try:
            return response, await read_capped(response, LARGEST_TOKEN_ANSWER)
        finally:
            await response.aclose()

    async def _trace(self, event: str, _info: object) -> None:
        """Called by the transport; tells the moment after which the server has the whole request."""
        if event.endswith("send_request_body.complete"):
            self._failpoint("sent")

    def _revocation(self, client: Client, endpoint: str, grant: Grant) -> httpx2.Request:
        url = client.expand(endpoint).replace("{client_id}", quote(client.connection.client_id, safe=""))
        oauth = client.connector.oauth
        if oauth.revocation_token == "bearer":
            return httpx2.Request("POST", url, headers={"Authorization": f"Bearer {grant.access_token.reveal()}"})
        by_refresh_token = oauth.revocation_token == "refresh_token"
        whole_grant = by_refresh_token and not is_unattended(client.connector) and grant.refresh_token
        how = oauth.revocation_request
        return self._request(client, url, {how.parameter: whole_grant or grant.access_token}, how)

    def _request(self, client: Client, url: str, form: Form, how: RevocationRequest = AS_USUAL) -> httpx2.Request:
        sent = {name: value.reveal() if isinstance(value, Secret) else value for name, value in form.items()}
        headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "evergrant"}
        oauth, secret = client.connector.oauth, client.connection.client_secret
        if (how.auth_method or oauth.token_endpoint_auth_method) == "client_secret_basic" and secret:
            headers["Authorization"] = _basic(client.connection.client_id, secret)
        elif oauth.grant_type != "jwt_bearer":  # the assertion says who asks
            sent["client_id"] = client.connection.client_id
            if secret:
                sent["client_secret"] = secret.reveal()
        # Not built by the client: its cookie jar is shared, and one account's cookies must not go with another's.
        if (how.encoding or oauth.token_endpoint_encoding) == "json":
            return httpx2.Request(how.method, url, headers=headers, json=sent)
        return httpx2.Request(how.method, url, headers=headers, data=sent)


def _basic(client_id: str, secret: Secret) -> str:
    """RFC 6749 2.3.1: both parts are form-encoded before they are joined."""
    pair = f"{quote_plus(client_id)}:{quote_plus(secret.reveal())}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"
