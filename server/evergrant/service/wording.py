"""Failures that more than one service gives, in one wording."""

from evergrant.model.outcome import ConnectionFault, NotFound, VaultUnavailable


def no_such_tool(name: str) -> NotFound:
    """There is no such tool, or the account's connector has not got it."""
    return NotFound(
        what_happened=f"There is no tool {name!r} for this account.",
        what_to_do="Call search_tools (or run: evergrant tools list) for the exact names.",
    )


def broken_connector(fault: str) -> ConnectionFault:
    """The connector's own files are wrong."""
    return ConnectionFault(
        what_happened=f"The connector cannot be used: {fault}",
        what_to_do="The operator corrects its file. Other connectors are not affected.",
    )


def vault_unavailable(fault: str) -> VaultUnavailable:
    """The disk is full, the file is gone or damaged, or the key does not fit."""
    return VaultUnavailable(
        what_happened=f"Evergrant's own vault cannot be used: {fault}",
        what_to_do="The operator looks at the disk and at: evergrant status. Call again afterwards; no grant is lost.",
    )
