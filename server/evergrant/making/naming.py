"""Names of tools, `service_verb_object`, from an operation's own id and path."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from evergrant.lint.names import VERBS
from evergrant.making.document import Operation
from evergrant.making.words import is_version, singular, split

LONGEST = 48
SYNONYMS: Mapping[str, str] = {
    "all": "list", "browse": "list", "bulk": "batch", "clone": "copy", "destroy": "delete", "detach": "remove",
    "duplicate": "copy", "edit": "update", "enumerate": "list", "erase": "delete", "execute": "run", "fetch": "get",
    "generate": "create", "index": "list", "invoke": "run", "load": "get", "lookup": "find", "make": "create",
    "new": "create", "patch": "update", "post": "create", "put": "replace", "reset": "clear", "retrieve": "get",
    "save": "set", "show": "get", "store": "set", "submit": "send", "terminate": "stop", "trigger": "run",
    "unarchive": "restore", "undelete": "restore", "view": "get", "attach": "add", "register": "create",
    "watch": "subscribe", "import": "upload",
}  # fmt: skip
"""Other words for the verbs that tools have."""
NOUNS = frozenset(
    {
        "archive", "batch", "comment", "export", "format", "link", "log", "mark", "merge", "query", "quick", "reply",
        "review", "run", "schedule", "set", "share", "snooze", "start", "stop", "tag", "transition", "trash", "view",
        "post", "index", "all", "new", "patch", "store", "show", "load", "move", "copy", "push", "reset", "invite",
        "close", "complete", "register", "transfer", "clone", "trigger",
    }
)  # fmt: skip
"""Verbs that are nouns as often: they count at the beginning only."""
PREFIXES = frozenset({"batch", "bulk", "quick"})
IDLE = frozenset(
    {"api", "rest", "controller", "endpoint", "handler", "service", "the", "a", "an", "operation", "request"}
)
SMALL = frozenset({"for", "the", "of", "by", "with", "in", "a", "an", "and", "from", "to", "on", "s", "at", "or"})
ACTIONS = frozenset({"search", "find", "query", "upload", "send", "download", "read", "write", "run"})
"""Verbs that a path may be, with nothing said of what they are done to."""
METHODS = frozenset({"get", "post", "put", "patch", "delete"})
VERB_OF: Mapping[str, str] = {"GET": "get", "POST": "create", "PUT": "replace", "PATCH": "update", "DELETE": "delete"}
PARAMETER = re.compile(r"\{[^{}]*\}")


@dataclass(frozen=True, slots=True)
class Name:
    """What a tool is called."""

    tool: str
    verb: str
    what: str
    """Its object in words."""


def static_segments(path: str) -> list[str]:
    """The segments of a path that are the same for all calls, without versions."""
    segments = [PARAMETER.sub("", each) for each in re.split(r"[/:]", path.partition("?")[0])]
    return [each for each in segments if split(each) and not is_version(split(each)[0]) and each.lower() not in IDLE]


def name_all(connector: str, operations: Sequence[Operation]) -> dict[int, Name]:
    """A name for each operation, by its place in the list; no two are the same."""
    taken: dict[str, int] = {}
    named: dict[int, Name] = {}
    idle = {*split(connector), *_shared(operations)} - VERBS
    for number, operation in enumerate(operations):
        candidates = [_fit(connector, words) for words in _candidates(idle, operation) if len(words) > 1]
        free = (words for words in candidates if "_".join((connector, *words)) not in taken)
        words = next(free, None) or _numbered(connector, candidates[0], taken)
        tool = "_".join((connector, *words))
        taken[tool] = number
        named[number] = Name(tool, words[0], " ".join(words[1:]))
    return named


def _shared(operations: Sequence[Operation]) -> list[str]:
    """The word with which all ids begin: the service's own name."""
    firsts = {tuple(split(each.id)[:1]) for each in operations}
    return list(*firsts) if len(operations) > 2 and len(firsts) == 1 else []


def _numbered(connector: str, words: Sequence[str], taken: Mapping[str, int]) -> list[str]:
    number = 2
    while True:
        again = [*_fit(connector, words, spare=len(str(number)) + 1), str(number)]
        if "_".join((connector, *again)) not in taken:
            return again
        number += 1


def _fit(connector: str, words: Sequence[str], spare: int = 0) -> list[str]:
    """The words, fewer or shorter where the name would be too long."""
    kept, room = list(words), LONGEST - len(connector) - 1 - spare
    while len("_".join(kept)) > room:
        small = next((n for n, word in enumerate(kept) if n > 1 and word in SMALL), None)
        if small is not None:
            kept.pop(small)
        elif len(kept) > 2:
            kept.pop(len(kept) - 2 if len(kept) > 3 else 1)
        else:
            left = room - len(kept[0]) - 1
            return [kept[0], kept[1][: max(left, 1)]]
    while len(kept) > 2 and kept[-1] in SMALL:
        kept.pop()
    return kept


