"""Descriptions of tools as our lint asks for them: what it does, when to use it, and what to use instead."""

import re
from collections.abc import Iterator, Mapping, Sequence

from evergrant.lint.names import INSTEAD, SHORTEST, TOOL_NAME, VERBS, WHEN
from evergrant.making.document import Operation
from evergrant.making.naming import Name
from evergrant.making.words import clean, prose, sentence, singular

LONGEST = 600
REFERENCE = "search_tools"
"""What is always there to fall back on."""
OPPOSITES: Mapping[str, Sequence[str]] = {
    "get": ("list", "search", "find"),
    "list": ("get", "search", "find"),
    "search": ("get", "list"),
    "find": ("get", "list"),
    "create": ("update", "list", "get"),
    "update": ("create", "get", "replace"),
    "replace": ("update", "get", "create"),
    "delete": ("update", "get", "list"),
}
WHENS: Mapping[str, str] = {
    "get": "when you know which one is meant",
    "list": "to see which there are and to find their ids",
    "search": "to find one by what you know of it",
    "find": "to find one by what you know of it",
    "create": "for a new one",
    "update": "to change what is there",
    "replace": "to put a new one in its place",
    "delete": "only when it is to go for good",
}


class Describer:
    """Writes descriptions for the tools of one connector, each of which may name another."""

    def __init__(self, connector: str, title: str, names: Sequence[Name]) -> None:
        self._connector = connector
        self._title = title
        self._names = {name.tool: name for name in names}
        self._by_what: dict[str, list[Name]] = {}
        self._by_word: dict[str, list[Name]] = {}
        for name in names:
            self._by_what.setdefault(_one(name.what), []).append(name)
            self._by_word.setdefault(_one(name.what).rpartition(" ")[2], []).append(name)

    def describe(self, operation: Operation, name: Name, longest: int, alone: Sequence[str] = ()) -> str:
        """The description, of 120 characters at least and about `longest` plus two sentences."""
        purpose = self._purpose(operation, name, longest)
        is_one = name.verb == "get" and "{" not in operation.path
        when = "to see how it is now" if is_one else WHENS.get(name.verb, f"to {name.verb} {name.what}")
        instead, what_for = self._instead(name)
        text = f"{purpose} Use it {when}; use {instead} {what_for}."
        for more in (*alone, *self._padding(operation)):
            if more in alone or len(text) < SHORTEST:
                text += f" {more}"
        return text[:LONGEST] if len(text) <= LONGEST else f"{text[: LONGEST - 1].rpartition('. ')[0]}."

    def gives(self, name: str, within: Name) -> str | None:
        """The tool that gives an id such as `user_id`."""
        what = _one(re.sub(r"_?ids?$", "", name).replace("_", " ")) or _one(within.what)
        known = [*self._by_what.get(what, ()), *self._by_word.get(what.rpartition(" ")[2], ())]
        verbs = ("list", "search", "find")
        found = (each for verb in verbs for each in known if each.verb == verb and each.tool != within.tool)
        return next((each.tool for each in found), None)

    def _purpose(self, operation: Operation, name: Name, longest: int) -> str:
        own = f"{name.verb.capitalize()} {'a new' if name.verb == 'create' else 'the'} {name.what}"
        first = sentence(prose(operation.summary, longest))
        rest = prose(operation.description, max(longest - len(first), 0)) if len(first) < longest - 40 else ""
        is_repeated = _same(first, rest)
        said = " ".join(each for each in (first if not is_repeated else "", sentence(rest)) if each)
        said = self._without_others(self._without_advice(said))
        if not said:
            return f"{own} of {self._title}."
        capital = said[:1].upper() + said[1:]
        return sentence(capital if capital[:1].isupper() else f"{own}: {said}")

    @staticmethod
    def _without_advice(said: str) -> str:
        """When to use it is said once, by us."""
        return INSTEAD.sub(lambda found: f"take{found[0][3:]}", WHEN.sub("It serves", said))

    def _without_others(self, said: str) -> str:
        """Words that look like a tool of ours that is not there are words again."""

        def plain(found: re.Match[str]) -> str:
            called = found[0].removeprefix(f"{self._connector}_")
            is_missing = found[0] not in self._names and called != found[0] and called.split("_")[0] in VERBS
            return found[0].replace("_", " ") if is_missing else found[0]

        return TOOL_NAME.sub(plain, said)

    def _instead(self, name: Name) -> tuple[str, str]:
        others = [each for each in self._by_what.get(_one(name.what), ()) if each.tool != name.tool]
        for verb in OPPOSITES.get(name.verb, ("get", "list")):
            for each in others:
                if each.verb == verb:
                    return each.tool, f"to {verb} {_article(each)}"
        if others:
            return others[0].tool, f"to {others[0].verb} {_article(others[0])}"
        return REFERENCE, f"for anything else of {self._title}"

    def _padding(self, operation: Operation) -> Iterator[str]:
        path = clean(operation.path)
        yield f"It is {operation.method} {path} of {self._title}." if len(path) < 120 else f"It is of {self._title}."
        yield "It was made from the description that the service gives of itself."
        yield "Look at the result before you go on from it."


def _article(name: Name) -> str:
    return "them" if name.verb in ("list", "search", "find") else "one"


def _one(what: str) -> str:
    words = what.split()
    return " ".join([*words[:-1], singular(words[-1])]) if words else ""


def _same(first: str, second: str) -> bool:
    """Whether the second text begins as the first one is."""
    one, other = (re.sub(r"\W+", "", each).lower() for each in (first, second))
    return bool(one) and other.startswith(one)
