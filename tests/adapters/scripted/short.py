"""Models for the pages: each searches once, and says how it went."""

import json

import httpx2
from agents.testing import ModelStep, ScriptedModel, assistant_message, function_call
from anthropic import AsyncAnthropic
from pydantic_ai import ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from tests.adapters.scripted.anthropic import MESSAGE

SEARCH = "hubspot_search_contacts"
GIVEN = {"query": "bakery"}
DONE = "They all do."


def openai_model() -> ScriptedModel:
    """For the OpenAI Agents SDK."""
    call = function_call(SEARCH, json.dumps(GIVEN), call_id="call_1")
    return ScriptedModel([ModelStep(output=[call]), ModelStep(output=[assistant_message(DONE)])])


def pydantic_model() -> FunctionModel:
    """For Pydantic AI."""

    def answer(messages: list[ModelMessage], _info: AgentInfo) -> ModelResponse:
        return ModelResponse([ToolCallPart(SEARCH, GIVEN)]) if len(messages) == 1 else ModelResponse([TextPart(DONE)])

    return FunctionModel(answer)


def anthropic_client() -> AsyncAnthropic:
    """For Anthropic's SDK."""
    call = {"type": "tool_use", "id": "toolu_1", "name": SEARCH, "input": GIVEN}
    said = {"type": "text", "text": DONE}

    def answer(request: httpx2.Request) -> httpx2.Response:
        first = isinstance(json.loads(request.content)["messages"][-1]["content"], str)
        content, reason = ([call], "tool_use") if first else ([said], "end_turn")
        return httpx2.Response(200, json={**MESSAGE, "content": content, "stop_reason": reason})

    http = httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
    return AsyncAnthropic(api_key="none", base_url="http://localhost", http_client=http)
