"""What commands print, and how they end: text for a person, `--json` for a program, one exit code per kind of end."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import NoReturn

import typer
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from evergrant.model.json import Json
from evergrant.model.outcome import Failure

JsonOption = typer.Option(False, "--json", help="Print JSON for a program instead of text for a person.")


class Exit(IntEnum):
    """Exit codes: 2 is Typer's own for bad usage, 130 the shell's for Ctrl-C."""

    OK = 0
    FAILED = 1
    USAGE = 2
    NOT_CONNECTED = 3
    REAUTH_REQUIRED = 4
    PROVIDER = 5
    CONFIRMATION_REQUIRED = 6
    INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Output:
    """Prints to standard output; what is said in passing goes to standard error."""

    as_json: bool
    out: Console
    aside: Console

    def show(self, value: Mapping[str, Json], text: RenderableType) -> None:
        """The result of a command, in one of its two forms."""
        if self.as_json:
            self.out.print_json(json.dumps(value))
        elif isinstance(text, str):
            self.out.print(plain(text), soft_wrap=True, highlight=False, markup=False)
        else:
            self.out.print(text, soft_wrap=True)

    def say(self, text: str) -> None:
        """A word in passing; silent under --json."""
        if not self.as_json:
            self.aside.print(text, soft_wrap=True, highlight=False, markup=False)

    def tell(self, text: str) -> None:
        """What the person must see for the command to go on, also under --json."""
        self.aside.print(text, soft_wrap=True, highlight=False, markup=False)

    def fail(self, code: Exit, kind: str, message: str, more: Mapping[str, Json] | None = None) -> NoReturn:
        """End the command with what went wrong and what to do; `more` is for programs."""
        if self.as_json:
            self.out.print_json(json.dumps({"error": {"code": kind, "message": message, **(more or {})}}))
        else:
            self.aside.print(message, style="red", soft_wrap=True, highlight=False, markup=False)
        raise typer.Exit(code)


def plain(text: str) -> str:
    """Without control characters: what a provider sent must not steer the terminal."""
    return "".join(character for character in text if character in "\n\t" or character.isprintable())


def table(*titles: str) -> Table:
    """A table without lines; ids, which people copy, are never cut."""
    made = Table(box=None)
    for title in titles:
        made.add_column(title, no_wrap=title in ("id", "alias", "tool"), overflow="fold")
    return made


def cells(*values: str | None) -> list[Text]:
    """What stands in a row, as it is and not as markup."""
    return [Text(plain(value or "")) for value in values]


def output(as_json: bool) -> Output:
    """On the process's own streams."""
    return Output(as_json, Console(), Console(stderr=True))


def exit_code(failure: Failure) -> Exit:
    """The exit code of a failed call."""
    codes = {
        "reauth_required": Exit.REAUTH_REQUIRED,
        "confirmation_required": Exit.CONFIRMATION_REQUIRED,
        "not_found": Exit.NOT_CONNECTED,
        "invalid_input": Exit.USAGE,
    }
    return codes.get(failure.code, Exit.PROVIDER)
