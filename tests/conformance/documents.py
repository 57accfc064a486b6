"""Fixtures besides tools: resources, prompts, completion, logging."""

import json
from collections.abc import Mapping
from typing import Any

from mcp.server import Server
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INVALID_PARAMS,
    BlobResourceContents,
    CompleteRequestParams,
    CompleteResult,
    Completion,
    EmbeddedResource,
    EmptyResult,
    GetPromptRequestParams,
    GetPromptResult,
    ImageContent,
    InputRequiredResult,
    ListPromptsResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    PaginatedRequestParams,
    Prompt,
    PromptArgument,
    PromptMessage,
    ReadResourceRequestParams,
    ReadResourceResult,
    Resource,
    ResourceTemplate,
    SetLevelRequestParams,
    SubscribeRequestParams,
    TextContent,
    TextResourceContents,
    UnsubscribeRequestParams,
)
from tests.conformance.content import png
from tests.conformance.fixture import answer, form

from evergrant.entry.mcp.client import Context

TEXT, BINARY, WATCHED = "test://static-text", "test://static-binary", "test://watched-resource"
TEMPLATE = "test://template/{id}/data"
Content = TextContent | ImageContent | EmbeddedResource
FRESH: Mapping[str, Any] = {"ttl_ms": 1000, "cache_scope": "private"}


def add_documents(server: Server[Any]) -> None:
    """Let `server` answer what the suite asks for besides tools."""
    server.add_request_handler("resources/list", PaginatedRequestParams, _resources)
    server.add_request_handler("resources/templates/list", PaginatedRequestParams, _templates)
    server.add_request_handler("resources/read", ReadResourceRequestParams, _read)
    server.add_request_handler("resources/subscribe", SubscribeRequestParams, _done)
    server.add_request_handler("resources/unsubscribe", UnsubscribeRequestParams, _done)
    server.add_request_handler("prompts/list", PaginatedRequestParams, _prompts)
    server.add_request_handler("prompts/get", GetPromptRequestParams, _prompt)
    server.add_request_handler("completion/complete", CompleteRequestParams, _complete)
    server.add_request_handler("logging/setLevel", SetLevelRequestParams, _done)


async def _resources(_: Context, __: PaginatedRequestParams | None) -> ListResourcesResult:
    kinds = {TEXT: "text/plain", BINARY: "image/png", WATCHED: "text/plain"}
    found = [Resource(uri=uri, name=uri.removeprefix("test://"), mime_type=kind) for uri, kind in kinds.items()]
    return ListResourcesResult(resources=found, **FRESH)


async def _templates(_: Context, __: PaginatedRequestParams | None) -> ListResourceTemplatesResult:
    found = ResourceTemplate(uri_template=TEMPLATE, name="template", mime_type="application/json")
    return ListResourceTemplatesResult(resource_templates=[found], **FRESH)


async def _read(_: Context, params: ReadResourceRequestParams) -> ReadResourceResult:
    uri = str(params.uri)
    if uri == BINARY:
        return ReadResourceResult(contents=[BlobResourceContents(uri=uri, mime_type="image/png", blob=png())], **FRESH)
    before, after = TEMPLATE.split("{id}")
    if uri in (TEXT, WATCHED):
        kind, said = "text/plain", "This is the content of the static text resource."
    elif uri.startswith(before) and uri.endswith(after):
        name = uri.removeprefix(before).removesuffix(after)
        kind, said = "application/json", json.dumps({"id": name, "templateTest": True, "data": f"Data for ID: {name}"})
    else:
        raise MCPError(INVALID_PARAMS, "Resource not found", {"uri": uri})
    return ReadResourceResult(contents=[TextResourceContents(uri=uri, mime_type=kind, text=said)], **FRESH)


async def _done(_: Context, __: object) -> EmptyResult:
    return EmptyResult()


def _named(name: str, *arguments: str) -> Prompt:
    wanted = [PromptArgument(name=each, required=True) for each in arguments]
    return Prompt(name=name, description=f"For {name}.", arguments=wanted or None)


async def _prompts(_: Context, __: PaginatedRequestParams | None) -> ListPromptsResult:
    found = [
        _named("test_simple_prompt"),
        _named("test_prompt_with_arguments", "arg1", "arg2"),
        _named("test_prompt_with_embedded_resource", "resourceUri"),
        _named("test_prompt_with_image"),
        _named("test_input_required_result_prompt"),
    ]
    return ListPromptsResult(prompts=found, **FRESH)


async def _prompt(_: Context, params: GetPromptRequestParams) -> GetPromptResult | InputRequiredResult:
    given = params.arguments or {}
    match params.name:
        case "test_simple_prompt":
            return _said(TextContent(text="This is a simple prompt for testing."))
        case "test_prompt_with_arguments":
            return _said(TextContent(text=f"Arguments: arg1='{given.get('arg1')}', arg2='{given.get('arg2')}'"))
        case "test_prompt_with_embedded_resource":
            inside = TextResourceContents(uri=given.get("resourceUri", TEXT), mime_type="text/plain", text="Embedded.")
            return _said(EmbeddedResource(resource=inside), TextContent(text="Please process it."))
        case "test_prompt_with_image":
            return _said(ImageContent(data=png(), mime_type="image/png"), TextContent(text="Please look at it."))
        case "test_input_required_result_prompt":
            if context := answer(params.input_responses, "user_context", "context"):
                return _said(TextContent(text=f"Prompt with context: {context}"))
            asked = form("What context should the prompt use?", {"context": {"type": "string"}})
            return InputRequiredResult(input_requests={"user_context": asked})
        case _:
            raise MCPError(INVALID_PARAMS, "Unknown prompt")


def _said(*contents: Content) -> GetPromptResult:
    return GetPromptResult(messages=[PromptMessage(role="user", content=content) for content in contents])


async def _complete(_: Context, __: CompleteRequestParams) -> CompleteResult:
    return CompleteResult(completion=Completion(values=[], total=0, has_more=False))
