"""Names and descriptions of tools: written for a model that has to choose between hundreds."""

import re
from collections.abc import Iterator

from evergrant.catalog.tool import Tool
from evergrant.lint.finding import Fault, Subject

VERBS = frozenset(
    [
        "add",
        "append",
        "apply",
        "archive",
        "assign",
        "batch",
        "cancel",
        "clear",
        "close",
        "comment",
        "complete",
        "convert",
        "copy",
        "create",
        "delete",
        "describe",
        "download",
        "export",
        "finalize",
        "find",
        "format",
        "forward",
        "get",
        "insert",
        "invite",
        "link",
        "list",
        "log",
        "mark",
        "merge",
        "modify",
        "move",
        "push",
        "query",
        "quick",
        "read",
        "remove",
        "rename",
        "reopen",
        "replace",
        "reply",
        "respond",
        "restore",
        "review",
        "run",
        "schedule",
        "search",
        "send",
        "set",
        "share",
        "snooze",
        "start",
        "stop",
        "subscribe",
        "summarize",
        "tag",
        "transition",
        "trash",
        "update",
        "upload",
        "upsert",
        "write",
    ]
)
ALONE = frozenset({"search"})
"""Verbs that need no object: all that there is in the service."""
SHORTEST = 120
"""Characters; more than 600 cannot be read in at all."""
SALES = re.compile(
    r"\b(?:powerful|seamless(?:ly)?|easily|simply|best-in-class|robust|amazing|effortless(?:ly)?)\b", re.IGNORECASE
)
WHEN = re.compile(r"\bUse (?:it|this)\b")
INSTEAD = re.compile(r"\buse (?!it\b|this\b)\S+", re.IGNORECASE)
TOOL_NAME = re.compile(r"\b[a-z][a-z0-9]*(?:_[a-z0-9]+)+\b")


def name_faults(subject: Subject, name: str, tool: Tool) -> Iterator[Fault]:
    """`service_verb_object`, with a verb that others use too."""
    words = name.removeprefix(f"{subject.name}_").split("_")
    if tool.passthrough is not None:
        if words != ["request"]:
            wanted = f"{subject.name}_request"
            yield Fault("name", (name,), "A passthrough has another name.", f"Call it {wanted}.")
        return
    if words[0] not in VERBS:
        do = f"Begin with one of: {', '.join(sorted(VERBS))}."
        yield Fault("name", (name,), f"{words[0]!r} is not among the verbs of tools.", do)
    if len(words) < 2 and words[0] not in ALONE:
        yield Fault("name", (name,), "The name has a verb and no object.", f"Say on what: {name}_messages.")


def description_faults(subject: Subject, name: str, tool: Tool) -> Iterator[Fault]:
    """What it does and on what; when to use it; what to use instead."""
    text, at = " ".join(tool.description.split()), (name, "description")
    if len(text) < SHORTEST:
        do = f"Write {SHORTEST} to 600: what it does and on what, when to use it, what to use instead."
        yield Fault("description", at, f"It has {len(text)} characters.", do)
    if not text[:1].isupper() or not text.endswith("."):
        yield Fault(
            "description", at, "It is not made of whole sentences.", "Begin with a capital, end with a full stop."
        )
    if found := SALES.search(text):
        yield Fault("description", at, f"{found[0]!r} praises and tells nothing.", "Leave it out.")
    if not WHEN.search(text):
        yield Fault("description", at, "It does not say when.", 'Add "Use it to ..." or "Use it when ...".')
    elif not INSTEAD.search(WHEN.sub("", text)):
        yield Fault("description", at, "It does not say what to use instead.", 'Add "use OTHER_TOOL for ...".')
    for other in sorted(set(TOOL_NAME.findall(text)) - set(subject.tools)):
        called = other.removeprefix(f"{subject.name}_")
        if called != other and called.split("_")[0] in VERBS:
            yield Fault("description", at, f"There is no tool {other}.", "Name one that there is.")
