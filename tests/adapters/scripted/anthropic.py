"""Anthropic's tool runner over an API that is a script."""

import json

import httpx2
from anthropic import AsyncAnthropic
from anthropic.types import Message, ToolResultBlockParam
from anthropic.types.beta import BetaMessageParam
from tests.fakes.three_services import NAMES, Script, ThreeServices

from evergrant.adapters.anthropic import runnable_tools, tool_results
from evergrant.adapters.calling import Ask

WORK: BetaMessageParam = {"role": "user", "content": "Work."}
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "scripted",
    "stop_sequence": None,
    "usage": {"input_tokens": 1, "output_tokens": 1},
}


def model(script: Script) -> AsyncAnthropic:
    """A client whose API is in this process."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        calls = script.wanted(json.loads(request.content)["messages"])
        uses = [{"type": "tool_use", "id": each.id, "name": each.tool, "input": each.given} for each in calls]
        content = uses or [{"type": "text", "text": "Done."}]
        return httpx2.Response(
            200, json={**MESSAGE, "content": content, "stop_reason": "tool_use" if uses else "end_turn"}
        )

    http = httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
    return AsyncAnthropic(api_key="none", base_url="http://localhost", http_client=http)


async def run(services: ThreeServices, script: Script, ask: Ask | None = None) -> str:
    """The runner's last words."""
    tools = [tool for name in NAMES for tool in await runnable_tools(services.client, name, toolset=name, ask=ask)]
    async with model(script) as client:
        runner = client.beta.messages.tool_runner(max_tokens=99, model="scripted", tools=tools, messages=[WORK])
        last = await runner.until_done()
    return "".join(block.text for block in last.content if block.type == "text")


async def run_by_hand(services: ThreeServices, script: Script) -> str:
    """As `run`, in a loop of one's own."""
    tools = [tool for name in NAMES for tool in await runnable_tools(services.client, name, toolset=name)]
    told = [tool.to_dict() for tool in tools]
    messages: list[BetaMessageParam] = [WORK]
    async with model(script) as client:
        while True:
            said = await client.beta.messages.create(max_tokens=99, model="scripted", tools=told, messages=messages)
            if said.stop_reason != "tool_use":
                return "".join(block.text for block in said.content if block.type == "text")
            messages.append({"role": "assistant", "content": said.content})
            messages.append({"role": "user", "content": await tool_results(tools, said)})


async def results_of(services: ThreeServices, *uses: tuple[str, object]) -> list[ToolResultBlockParam]:
    """What calls of tools come to, each a name and an input."""
    tools = await runnable_tools(services.client, "demo_salesforce")
    content = [{"type": "tool_use", "id": name, "name": name, "input": given} for name, given in uses]
    return await tool_results(tools, Message.model_validate({**MESSAGE, "content": content, "stop_reason": "tool_use"}))
