"""A connector from a description: chosen operations become tools, and of each other one it is said why not."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from pydantic import TypeAdapter, ValidationError

from evergrant.catalog.catalog import merge
from evergrant.catalog.connector import Connector
from evergrant.lint.finding import Subject
from evergrant.lint.run import faults
from evergrant.making.choosing import check_number, choose
from evergrant.making.connectors import ConnectorMade, Wanted, connector_of, title_of, with_headers
from evergrant.making.describing import Describer
from evergrant.making.document import BadDocument, Document, Obstacle, Operation, Scheme
from evergrant.making.hoisting import shared_headers, without_headers
from evergrant.making.naming import Name, name_all
from evergrant.making.schemes import choose as choose_scheme
from evergrant.making.schemes import own_scheme, scopes_under
from evergrant.making.scopes import narrowest
from evergrant.making.servers import secure
from evergrant.making.tools import LIMITS, Made, Signing, ToolMaker
from evergrant.model.json import Json

_CONNECTOR = TypeAdapter(Connector)


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person said about an import."""

    name: str
    operations: Sequence[str] = ()
    base_url: str | None = None
    security: str | None = None
    is_trial: bool = False
    """Whether it is only to be seen what would become of the operations, however many."""


@dataclass(frozen=True, slots=True)
class Left:
    """An operation that became no tool."""

    operation: Operation
    why: Obstacle


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of it."""

    connector: ConnectorMade
    declared: Connector
    """The same as the catalogue reads it."""
    tools: Sequence[Made]
    of: Mapping[str, Operation]
    """The operation of each tool."""
    left: Sequence[Left]
    notes: Sequence[str]


def import_document(document: Document, choice: Choice, base: Mapping[str, Json], today: date) -> Imported:
    """The connector and tools of the chosen operations, which break no rule of the lint; raises BadDocument.

    `base` has the keys of the connector that Google's extend.
    """
    if not document.operations:
        raise BadDocument(
            "It has no operation: nothing under paths, or methods, has one of the methods that are known."
        )
    names = name_all(choice.name, document.operations)
    numbers = choose(document.operations, names, choice.operations)
    if not choice.is_trial:
        check_number(numbers, choice.operations)
    return _Import(document, choice, _Setting(base, today, names), numbers).run()


@dataclass(frozen=True, slots=True)
class _Setting:
    base: Mapping[str, Json]
    today: date
    names: Mapping[int, Name]


class _Import:
    def __init__(self, document: Document, choice: Choice, setting: _Setting, numbers: Sequence[int]) -> None:
        self._document = document
        self._choice = choice
        self._base = setting.base
        self._today = setting.today
        self._names = setting.names
        self._base_url = self._where()
        chosen = [document.operations[number] for number in numbers]
        self._scheme_name, self._scheme = self._signing(chosen)
        self._left: dict[int, Obstacle] = {}
        self._made: dict[int, Made] = {}
        self._guessed: dict[int, tuple[str, ...]] = {}
        self._scopes = self._scopes_of(numbers)
        self._numbers = numbers
        encodings = {each.body.encoding for each in chosen if each.body}
        self._encoding = "form" if encodings == {"form"} else "json"

    def run(self) -> Imported:
        """Make them, then make again what no longer holds: what names a tool that fell out, or is too large."""
        limits = iter(LIMITS)
        limit, again = next(limits), [number for number in self._numbers if number not in self._left]
        while again:
            gone = self._make(again, limit)
            again = self._that_name(gone)
            while not again and self._mean() > LIMITS[-1] and (smaller := next(limits, None)):
                limit = smaller
                again = [number for number, made in self._made.items() if made.tokens > limit]
            if not again:
                again = self._that_name(self._drop_faulty())
        return self._result()

    def _make(self, numbers: Sequence[int], limit: int) -> list[str]:
        """Make the tools of those operations; returns the names of those of which none can be made."""
        alive = [self._names[number] for number in self._numbers if number not in self._left]
        describer = Describer(self._choice.name, title_of(self._document, self._choice.name), alive)
        maker = ToolMaker(self._document, Signing(self._scheme, self._encoding), describer)
        gone = list[str]()
        for number in numbers:
            try:
                operation, name = self._document.operations[number], self._names[number]
                self._made[number] = maker.make(operation, name, self._scopes[number], limit)
            except Obstacle as why:
                gone.append(self._drop(number, why))
        return gone

    def _drop(self, number: int, why: Obstacle) -> str:
        self._left[number] = why
        self._made.pop(number, None)
        return self._names[number].tool

    def _that_name(self, gone: Sequence[str]) -> list[int]:
        """The tools whose words name one that is no longer there."""
        names = re.compile("|".join(rf"\b{name}\b" for name in gone)) if gone else None
        return [n for n, made in self._made.items() if names and names.search(json.dumps(made.keys))]

    def _mean(self) -> int:
        sizes = [made.tokens for made in self._made.values()]
        return sum(sizes) // len(sizes) if sizes else 0

    def _where(self) -> str:
        given = self._choice.base_url
        found = secure(given) if given else self._document.base_url
        if not found:
            what = f"{given} is no https address" if given else "The document does not say where the service lives"
            raise BadDocument(f"{what}. Give --base-url https://api.example.com")
        return found

    def _signing(self, chosen: Sequence[Operation]) -> tuple[str | None, Scheme | None]:
        wanted, known = self._choice.security, self._document.schemes
        if wanted is None:
            name = choose_scheme(known, chosen)
            return name, known[name] if name else None
        if wanted in known or wanted == "none":
            return wanted, known.get(wanted)
        if own := own_scheme(wanted):
            return None, own
        why = self._document.unusable.get(wanted)
        there = ", ".join((*known, "bearer", "basic", "header:NAME", "query:NAME", "none"))
        raise BadDocument(
            f"{wanted} cannot be used: {why or 'the document has none of that name'}. There are: {there}."
        )

    def _connector(self) -> ConnectorMade:
        asked = tuple(dict.fromkeys(scope for number in self._made for scope in self._scopes[number]))
        chosen = [self._document.operations[number] for number in self._made]
        wanted = Wanted(self._choice.name, self._base_url, self._scheme, asked, self._encoding, chosen, self._today)
        return connector_of(self._document, wanted)

    def _scopes_of(self, numbers: Sequence[int]) -> dict[int, tuple[str, ...]]:
        """The scopes of each operation; one that the connector's scheme cannot sign is left out."""
        operations = {number: self._document.operations[number] for number in numbers}
        if self._document.is_google and self._choice.security is None:
            return narrowest(operations, self._document.operations)
        found: dict[int, tuple[str, ...]] = {}
        for number, operation in operations.items():
            scopes = scopes_under(operation.security, self._scheme_name)
            if scopes is None:
                asks = " or ".join(" with ".join(each) for each in operation.security)
                reason = f"It is signed with {asks}, and not with {self._scheme_name}."
                self._left[number] = Obstacle(reason, self._other(operation))
            found[number] = (scopes or ()) if self._scheme and self._scheme.token_endpoint else ()
        some = next((scopes for scopes in sorted(found.values(), key=len) if scopes), ())[:1]
        self._guessed = {number: some for number, scopes in found.items() if some and not scopes}
        return found | self._guessed

    def _other(self, operation: Operation) -> str:
        alone = [name for each in operation.security if len(each) == 1 for name in each]
        usable = next((name for name in alone if name in self._document.schemes), None)
        if usable:
            return f"Import such ones as a connector of their own: --security {usable}"
        return "Write it by hand, if another way to sign in will do."

    def _drop_faulty(self) -> list[str]:
        """Leave out the tools that still break a rule; returns their names."""
        if not self._made:
            return []
        tools = {each.name: each.tool for each in self._made.values()}
        subject = Subject(self._choice.name, self._parsed(self._connector()), tools)
        numbers = {each.name: number for number, each in self._made.items()}
        found: dict[int, Obstacle] = {}
        for fault in faults(subject):
            place = str(fault.at[0]) if fault.at else ""
            if place not in numbers:
                raise BadDocument(f"{'.'.join(map(str, fault.at))}: {fault.what} {fault.do}")
            found.setdefault(numbers[place], Obstacle(fault.what, fault.do))
        return [self._drop(number, why) for number, why in found.items()]

    def _parsed(self, connector: ConnectorMade) -> Connector:
        keys = {key: value for key, value in connector.keys.items() if key != "extends"}
        whole = merge(self._base, {"abstract": False} | keys) if "extends" in connector.keys else keys
        try:
            return _CONNECTOR.validate_python(whole)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            raise BadDocument(f"No connector can be made of it: {place}: {first['msg']}.") from None

    def _result(self) -> Imported:
        operations, connector = self._document.operations, self._connector()
        if not self._made and not self._choice.is_trial:
            reasons = "; ".join(f"{operations[n].title}: {why.reason}" for n, why in [*self._left.items()][:3])
            raise BadDocument(f"None of the operations can be a tool. {reasons}")
        headers = shared_headers(list(self._made.values()))
        connector = with_headers(connector, headers)
        missing = sorted(self._document.references.missing)
        guessed = [self._names[number].tool for number in self._guessed if number in self._made]
        doubts = (
            [f"The document names no scopes for {', '.join(guessed)}: they were given one that is asked for anyway."]
            if guessed
            else []
        )
        notes = [
            *connector.notes,
            *doubts,
            *(f"{each} is not in the document, so what it says is missing." for each in missing),
        ]
        return Imported(
            connector,
            self._parsed(connector),
            [without_headers(self._made[number], headers) for number in sorted(self._made)],
            {each.name: operations[number] for number, each in self._made.items()},
            [Left(operations[number], self._left[number]) for number in sorted(self._left)],
            notes,
        )
