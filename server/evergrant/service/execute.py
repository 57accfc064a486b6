"""Execute a tool for a connected account: the one path from a name and an input to an outcome."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

import httpx2

from evergrant.calls.answer import Answer
from evergrant.calls.codecs import BadValue
from evergrant.calls.perform import Ask, Reply, perform
from evergrant.calls.refusal import again_later, half_done, is_repeatable
from evergrant.calls.send import Attach, Sender, unsigned
from evergrant.calls.trace import CallTrace
from evergrant.calls.validate import fault
from evergrant.catalog.catalog import Catalog, UnknownTool
from evergrant.catalog.connector import Connector
from evergrant.catalog.declaration import DeclarationError
from evergrant.catalog.origin import allowed
from evergrant.catalog.tool import Tool
from evergrant.dial.guard import AddressRefused
from evergrant.model.account import AccountKey, ConnectedAccount, GrantKey
from evergrant.model.clock import Clock
from evergrant.model.json import JsonObject
from evergrant.model.live import Redact
from evergrant.model.outcome import (
    Failure,
    InsufficientScope,
    InvalidInput,
    Outcome,
    ProviderError,
    ProviderUnavailable,
    ReauthRequired,
    Refused,
    Result,
    TokenExpired,
)
from evergrant.service.links import Links
from evergrant.service.wording import broken_connector, no_such_tool, vault_unavailable
from evergrant.store.database import StoreUnavailable
from evergrant.tokens.bearer import Credential, CredentialWithheld, TokenEnded, without
from evergrant.tokens.refusals import paused
from evergrant.tokens.signing import signature
from evergrant.tokens.source import TokenSource
from evergrant.vault.grants import Held
from evergrant.vault.seal import SealBroken
from evergrant.wire import NOT_SENT, AnswerTooLarge

NO_MORE_PAGES_AFTER_S = 25.0
"""A list that comes slowly is given back with what there is of it, before clients give up."""

Progress = Callable[[int], Awaitable[None]]
"""Told how many requests of a read have been answered so far; raises nothing."""


@dataclass(frozen=True, slots=True)
class _Asked:
    key: AccountKey
    name: str
    given: JsonObject
    idempotency_key: str
    trace: CallTrace
    stored: Held | None = None


@dataclass(frozen=True, slots=True)
class _Call:
    connector: Connector
    name: str
    tool: Tool
    given: JsonObject
    idempotency_key: str
    trace: CallTrace
    stored: Held
    """What the account's first look-up found."""


