"""Asking until what is pasted is what was asked for."""

from collections.abc import Callable

from evergrant.cli.wizard import words
from evergrant.cli.wizard.terminal import Person
from evergrant.service.pasting import cleaned

Fault = Callable[[str], str | None]
"""What is wrong with a text; None where nothing is."""


def given(
    person: Person, ask: Callable[[], str], fault: Fault, *, may_insist: bool = True, may_be_empty: bool = False
) -> str:
    """What the person gives, once it fits. One word that is given twice is taken as it is, where they may insist:
    providers change what theirs look like.
    """
    before = ""
    while True:
        text = cleaned(ask())
        if not text and may_be_empty:
            return text
        wrong = fault(text) if text else words.NOTHING_GIVEN
        is_word = may_insist and len(text.split()) == 1
        if wrong is None or (is_word and text == before):
            return text
        person.told(f"   {wrong}{words.TWICE if is_word else ''}")
        before = text
