"""Find tools by words: BM25 over names, descriptions and inputs, with a few synonyms of verbs."""

import math
import re
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass

from evergrant.catalog.tool import Tool

Entry = tuple[str, str, Tool]
"""Connector, tool name, tool."""

SATURATION = 1.2
LENGTH_SHARE = 0.6
SYNONYM_WEIGHT = 0.6
CORE_BONUS = 1.2
NAME, CONNECTOR, SUMMARY, REST, INPUT = 3.0, 1.5, 1.5, 0.4, 0.5
"""What a word counts for by its place. The rest of a description names neighbouring tools, so it counts for little."""

_WORD = re.compile(r"[a-z0-9]+")
_STOP = frozenset(
    re.findall(_WORD, "a an and are as at be by for from in into is it of on or that the this to up when with")
)
_SYNONYMS = tuple(
    frozenset(group.split())
    for group in (
        "post send write",
        "find search look lookup list",
        "get read fetch show open",
        "add append create new insert",
        "change update edit modify",
        "remove delete clear erase",
    )
)


@dataclass(frozen=True, slots=True)
class Hit:
    """A tool that fits a query; a higher score fits better, and scores of different queries do not compare."""

    connector: str
    name: str
    tool: Tool
    score: float


@dataclass(frozen=True, slots=True)
class Index:
    """Where each word occurs: word -> place in `entries` -> how much it counts there."""

    entries: tuple[Entry, ...]
    places: Mapping[str, Mapping[int, float]]
    shortness: tuple[float, ...]
    """For each entry, the part of BM25's denominator that its length decides."""


def build(entries: Iterable[Entry]) -> Index:
    """The index of the given tools."""
    listed = tuple(entries)
    counts = [_count(entry) for entry in listed]
    places: dict[str, dict[int, float]] = {}
    for place, counted in enumerate(counts):
        for word, weight in counted.items():
            places.setdefault(word, {})[place] = weight
    lengths = [sum(counted.values()) for counted in counts]
    mean = sum(lengths) / len(lengths) if lengths else 1.0
    shortness = tuple(SATURATION * (1 - LENGTH_SHARE + LENGTH_SHARE * length / mean) for length in lengths)
    return Index(listed, places, shortness)


def search(
    index: Index,
    query: str,
    limit: int,
    connectors: Container[str] | None = None,
    may_call: Callable[[str, Tool], bool] = lambda _name, _tool: True,
) -> list[Hit]:
    """The best `limit` tools, best first, that `may_call` admits; of `connectors` only, where it is given."""
    scores: dict[int, float] = defaultdict(float)
    for word, weight in _asked(query).items():
        found = index.places.get(word, {})
        rarity = math.log(1 + (len(index.entries) - len(found) + 0.5) / (len(found) + 0.5))
        for place, count in found.items():
            scores[place] += weight * rarity * count * (SATURATION + 1) / (count + index.shortness[place])
    named = (place for place, (_, name, _) in enumerate(index.entries) if name == query.strip())
    scores.update(dict.fromkeys(named, math.inf))  # who knows the name wants that tool, whatever its words
    hits = (_hit(index.entries[place], score) for place, score in scores.items())
    there = (hit for hit in hits if connectors is None or hit.connector in connectors)
    wanted = (hit for hit in there if may_call(hit.name, hit.tool))
    return sorted(wanted, key=lambda hit: (-hit.score, hit.name))[:limit]


def summary(tool: Tool) -> str:
    """The first sentence of a tool's description."""
    return re.split(r"(?<=[.;])\s", tool.description, maxsplit=1)[0].rstrip(".;") + "."


def _hit(entry: Entry, score: float) -> Hit:
    connector, name, tool = entry
    return Hit(connector, name, tool, score * (CORE_BONUS if tool.tier == "core" else 1.0))


def _count(entry: Entry) -> dict[str, float]:
    connector, name, tool = entry
    first = summary(tool)
    counted: dict[str, float] = defaultdict(float)
    for text, weight in (
        (name.removeprefix(f"{connector}_"), NAME),
        (connector, CONNECTOR),
        (first, SUMMARY),
        (tool.description[len(first) :], REST),
        (" ".join(tool.input), INPUT),
    ):
        for word in _words(text):
            counted[word] += weight
    return counted


def _asked(query: str) -> dict[str, float]:
    """The words of a query, and their synonyms for less."""
    words = dict.fromkeys(_words(query), 1.0)
    others = {other for group in _SYNONYMS for word in words if word in group for other in group}
    return {**dict.fromkeys(others, SYNONYM_WEIGHT), **words}


def _words(text: str) -> list[str]:
    return [_singular(word) for word in _WORD.findall(text.lower()) if word not in _STOP]


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
