"""An agent of the OpenAI Agents SDK whose model is a script."""

from agents import Agent, RunConfig, Runner
from agents.testing import ModelCall, ModelStep, ScriptedModel, assistant_message, function_call
from tests.fakes.three_services import NAMES, TURNS, Script, ThreeServices

from evergrant.adapters.calling import Ask
from evergrant.adapters.openai_agents import function_tools

QUIET = RunConfig(tracing_disabled=True)
"""Its tracing sends what is said to OpenAI."""


async def run(services: ThreeServices, script: Script, ask: Ask | None = None) -> str:
    """The agent's last words."""
    tools = [tool for name in NAMES for tool in await function_tools(services.client, name, toolset=name, ask=ask)]

    def step(call: ModelCall) -> ModelStep:
        calls = [function_call(each.tool, each.arguments, call_id=each.id) for each in script.wanted(call.input)]
        return ModelStep(output=calls or [assistant_message("Done.")])

    model = ScriptedModel([ModelStep.respond(step) for _ in range(TURNS + 1)])
    done = await Runner.run(Agent(name="night", model=model, tools=[*tools]), "Work.", max_turns=99, run_config=QUIET)
    model.assert_complete()
    return str(done.final_output)


async def told(services: ThreeServices, arguments: str) -> str:
    """What the model is told of one call with these arguments."""
    tools = await function_tools(services.client, "demo_salesforce", tool_names=["demo_salesforce_append_row"])
    call = function_call("demo_salesforce_append_row", arguments, call_id="call_1")
    model = ScriptedModel([ModelStep(output=[call]), ModelStep(output=[assistant_message("Done.")])])
    await Runner.run(Agent(name="night", model=model, tools=[*tools]), "Work.", run_config=QUIET)
    return str(model.calls[-1].input)
