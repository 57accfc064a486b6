"""Named points at which a test stops the process; in service they do nothing."""

from collections.abc import Callable

FailPoint = Callable[[str], None]


def nothing(_name: str) -> None:
    """The fail point of a running server."""
