"""Failures that more than one service gives, in one wording."""

from evergrant.model.outcome import ConnectionFault, NotFound


def no_such_tool(name: str) -> NotFound:
    """There is no such tool, or the account's connector has not got it."""
    return NotFound(
        what_happened=f"There is no tool {name!r} for this account.",
        what_to_do="Call search_tools with a few words of what you want to do; it gives exact names.",
    )


def broken_connector(fault: str) -> ConnectionFault:
    """The connector's own files are wrong."""
    return ConnectionFault(
        what_happened=f"The connector cannot be used: {fault}",
        what_to_do="The operator corrects its file. Other connectors are not affected.",
    )
