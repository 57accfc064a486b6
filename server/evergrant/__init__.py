"""Authenticated tools for agents, over grants that are kept alive. Each name is read when it is first asked for."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evergrant.embedded import in_process
    from evergrant.sdk.client import Evergrant
    from evergrant.sdk.errors import EvergrantError, ReauthRequired
    from evergrant.sdk.links import ConnectLink
    from evergrant.sdk.result import ToolResult
    from evergrant.sdk.sync import EvergrantSync

__all__ = ["ConnectLink", "Evergrant", "EvergrantError", "EvergrantSync", "ReauthRequired", "ToolResult", "in_process"]

_PLACES = {
    "ConnectLink": "sdk.links",
    "Evergrant": "sdk.client",
    "EvergrantError": "sdk.errors",
    "EvergrantSync": "sdk.sync",
    "ReauthRequired": "sdk.errors",
    "ToolResult": "sdk.result",
    "in_process": "embedded",
}


def __getattr__(name: str) -> object:
    if name in _PLACES:
        # Every command imports this package, and most need none of these.
        return getattr(import_module(f"evergrant.{_PLACES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
