"""What commands print: text as it is, whatever a provider or a person put into it."""

import io

import pytest
import typer
from rich.console import Console

from evergrant.cli.output import Exit, Output, cells, plain, table


def made(*, as_json: bool = False) -> tuple[Output, io.StringIO, io.StringIO]:
    out, aside = io.StringIO(), io.StringIO()
    return Output(as_json, Console(file=out, width=200), Console(file=aside, width=200)), out, aside


@pytest.mark.parametrize("text", ["see [red]this", "[/x]", "a [b]"])
def test_text_is_never_taken_for_markup(text: str) -> None:
    output, out, _ = made()

    output.show({}, text)

    assert out.getvalue() == f"{text}\n"


def test_a_tables_cells_are_never_taken_for_markup() -> None:
    output, out, _ = made()
    shown = table("alias", "id")
    shown.add_row(*cells("a [b]", "[/x]"))

    output.show({}, shown)

    assert "a [b]" in out.getvalue()
    assert "[/x]" in out.getvalue()


def test_an_id_is_not_cut_in_a_narrow_terminal() -> None:
    shown = table("alias", "id", "who")
    shown.add_row(*cells("acme", "conn_01KDVDNA00YC2543HZ6B7QX27Y", "somebody with a long name"))
    out = io.StringIO()

    Console(file=out, width=50).print(shown)

    assert "conn_01KDVDNA00YC2543HZ6B7QX27Y" in out.getvalue()


def test_control_characters_do_not_reach_the_terminal() -> None:
    assert plain("a\x1b[2Jb\x9bc\nd") == "a[2Jbc\nd"


def test_under_json_only_json_is_on_standard_output() -> None:
    output, out, aside = made(as_json=True)

    output.say("in passing")
    with pytest.raises(typer.Exit):
        output.fail(Exit.FAILED, "code", "what to do")

    assert out.getvalue().startswith("{")
    assert aside.getvalue() == ""
