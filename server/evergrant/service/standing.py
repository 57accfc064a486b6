"""One caller's view of its tenant: accounts, tools and calls that are not for it are not there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from evergrant.catalog.catalog import Catalog, UnknownTool
from evergrant.catalog.declaration import DeclarationError
from evergrant.catalog.tool import Tool
from evergrant.catalog.toolsets import Toolsets
from evergrant.model.account import ConnectedAccount
from evergrant.model.held_call import HeldCall
from evergrant.model.json import JsonObject
from evergrant.model.outcome import Failure, NotAllowed, Outcome
from evergrant.model.principal import Principal
from evergrant.service.execute import Progress
from evergrant.service.held import HeldCalls
from evergrant.service.held_words import no_such_call
from evergrant.tokens.refusals import unknown_account
from evergrant.vault.accounts import Accounts, Matching
from evergrant.vault.grants import Held
from evergrant.vault.seal import SealBroken


@dataclass(frozen=True, slots=True)
class Standing:
    """What a principal sees and does; methods raise as those of the services behind it do."""

    principal: Principal
    catalog: Catalog
    every_account: Accounts
    every_call: HeldCalls
    toolsets: Toolsets
    progress: Progress | None = None
    """Told of the call in hand."""

    @property
    def tenant_id(self) -> str:
        return self.principal.tenant_id

    @property
    def limits(self) -> Principal:
        """The principal as far as it decides which tools of a connector there are: equal limits, equal tools.

        Of its accounts no more is left than whether it is for certain ones only.
        """
        accounts = None if self.principal.accounts is None else frozenset[str]()
        return replace(self.principal, tenant_id="", name="", accounts=accounts, wants_scope=False)

    def connectors(self) -> tuple[str, ...]:
        """The connectors that it has accounts of, by name; raises StoreUnavailable."""
        return self.every_account.connectors(self.tenant_id, self.principal.accounts)

    def accounts_of(self, connectors: Iterable[str], most: int) -> Mapping[str, list[ConnectedAccount]]:
        """Of each of these connectors the oldest accounts that it has, so many at most; raises StoreUnavailable."""
        return self.every_account.some(self.tenant_id, connectors, most, self.principal.accounts)

    def accounts_with(self, query: str | None, most: int) -> Matching:
        """The oldest accounts that have the text somewhere, so many at most; None is any. Raises StoreUnavailable."""
        return self.every_account.matching(self.tenant_id, query, most, self.principal.accounts)

    def account(self, name: str) -> ConnectedAccount | None:
        """The one of that id or alias; raises StoreUnavailable."""
        found = self.every_account.named(self.tenant_id, name)
        return found if found and self.principal.sees(found.id) else None

    def tools(self, connector: str) -> Mapping[str, Tool]:
        """The tools of a connector that it may call; raises UnknownConnector, DeclarationError."""
        found = self.catalog.tools(connector)
        return {name: tool for name, tool in found.items() if self.may_call(name, tool)}

    def may_call(self, tool_name: str, tool: Tool) -> bool:
        """Whether a tool is there for it."""
        sets = self.principal.toolsets
        return self.principal.may_call(tool_name, tool.effect) and (
            not sets or self.toolsets.hold(sets, tool_name, tool)
        )

    def only_reads(self, tool_name: str) -> bool:
        """Whether a call of it changes nothing, so that it may be made again; False for a tool that there is not."""
        try:
            return self.catalog.tool(tool_name)[1].effect == "read"
        except (UnknownTool, DeclarationError):
            return False

    async def execute(
        self, account: str, tool_name: str, tool_input: JsonObject, *, idempotency_key: str | None = None
    ) -> Outcome:
        """As HeldCalls.execute, for an account by id or alias; what it may not call is refused in words."""
        stored = self._stored(account)
        found = stored.account if stored else self.account(account)
        if found is None or not self.principal.sees(found.id):
            return unknown_account().failure
        return await self.execute_as(found, tool_name, tool_input, idempotency_key=idempotency_key, stored=stored)

    async def execute_as(
        self,
        found: ConnectedAccount,
        tool_name: str,
        tool_input: JsonObject,
        *,
        idempotency_key: str | None = None,
        stored: Held | None = None,
    ) -> Outcome:
        """As `execute`, for an account that it has; what a person must approve first is kept and not sent.

        `stored` is the account with its grant, where that was read just now.
        """
        who = self.principal.name
        if refusal := self._refusal(tool_name):
            self.every_call.refused(found.key, tool_name, who, refusal)
            return replace(refusal, account=found.id)
        if self._must_be_approved(tool_name):
            return await self.every_call.propose(found.key, tool_name, tool_input, asked_by=who)
        return await self.every_call.execute(
            found.key,
            tool_name,
            tool_input,
            asked_by=who,
            idempotency_key=idempotency_key,
            progress=self.progress,
            stored=stored,
        )

    async def resume(self, call_id: str) -> Outcome:
        """As HeldCalls.resume, for a call that it can see."""
        call = self.call(call_id)
        if call is None:
            return no_such_call()
        if refusal := self._refusal(call.tool_name):
            return refusal
        if call.status == "waiting" and call.approval == "none" and self._must_be_approved(call.tool_name):
            # It was made under a looser policy than that of who would now have it run.
            await self.every_call.want_approval(call)
        return await self.every_call.resume(self.tenant_id, call_id)

    async def wait(self, call_id: str, seconds: float) -> bool:
        """As HeldCalls.wait."""
        return await self.every_call.wait(self.tenant_id, call_id, seconds)

    async def wait_decided(self, call_id: str, seconds: float) -> bool:
        """As HeldCalls.wait_decided."""
        return await self.every_call.wait_decided(self.tenant_id, call_id, seconds)

    async def decide(self, call_id: str, *, approved: bool) -> bool:
        """Whether a call that it may make was undecided and is now what the person at its own client said."""
        approvals, by = self.every_call.approvals, f"{self.principal.name}, asked by its client"
        decide = approvals.approve if approved else approvals.refuse
        call = self.call(call_id)
        there = call is not None and self._refusal(call.tool_name) is None
        return there and not approvals.by_operator and await decide(self.tenant_id, call_id, by)

    async def cancel(self, call_id: str) -> bool:
        """As HeldCalls.cancel, for a call that it can see."""
        return self.call(call_id) is not None and await self.every_call.cancel(self.tenant_id, call_id)

    def call(self, call_id: str) -> HeldCall | None:
        """As HeldCalls.get, for the calls of accounts that it can see."""
        found = self.every_call.get(self.tenant_id, call_id)
        return found if found and self.principal.sees(found.account_id) else None

    def calls(self, account_id: str | None = None, *, ended: bool = False) -> list[HeldCall]:
        """As HeldCalls.listed, for the calls of accounts that it can see."""
        found = self.every_call.listed(self.tenant_id, account_id, ended=ended)
        return [call for call in found if self.principal.sees(call.account_id)]

    def calls_before(
        self, call_id: str | None, limit: int, *, account_id: str | None = None, ended: bool = False
    ) -> list[HeldCall]:
        """So many at most of `calls` that are older than one of them."""
        accounts = self.principal.accounts if account_id is None else frozenset({account_id})
        return self.every_call.before(self.tenant_id, call_id, limit, accounts=accounts, ended=ended)

    def _stored(self, name: str) -> Held | None:
        """What one look-up by name gives to the whole call; None also where the call itself says what is wrong."""
        try:
            return self.every_call.executor.tokens.named(self.tenant_id, name)
        except SealBroken:
            return None

    def _must_be_approved(self, tool_name: str) -> bool:
        try:
            _, tool = self.catalog.tool(tool_name)
        except (UnknownTool, DeclarationError):
            return False
        return self.principal.verdict(tool_name, tool.effect) == "confirm"

    def _refusal(self, tool_name: str) -> Failure | None:
        try:
            _, tool = self.catalog.tool(tool_name)
        except (UnknownTool, DeclarationError):
            return None  # what is wrong with it, the call itself says
        if self.may_call(tool_name, tool):
            return None
        limited = (
            "it may only read" if self.principal.read_only and tool.effect != "read" else "it is not among its tools"
        )
        return NotAllowed(
            what_happened=f"This caller may not call {tool_name}: {limited}. Nothing was sent.",
            what_to_do="Do without it, or tell the person that the operator would have to allow it.",
        )
