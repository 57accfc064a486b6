"""Failures that more than one service gives, in one wording."""

from evergrant.model.outcome import NotFound


def no_such_tool(name: str) -> NotFound:
    """There is no such tool, or the account's connector has not got it."""
    return NotFound(
        what_happened=f"There is no tool {name!r} for this account.",
        what_to_do="Call search_tools with a few words of what you want to do; it gives exact names.",
    )
