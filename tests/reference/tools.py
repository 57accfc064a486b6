"""docs/reference/tools.md: every tool in a line, and what the catalogue costs a model that reads it."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from statistics import mean
from typing import Final

from evergrant.catalog.catalog import Catalog
from evergrant.catalog.connector import Connector
from evergrant.catalog.search import summary
from evergrant.catalog.tool import Tool
from evergrant.entry.mcp.envelope import schema
from evergrant.lint.inputs import CHARACTERS_OF_A_TOKEN, tokens

PRACTICE: Final = "sandbox"
MARKS: Final = {"read": "", "write": "writes", "destroy": "destroys"}
HEAD: Final = """# The tools

Made by `scripts/tools --write`. Tokens are characters / 4 of name, description and input schema as JSON:
what hosts show a model. Title, hints, icon and output schema go over the wire for programs, and are counted only where
a line says so.

"""


@dataclass(frozen=True, slots=True)
class Score:
    """How many of so many everyday requests find a right tool first, and among the first five."""

    requests: int
    first: int
    shown: int


@dataclass(frozen=True, slots=True)
class Scores:
    """Of requests in plain words, and of others as people talk."""

    plain: Score
    colloquial: Score


def shipped(catalog: Catalog) -> Mapping[str, Mapping[str, Tool]]:
    """The tools of every service, without the practice provider."""
    return {name: catalog.tools(name) for name in catalog.connectors() if name != PRACTICE}


def mean_tokens(services: Mapping[str, Mapping[str, Tool]]) -> float:
    """Of one tool."""
    return mean(tokens(name, tool) for tools in services.values() for name, tool in tools.items())


def mean_output_tokens(services: Mapping[str, Mapping[str, Tool]]) -> float:
    """Of the output schema of one tool, as on the wire."""
    schemas = (schema(tool.output_schema or {}) for tools in services.values() for tool in tools.values())
    return mean(len(json.dumps(each, separators=(",", ":"))) // CHARACTERS_OF_A_TOKEN for each in schemas)


def totals(services: Mapping[str, Mapping[str, Tool]], scores: Scores, surface: int) -> Sequence[str]:
    """The figures, a line each."""
    everything = [tool for tools in services.values() for tool in tools.values()]
    core = sum(tool.tier == "core" and tool.passthrough is None for tool in everything)
    return (
        f"{len(services)} services, {core} core tools, {len(everything)} in all.",
        f"A tool has {mean_tokens(services):.0f} tokens on average.",
        f"Where a host shows output schemas to its model too, each adds {mean_output_tokens(services):.0f} tokens.",
        f"What an agent with no account is shown has {surface} tokens.",
        f"Of {scores.plain.requests} everyday requests {scores.plain.shown} find a right tool among the first five, "
        f"{scores.plain.first} as the first; said as people talk, {scores.colloquial.shown} and "
        f"{scores.colloquial.first} of {scores.colloquial.requests}.",
    )


def page(catalog: Catalog, scores: Scores, surface: int) -> str:
    """The whole page."""
    services = shipped(catalog)
    figures = "".join(f"- {line}\n" for line in totals(services, scores, surface))
    rows = "".join(_row(name, catalog.connector(name), tools) for name, tools in services.items())
    head = "\n| Service | Tools | Tokens each | Signs in with | Registering a client |\n|---|--:|--:|---|---|\n"
    parts = chain.from_iterable(_part(name, catalog.connector(name), tools) for name, tools in services.items())
    return HEAD + figures + head + rows + "".join(parts)


def _row(name: str, connector: Connector, tools: Mapping[str, Tool]) -> str:
    each = mean(tokens(tool, declared) for tool, declared in tools.items())
    way = connector.auth.kind if connector.auth else f"OAuth, {connector.oauth.grant_type.replace('_', ' ')}"
    guide = connector.registration
    effort = f"{guide.minutes} min" if guide else "none"
    return f"| [{connector.name}](#{name}) | {len(tools)} | {each:.0f} | {way} | {effort} |\n"


def _part(name: str, connector: Connector, tools: Mapping[str, Tool]) -> Iterator[str]:
    effects = Counter(tool.effect for tool in tools.values())
    yield f"\n## {name}\n\n{connector.description} {effects['read']} read, {effects['write']} write, "
    yield f"{effects['destroy']} destroy. [Reference]({connector.docs})\n\n| tool | | |\n|---|---|---|\n"
    for tool, declared in tools.items():
        yield f"| `{tool}` | {MARKS[declared.effect]} | {summary(declared).replace('|', '/')} |\n"
