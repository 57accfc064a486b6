"""An agent of Pydantic AI whose model is a script."""

from pydantic_ai import Agent, DeferredToolRequests, ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from tests.fakes.three_services import NAMES, Script, ThreeServices

from evergrant.adapters.pydantic_ai import account_toolset, resumed
from evergrant.settings import LOCAL_TENANT

Night = Agent[object, str | DeferredToolRequests]


async def agent(services: ThreeServices, script: Script) -> Night:
    """One that stops where a person is needed."""

    def model(messages: list[ModelMessage], _info: AgentInfo) -> ModelResponse:
        calls = [ToolCallPart(each.tool, each.arguments, tool_call_id=each.id) for each in script.wanted(messages)]
        return ModelResponse(calls) if calls else ModelResponse([TextPart("Done.")])

    toolsets = [await account_toolset(services.client, name, toolset=name, defer=True) for name in NAMES]
    return Agent(FunctionModel(model), output_type=[str, DeferredToolRequests], deps_type=object, toolsets=toolsets)


async def told(services: ThreeServices, *inputs: dict[str, object]) -> list[str]:
    """What the model is told, one call after another; its first words of each answer."""
    toolset = await account_toolset(services.client, "demo_salesforce", tool_names=["demo_salesforce_append_row"])
    calls = iter(inputs)
    heard: list[str] = []

    def model(messages: list[ModelMessage], _info: AgentInfo) -> ModelResponse:
        heard.append(str(messages[-1].parts[-1]))
        given = next(calls, None)
        return ModelResponse(
            [TextPart("Done.") if given is None else ToolCallPart("demo_salesforce_append_row", given)]
        )

    await Agent(FunctionModel(model), deps_type=object, toolsets=[toolset]).run("Work.")
    return heard[1:]


async def deleted(
    services: ThreeServices, contact_id: str = "con_00000001", *, approved: bool = True
) -> tuple[DeferredToolRequests, object]:
    """Where a run stopped that deletes a contact, and what it came to once a person had decided about that."""
    name = "demo_salesforce_delete_contact"
    toolset = await account_toolset(services.client, "demo_salesforce", tool_names=[name], defer=True)

    def model(messages: list[ModelMessage], _info: AgentInfo) -> ModelResponse:
        wants = ToolCallPart(name, {"contact_id": contact_id})
        return ModelResponse([wants if len(messages) == 1 else TextPart(str(messages[-1].parts[-1]))])

    agent = Agent(FunctionModel(model), output_type=[str, DeferredToolRequests], deps_type=object, toolsets=[toolset])
    stopped = await agent.run("Work.")
    assert isinstance(stopped.output, DeferredToolRequests)
    (said,) = stopped.output.metadata.values()
    approvals = services.app.held_calls.approvals
    await (approvals.approve if approved else approvals.refuse)(LOCAL_TENANT, said["call_id"], "Ada")
    results = await resumed(services.client, stopped.output)
    done = await agent.run(message_history=stopped.all_messages(), deferred_tool_results=results)
    return stopped.output, done.output
