"""Fixtures that need several rounds on 2026-07-28 (SEP-2322)."""

import json
from typing import Any

from mcp.types import (
    CallToolRequestParams,
    CallToolResult,
    CreateMessageRequest,
    CreateMessageRequestParams,
    CreateMessageResult,
    InputRequests,
    InputRequiredResult,
    ListRootsRequest,
    ListRootsResult,
    SamplingMessage,
    TextContent,
)
from tests.conformance.fixture import Fixture, answer, fixture, form, text

from evergrant.entry.mcp.client import Context

Round = CallToolResult | InputRequiredResult
NAME = {"name": {"type": "string"}}
OK = {"ok": {"type": "boolean"}}


def _ask(requests: InputRequests, state: object = None) -> InputRequiredResult:
    return InputRequiredResult(input_requests=requests, request_state=None if state is None else json.dumps(state))


def _sample(prompt: str) -> CreateMessageRequest:
    message = SamplingMessage(role="user", content=TextContent(text=prompt))
    return CreateMessageRequest(params=CreateMessageRequestParams(messages=[message], max_tokens=100))


async def _elicitation(_: Context, params: CallToolRequestParams) -> Round:
    name = answer(params.input_responses, "user_name", "name")
    return text(f"Hello, {name}!") if name else _ask({"user_name": form("What is your name?", NAME)})


async def _sampling(_: Context, params: CallToolRequestParams) -> Round:
    said = (params.input_responses or {}).get("sample_request")
    if isinstance(said, CreateMessageResult) and isinstance(said.content, TextContent):
        return text(f"Sampling result: {said.content.text}")
    return _ask({"sample_request": _sample("What is the capital of France?")})


async def _roots(_: Context, params: CallToolRequestParams) -> Round:
    said = (params.input_responses or {}).get("roots_request")
    if isinstance(said, ListRootsResult):
        return text(f"Found {len(said.roots)} root(s)")
    return _ask({"roots_request": ListRootsRequest()})


async def _with_state(_: Context, params: CallToolRequestParams) -> Round:
    if params.request_state and answer(params.input_responses, "confirm", "ok"):
        return text("state-ok: the state came back as it was sealed")
    return _ask({"confirm": form("Please confirm", OK)}, "confirm")


async def _tampered(_: Context, params: CallToolRequestParams) -> Round:
    # A state that was tampered with ends at the server's boundary, so that none is seen here.
    if params.request_state and answer(params.input_responses, "confirm", "ok"):
        return text("integrity-ok: the state was verified")
    return _ask({"confirm": form("Please confirm", OK)}, "tamper")


async def _several(_: Context, params: CallToolRequestParams) -> Round:
    said = params.input_responses or {}
    name = answer(said, "user_name", "name")
    if name and {"greeting", "client_roots"} <= said.keys():
        return text(f"All answered by {name}")
    questions: InputRequests = {
        "user_name": form("What is your name?", NAME),
        "greeting": _sample("Generate a greeting"),
        "client_roots": ListRootsRequest(),
    }
    return _ask(questions, "several")


async def _rounds(_: Context, params: CallToolRequestParams) -> Round:
    state: dict[str, Any] = json.loads(params.request_state) if params.request_state else {}
    name = answer(params.input_responses, "step1", "name")
    color = answer(params.input_responses, "step2", "color")
    if state.get("name") and color:
        return text(f"Multi-round complete for {state['name']} who likes {color}")
    if state and name:
        asked = form("Step 2: What is your favorite color?", {"color": {"type": "string"}})
        return _ask({"step2": asked}, {"round": 2, "name": name})
    return _ask({"step1": form("Step 1: What is your name?", NAME)}, {"round": 1})


async def _capabilities(context: Context, params: CallToolRequestParams) -> Round:
    if params.input_responses:
        return text(f"capabilities-ok: received {','.join(params.input_responses)}")
    can = context.session.client_capabilities
    asked: InputRequests = {}
    if can and can.elicitation is not None:
        asked["elicit_input"] = form("Elicitation input", {"value": {"type": "string"}})
    if can and can.sampling is not None:
        asked["sample_input"] = _sample("Sample request")
    return _ask(asked, "capabilities") if asked else text("The client can do nothing of it.")


ROUNDS: tuple[Fixture, ...] = (
    fixture("test_input_required_result_elicitation", _elicitation),
    fixture("test_input_required_result_sampling", _sampling),
    fixture("test_input_required_result_list_roots", _roots),
    fixture("test_input_required_result_request_state", _with_state),
    fixture("test_input_required_result_tampered_state", _tampered),
    fixture("test_input_required_result_multiple_inputs", _several),
    fixture("test_input_required_result_multi_round", _rounds),
    fixture("test_input_required_result_capabilities", _capabilities),
)
