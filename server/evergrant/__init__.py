"""Authenticated tools for agents, over grants that are kept alive. The client is read when it is first asked for."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evergrant.sdk.client import Evergrant

__all__ = ["Evergrant"]


def __getattr__(name: str) -> object:
    if name == "Evergrant":
        from evergrant.sdk.client import Evergrant  # noqa: PLC0415  (every command imports this package)

        return Evergrant
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