def _candidates(idle: Collection[str], operation: Operation) -> Iterator[list[str]]:
    by_path = _by_path(operation)
    by_id = _by_id(idle, operation)
    if by_id:
        yield by_id
    yield by_path
    context = [word for each in static_segments(operation.path) for word in split(each)]
    first = by_id or by_path
    yield list(dict.fromkeys([*first, *context]))
    parameters = [split(each) for each in PARAMETER.findall(operation.path)]
    if parameters:
        yield [*first, "by", *parameters[-1]]


def _by_id(idle: Collection[str], operation: Operation) -> list[str]:
    """From `tasks.get`, `repos/list-for-org` or `UsersController_findAll`; empty where there is no verb."""
    words = [word for word in split(operation.id) if word not in IDLE and not is_version(word)]
    while len(words) > 1 and words[0] in idle:
        words = words[1:]
    words = _without_tail(words, operation)
    if not words or _repeats_path(words, operation):
        return []
    place = _verb_place(words)
    if place is None:
        return []
    before = [words[place - 1]] if place and words[place - 1] in PREFIXES else []
    verb = [*(SYNONYMS.get(word, word) for word in before), SYNONYMS.get(words[place], words[place])]
    rest = [*words[: place - len(before)], *words[place + 1 :]]
    return [*verb, *(_once(rest) or _objects(operation))]


def _without_tail(words: list[str], operation: Operation) -> list[str]:
    """Without the method at the end, which FastAPI adds."""
    is_added = len(words) > 2 and words[-1] == operation.method.lower() and words[0] in {*VERBS, *SYNONYMS}
    return words[:-1] if is_added else words


def _repeats_path(words: Sequence[str], operation: Operation) -> bool:
    """Whether the id is only method and path again, as Stripe's `PostCustomersCustomer`."""
    if words[0] not in METHODS:
        return False
    path = [word for each in re.split(r"[/:]", operation.path) for word in split(each)]
    known = [word for word in path if not is_version(word) and word not in IDLE]
    return "".join(words[1:]) == "".join(known) or words[0] in ("post", "put", "patch")


def _verb_place(words: Sequence[str]) -> int | None:
    known = [n for n, word in enumerate(words) if word in VERBS or word in SYNONYMS]
    sure = [n for n in known if words[n] not in NOUNS]
    if 0 in sure or (0 in known and not sure):
        return 0
    if sure:
        return sure[-1] if sure[-1] == len(words) - 1 else sure[0]
    return known[-1] if known and known[-1] == len(words) - 1 else (0 if 0 in known else None)


def _once(words: Sequence[str]) -> list[str]:
    """Without a word that stands twice in a row, in one number or the other."""
    kept: list[str] = []
    for word in words:
        if not kept or singular(kept[-1]) != singular(word):
            kept.append(word)
    return kept


def _by_path(operation: Operation) -> list[str]:
    """From method and path: `POST /users/{id}/archive` archives a user, `GET /users` lists users."""
    segments = [each for each in re.split(r"/|(?<=.):", operation.path.partition("?")[0]) if each]
    last = split(segments[-1]) if segments and not PARAMETER.search(segments[-1]) else []
    objects = _objects(operation)
    if operation.method in ("POST", "PUT") and last and len(objects) > len(last) and (verb := _action(last[0])):
        return [verb, *objects[: -len(last)], *last[1:]]
    if operation.method == "POST" and last and not last[1:] and objects == last and last[0] in ACTIONS:
        return [last[0], "records"]
    if operation.method == "GET" and last:
        is_search = last[0] in ("search", "find", "query")
        verb = last[0] if is_search else "list" if last[-1] != singular(last[-1]) else "get"
        return [verb, *(objects[:-1] if is_search and len(objects) > 1 else objects)]
    if operation.method == "POST" and not last:
        return ["update", *objects]
    return [VERB_OF[operation.method], *objects]


def _action(word: str) -> str | None:
    return word if word in VERBS else SYNONYMS.get(word) if word not in ("all", "new", "index") else None


def _objects(operation: Operation) -> list[str]:
    """The words of the path; what a value follows is one of several."""
    path = operation.path.partition("?")[0]
    segments = [each for each in re.split(r"/|(?<=.):", path) if each]
    words: list[str] = []
    for number, each in enumerate(segments):
        own = split(PARAMETER.sub(" ", each))
        if not own or is_version(own[0]) or own[0] in ("api", "rest"):
            continue
        followed = number + 1 < len(segments) and PARAMETER.search(segments[number + 1]) is not None
        makes_one = operation.method == "POST" and number == len(segments) - 1
        words += [*own[:-1], singular(own[-1])] if followed or makes_one else own
    return _once(words) or ["records"]
