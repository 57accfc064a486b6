"""YAML as JSON with comments and anchors: no dates, no yes and no, no octal numbers, no tags, no repeated keys.

PyYAML's parser does the reading and its events are put together here: its own constructor guesses at what a connector
must write out, and takes three times as long, while somebody waits for a connector's first call.
"""

import re
from collections.abc import Callable, Mapping
from typing import cast

import yaml

from evergrant.model.json import Json

_INT = re.compile(r"-?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+(?:[eE][-+]?[0-9]+)?")
_WORDS: Mapping[str, Json] = {"true": True, "false": False, "null": None, "": None}
_NUMBERS_BEGIN = frozenset("-0123456789")


class Fault(Exception):
    """Valid YAML, and none of ours: the message says why, `line` where (from 1)."""

    def __init__(self, problem: str, event: yaml.Event) -> None:
        super().__init__(problem)
        self.line = event.start_mark.line + 1 if event.start_mark else 1


class Values:
    """The values that a parser's events stand for."""

    def __init__(self, content: bytes) -> None:
        # Bound once: it is called some thousands of times for a file.
        self._next = cast("Callable[[], yaml.Event]", yaml.CSafeLoader(content).get_event)
        self._anchors: dict[str, Json] = {}

    def document(self) -> Json:
        """The value of the one document there is; raises Fault, MarkedYAMLError."""
        self._next()
        if isinstance(self._next(), yaml.StreamEndEvent):
            return None
        value = self._value(self._next())
        self._next()
        if not isinstance(end := self._next(), yaml.StreamEndEvent):
            raise Fault("a second document begins here", end)
        return value

    def _value(self, event: yaml.Event) -> Json:
        if isinstance(event, yaml.ScalarEvent) and event.anchor is None and event.tag is None:
            return event.value if event.style else _plain(event.value)
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise Fault(f"nothing before this alias is called &{event.anchor}", event)
            return self._anchors[event.anchor]
        begun = cast("yaml.ScalarEvent | yaml.CollectionStartEvent", event)
        if begun.tag not in (None, "!"):
            raise Fault("tags have no meaning here", event)
        value = self._untagged(event)
        if begun.anchor:
            self._anchors[begun.anchor] = value
        return value

    def _untagged(self, event: yaml.Event) -> Json:
        if isinstance(event, yaml.ScalarEvent):
            return event.value if event.style else _plain(event.value)
        return self._mapping() if isinstance(event, yaml.MappingStartEvent) else self._list()

    def _mapping(self) -> Json:
        found = dict[str, Json]()
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise Fault("a key is a text", event)
            if event.value in found:
                raise Fault("a key is repeated in this mapping", event)
            found[event.value] = self._value(self._next())
        return found

    def _list(self) -> Json:
        found = list[Json]()
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            found.append(self._value(event))
        return found


def _plain(text: str) -> Json:
    """What a scalar without quotes stands for."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in _NUMBERS_BEGIN:
        if _INT.fullmatch(text):
            return int(text)
        if _FLOAT.fullmatch(text):
            return float(text)
    return text
