"""Schemathesis against the served API: every request that its document allows, and many that it forbids.

Two rules of it do not fit. `positive_data_acceptance` takes what fits a schema for what must be accepted; but that a
cursor is one that was given, that a connector is there, that a tool takes this input, no schema says. And with
`Idempotency-Key`s that repeat, answers repeat too, so each request gets a key of its own (test_idempotency.py has the
others).
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# (Schemathesis leaves the arguments of its generic types open)

from collections import Counter
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count, cycle
from typing import Any

import schemathesis
from pydantic import JsonValue, ValidationError
from schemathesis.config import SchemathesisConfig
from schemathesis.core.transport import Response
from schemathesis.engine import events, from_schema
from schemathesis.generation import GenerationMode
from schemathesis.generation.case import Case
from schemathesis.hooks import HookContext, unregister
from schemathesis.schemas import BaseSchema
from tests.entry.api.served import Served

from evergrant.entry.api.idempotency_key import HEADER
from evergrant.entry.api.operation import Described

DOCUMENT = "/v1/openapi.json"


@dataclass
class Found:
    """What came of a run."""

    answers: Counter[tuple[str, int]] = field(default_factory=Counter[tuple[str, int]])
    """How many, by operation and status."""
    faults: list[str] = field(default_factory=list[str])


def fuzz(api: Served, examples: int, seed: int = 1) -> Found:
    """Run every phase of Schemathesis, with so many examples for each operation."""
    found = Found()
    schema = _schema(api, examples, seed)
    with _hooked(api, found):
        _run(schema, found)
    return found


def _run(schema: BaseSchema, found: Found) -> None:
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            found.answers.update(_answers(event))
            found.faults.extend(_faults(event))
        elif isinstance(event, events.NonFatalError):
            found.faults.append(f"{event.label}: {event.value}")
        elif isinstance(event, events.FatalError):
            raise event.exception


def _schema(api: Served, examples: int, seed: int) -> BaseSchema:
    bearer = {"Authorization": f"Bearer {api.token}"}
    config = SchemathesisConfig.from_dict(
        {
            "seed": seed,
            "headers": bearer,
            "parameters": {f"path.{name}": value for name, value in api.seeds.items()},
            "generation": {"max-examples": examples, "deterministic": True, "database": "none"},
            "checks": {"positive_data_acceptance": {"enabled": False}},
        }
    )
    return schemathesis.openapi.from_asgi(DOCUMENT, api, config=config, headers=bearer)


@contextmanager
def _hooked(api: Served, found: Found) -> Generator[None]:
    """Within the block requests mean something, and answers are held against their models."""
    real, number = {name: cycle(bodies) for name, bodies in _bodies(api.seeds).items()}, count()

    @schemathesis.hook
    def before_call(context: HookContext, case: Case[Any], kwargs: object) -> None:
        positive = case.meta is None or case.meta.generation.mode is GenerationMode.POSITIVE
        if positive and case.operation.label in real:
            case.body = next(real[case.operation.label])
        if positive and case.headers and HEADER in case.headers:
            case.headers[HEADER] = f"key-{next(number)}"

    routes = {(route.method, route.path): route for route in api.web.routes if isinstance(route, Described)}

    @schemathesis.hook
    def after_call(context: HookContext, case: Case[Any], response: Response) -> None:
        route = routes.get((case.method, case.operation.path))
        if route and response.status_code < 300:
            try:
                route.operation.gives.model_validate_json(response.content)
            except ValidationError as error:
                found.faults.append(f"{case.operation.label} does not fit its model: {error}")

    try:
        yield
    finally:
        unregister(before_call)
        unregister(after_call)


def _bodies(seeds: Mapping[str, str]) -> dict[str, list[dict[str, JsonValue]]]:
    """Requests that mean something: at random nobody hits upon an account and a tool of it."""
    search: dict[str, JsonValue] = {"tool_name": "sandbox_search_contacts", "tool_input": {"query": "a"}}
    return {
        "POST /v1/execute": [
            {"connected_account_id": "acme", **search},
            {"connected_account_id": "acme", "tool_name": "sandbox_append_row", "tool_input": {"row": ["a"]}},
            {"connected_account_id": "acme", "tool_name": "sandbox_append_row", "tool_input": {"row": 1}},
            {"connected_account_id": "other", **search},
            {"connected_account_id": "nobody", **search},
        ],
        "POST /v1/links": [
            {"connector": "sandbox", "values": {"origin": seeds["origin"]}},
            {"connected_account_id": "conn_none"},
        ],
        "POST /v1/webhook_endpoints": [{"url": seeds["url"]}, {"url": "https://hooks.example.com"}],
    }


def _answers(event: events.ScenarioFinished) -> Iterator[tuple[str, int]]:
    for case_id, interaction in event.recorder.interactions.items():
        if interaction.response is not None:
            yield event.recorder.cases[case_id].value.operation.label, int(interaction.response.status_code)


def _faults(event: events.ScenarioFinished) -> Iterator[str]:
    for checks in event.recorder.checks.values():
        for check in checks:
            if check.failure_info is not None:
                failure = check.failure_info.failure
                yield f"{event.recorder.label}, {check.name}: {failure.message}\n{check.failure_info.code_sample}"
