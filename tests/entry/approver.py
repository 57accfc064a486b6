"""A person at a client that asks them, scripted: they read the question and give one answer, at their own pace."""

from dataclasses import dataclass, field

from mcp.client.context import ClientRequestContext
from mcp.types import ElicitRequestParams, ElicitRequestURLParams, ElicitResult
from tests.entry.wires import Host
from tests.fakes.practice import Practice
from tests.fakes.tasks_client import TasksExtension

from evergrant.settings import LOCAL_TENANT


@dataclass
class Approver:
    """`action` and `decision` are what their client sends, `reads_s` how long they look at the question."""

    world: Practice
    action: str = "accept"
    decision: str = "approve"
    reads_s: float = 2
    forms: list[str] = field(default_factory=list[str])
    links: list[str] = field(default_factory=list[str])

    def host(self, *, tasks: bool = False) -> Host:
        """Their client, which shows forms and opens addresses."""
        return Host(elicit=self._elicit, extensions=[TasksExtension(self._open, self._fill)] if tasks else ())

    async def approve_elsewhere(self) -> None:
        """As at the page: the one call that waits."""
        (call,) = self.world.app.held_calls.listed(LOCAL_TENANT)
        assert await self.world.app.held_calls.approvals.approve(LOCAL_TENANT, call.id, "Ada")

    async def _elicit(self, context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:  # noqa: ARG002
        if isinstance(params, ElicitRequestURLParams):
            return ElicitResult.model_validate({"action": await self._open(params.url, params.message)})
        return await self._fill(params.message)

    async def _open(self, url: str, _message: str) -> str:
        self.world.clock.advance(self.reads_s)
        self.links.append(url)
        await self.approve_elsewhere()
        return "accept"

    async def _fill(self, message: str) -> ElicitResult:
        self.world.clock.advance(self.reads_s)
        self.forms.append(message)
        content = {"decision": self.decision} if self.decision else None
        return ElicitResult.model_validate({"action": self.action, "content": content})