@dataclass(frozen=True, slots=True)
class Executor:
    """Executes tools; what comes of a call is always an outcome, never an exception."""

    catalog: Catalog
    tokens: TokenSource
    sender: Sender
    redact: Redact
    links: Links
    clock: Clock
    _writes: set[asyncio.Task[Outcome]] = field(default_factory=set[asyncio.Task[Outcome]])

    async def execute_tool(
        self,
        key: AccountKey,
        tool_name: str,
        tool_input: JsonObject,
        *,
        idempotency_key: str | None = None,
        progress: Progress | None = None,
        trace: CallTrace | None = None,
        stored: Held | None = None,
    ) -> Outcome:
        """Validate, sign, send and read one call; a failure names the account, whatever it is about.

        A write goes on to its end when its caller is cancelled: half-sent, nobody could say what it did. Under the
        same `idempotency_key` a tool with a header for it may be called again; without one each call has its own.
        `trace` is told what the call did. `stored` is the account with its grant, where that was read just now.
        """
        once, told = idempotency_key or str(uuid.uuid4()), trace or CallTrace()
        outcome = await self._outcome(_Asked(key, tool_name, tool_input, once, told, stored), progress)
        if isinstance(outcome, Failure) and outcome.account is None:
            return replace(outcome, account=key.account_id)
        return outcome

    async def _outcome(self, asked: _Asked, progress: Progress | None) -> Outcome:
        key = asked.key
        try:
            call = await self._prepare(asked)
            if call.tool.effect == "read":
                return await self._run(key, call, progress)
            write = asyncio.create_task(self._run(key, call))
            self._writes.add(write)
            call.trace.goes_on = write
            write.add_done_callback(self._writes.discard)
            return await asyncio.shield(write)
        except Refused as refused:
            return refused.failure
        except (StoreUnavailable, SealBroken) as error:
            return vault_unavailable(str(error))

    async def fault(self, key: AccountKey, tool_name: str, tool_input: JsonObject, trace: CallTrace) -> Failure | None:
        """Why such a call would be refused before anything is sent, as far as that can be said without sending."""
        try:
            await self._prepare(_Asked(key, tool_name, tool_input, "", trace))
        except Refused as refused:
            return replace(refused.failure, account=refused.failure.account or key.account_id)
        except (StoreUnavailable, SealBroken) as error:
            return vault_unavailable(str(error))
        return None

    async def drain(self) -> None:
        """Let the writes under way come to their end."""
        if self._writes:
            await asyncio.wait(self._writes)  # unlike gather, cancelling this cancels none of them

    async def _prepare(self, asked: _Asked) -> _Call:
        try:
            connector_name, tool = self.catalog.tool(asked.name)
        except UnknownTool:
            raise Refused(no_such_tool(asked.name)) from None
        except DeclarationError as error:
            raise Refused(broken_connector(str(error))) from None
        asked.trace.known(connector_name, asked.name, tool)
        stored = asked.stored or self.tokens.stored(GrantKey(*asked.key))
        if stored.account.connector != connector_name:
            raise Refused(no_such_tool(asked.name))
        if stored.account.paused:
            raise paused(stored.account)
        if wrong := fault(asked.name, tool, asked.given):
            raise Refused(wrong)
        connector = self.catalog.connector(connector_name)
        return _Call(connector, asked.name, tool, asked.given, asked.idempotency_key, asked.trace, stored)

    async def _run(self, key: AccountKey, call: _Call, progress: Progress | None = None) -> Outcome:
        """Play the tool's script; where a token was refused, it asks once more with a newer one."""
        try:
            outcome = await self._play(GrantKey(*key, call.tool.credential), call, progress)
        except BadValue as error:
            outcome = _bad_value(call, error)
        return self._with_link(key, call, outcome)

    def _with_link(self, key: AccountKey, call: _Call, outcome: Outcome) -> Outcome:
        """A failure that a person can mend comes with where they do it."""
        if isinstance(outcome, InsufficientScope):
            account = self.tokens.account(key)
            link = self.links.step_up(account, (*outcome.missing, *call.tool.scopes))
            todo = f"Ask {account.label} to allow it at {link.where}, then call again."
            return replace(outcome, step_up_url=link.url, confirmation_code=link.code, what_to_do=todo)
        if isinstance(outcome, ReauthRequired) and outcome.reauth_url is None:
            link = self.links.reauth(key)
            todo = f"Ask {self.tokens.account(key).label} to reconnect at {link.where}, then call again."
            return replace(outcome, reauth_url=link.url, confirmation_code=link.code, what_to_do=todo)
        return outcome

    async def _play(self, key: GrantKey, call: _Call, progress: Progress | None) -> Outcome:
        script = perform(call.connector, call.tool, call.given, call.idempotency_key)
        began = self.clock.monotonic()
        ask, generation, answered = next(script), 0, 0
        stored: Held | None = call.stored
        while True:
            try:
                async with self.tokens.use(key, newer_than=generation if ask.newer else 0, stored=stored) as held:
                    reply = await self._send(call, ask, held)
            except Refused as refused:
                return half_done(call.tool, refused.failure) if ask.stepped else refused.failure
            if not isinstance(reply, Reply):
                return half_done(call.tool, reply) if ask.stepped else reply
            generation, stored, answered = held.grant.generation, None, answered + 1
            if progress:
                await progress(answered)
            late = self.clock.monotonic() - began > NO_MORE_PAGES_AFTER_S
            try:
                ask = script.send(replace(reply, late=True) if late else reply)
            except StopIteration as end:
                outcome: Outcome = end.value
                if isinstance(outcome, TokenExpired | ReauthRequired):
                    call.trace.token_refused()
                return self._cleared(call, outcome)
            if ask.newer:
                call.trace.token_refused()

    async def _send(self, call: _Call, ask: Ask, held: Held) -> Reply | Failure:
        account = held.account
        try:
            request = ask.build(account.values)
        except BadValue as error:
            return _bad_value(call, error)
        try:
            if ask.signed and self.tokens.ends_within(held, self.sender.deadline_s):
                request.extensions["trace"] = call.trace.watching(lambda: self.tokens.has_ended(held))
            response, body = await self.sender.send(request, self._attach(call, ask, held))
        except TokenEnded:
            return _ended(call, account)
        except (CredentialWithheld, LookupError, ValueError) as error:
            return _withheld(call, error)
        except AnswerTooLarge as error:
            call.trace.sent(request)
            return _too_large(call, account, error)
        except httpx2.HTTPError as error:
            if not isinstance(error, NOT_SENT):
                call.trace.sent(request)
            return _no_answer(call, account, error, changes=ask.changes)
        call.trace.answered(request, response, len(body), held.grant.access_token)
        return Reply(account, request, Answer(response, without(held.grant.access_token, body)))

    def _attach(self, call: _Call, ask: Ask, held: Held) -> Attach:
        if not ask.signed:
            return unsigned
        origins = allowed(call.connector, held.account.values)
        sign = signature(call.connector, held.account.values)
        return Credential(held.grant.access_token, origins, sign, lambda: self.tokens.has_ended(held)).attach

    def _cleared(self, call: _Call, outcome: Outcome) -> Outcome:
        """Without secrets in the words about it: some providers repeat the token that they refuse."""
        if isinstance(outcome, Result):
            return replace(outcome, note=outcome.note and self.redact(outcome.note), tool_name=call.name)
        code, message = (text and self.redact(text) for text in (outcome.provider_code, outcome.provider_message))
        happened = self.redact(outcome.what_happened)
        return replace(outcome, what_happened=happened, provider_code=code, provider_message=message)


