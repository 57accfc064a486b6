"""One caller's view of its tenant: accounts, tools and calls that are not for it are not there."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from evergrant.catalog.catalog import Catalog, UnknownTool
from evergrant.catalog.declaration import DeclarationError
from evergrant.catalog.tool import Tool
from evergrant.model.account import ConnectedAccount
from evergrant.model.held_call import HeldCall
from evergrant.model.json import JsonObject
from evergrant.model.outcome import Failure, NotAllowed, Outcome
from evergrant.model.principal import Principal
from evergrant.service.held import HeldCalls
from evergrant.service.held_words import no_such_call
from evergrant.tokens.refusals import unknown_account
from evergrant.vault.accounts import Accounts


@dataclass(frozen=True, slots=True)
class Standing:
    """What a principal sees and does; methods raise as those of the services behind it do."""

    principal: Principal
    catalog: Catalog
    every_account: Accounts
    every_call: HeldCalls

    @property
    def tenant_id(self) -> str:
        return self.principal.tenant_id

    def accounts(self) -> list[ConnectedAccount]:
        """The connected accounts that are there for it; raises StoreUnavailable."""
        found = self.every_account.all(self.tenant_id)
        return [account for account in found if self.principal.sees(account.id)]

    def account(self, name: str) -> ConnectedAccount | None:
        """The one of that id or alias; raises StoreUnavailable."""
        found = self.every_account.named(self.tenant_id, name)
        return found if found and self.principal.sees(found.id) else None

    def tools(self, connector: str) -> Mapping[str, Tool]:
        """The tools of a connector that it may call; raises UnknownConnector, DeclarationError."""
        found = self.catalog.tools(connector)
        return {name: tool for name, tool in found.items() if self.principal.may_call(name, tool.effect)}

    def may_call(self, tool_name: str, tool: Tool) -> bool:
        """Whether a tool is there for it."""
        return self.principal.may_call(tool_name, tool.effect)

    async def execute(self, account: str, tool_name: str, tool_input: JsonObject) -> Outcome:
        """As HeldCalls.execute, for an account by id or alias; what it may not call is refused in words."""
        found = self.account(account)
        return await self.execute_as(found, tool_name, tool_input) if found else unknown_account().failure

    async def execute_as(self, found: ConnectedAccount, tool_name: str, tool_input: JsonObject) -> Outcome:
        """As `execute`, for one of `accounts()`; what a person must approve first is kept and not sent."""
        if refusal := self._refusal(tool_name):
            return replace(refusal, account=found.id)
        if self._must_be_approved(tool_name):
            return await self.every_call.propose(found.key, tool_name, tool_input, asked_by=self.principal.name)
        return await self.every_call.execute(found.key, tool_name, tool_input, asked_by=self.principal.name)

    async def resume(self, call_id: str) -> Outcome:
        """As HeldCalls.resume, for a call that it can see."""
        call = self.call(call_id)
        if call is None:
            return no_such_call()
        if refusal := self._refusal(call.tool_name):
            return refusal
        if call.status == "waiting" and call.approval == "none" and self._must_be_approved(call.tool_name):
            # It was made under a looser policy than that of who would now have it run.
            await self.every_call.calls.want_approval(call)
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
