"""Text that came from elsewhere, made fit to be read: one line of what can be seen, and not too much of it."""

import re

ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])")
"""Escape sequences of ECMA-48, and the operating system commands of terminals."""
UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
"""Letters and marks that show nothing (Unicode, Default_Ignorable_Code_Point); the rest of these are not printable."""
READ_AT_MOST = 8
"""Times the length wanted: how much of the text is looked at."""


def plain(text: str, longest: int) -> str:
    """The text's first `longest` visible characters in one line.

    Without terminal escapes, control, zero-width and bidirectional characters, which could hide words from a person or
    make them read other words than a model does.
    """
    seen = UNSEEN.sub("", ANSI.sub("", text[: longest * READ_AT_MOST]))
    kept = (mark if mark.isprintable() else " " if mark.isspace() else "" for mark in seen)
    return " ".join("".join(kept).split())[:longest]