def _bad_value(call: _Call, error: BadValue) -> Failure:
    return InvalidInput(
        what_happened=f"The input of {call.name} cannot be sent: {error}.", what_to_do="Correct it and call again."
    )


def _withheld(call: _Call, error: Exception) -> Failure:
    return ProviderError(
        what_happened=f"The call was not sent: {error}.",
        what_to_do=f"The operator checks base_url and allow of the connector {call.connector.name}.",
    )


def _ended(call: _Call, account: ConnectedAccount) -> Failure:
    return TokenExpired(
        account=account.id,
        what_happened=f"The access token for {call.connector.name} ended before the call could be sent.",
        what_to_do="Nothing was sent. Call again.",
    )


def _too_large(call: _Call, account: ConnectedAccount, error: AnswerTooLarge) -> Failure:
    return ProviderError(
        account=account.id,
        what_happened=f"{call.connector.name} answered, but {error}.",
        what_to_do="Ask for less: a smaller page, fewer fields or a narrower search.",
    )


def _refused_address(account: ConnectedAccount, error: AddressRefused) -> Failure:
    return ProviderError(
        account=account.id,
        what_happened=f"The call was not sent: {error}.",
        what_to_do="If that host is meant, the operator names it or its network in EVERGRANT_ALLOW_PRIVATE_HOSTS.",
    )


def _no_answer(call: _Call, account: ConnectedAccount, error: httpx2.HTTPError, *, changes: bool) -> Failure:
    if isinstance(error, AddressRefused):
        return _refused_address(account, error)
    sent = not isinstance(error, NOT_SENT)
    harmless = not changes or is_repeatable(call.tool)
    reached = "did not answer" if sent else "could not be reached"
    return ProviderUnavailable(
        account=account.id,
        what_happened=f"{call.connector.name} {reached} ({type(error).__name__}).",
        what_to_do=again_later(harmless=harmless) if sent else "Nothing was sent. Call again in a minute.",
        retryable=not sent or harmless,
    )
