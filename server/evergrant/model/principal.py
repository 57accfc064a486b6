"""Who asks, and what of its tenant's it may use."""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from evergrant.model.held_call import CallEffect

LOCAL = "local"
"""The person at this machine, and whoever can read the vault's own files."""


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller of a tenant; without limits it is the tenant itself."""

    tenant_id: str
    name: str = LOCAL
    """What the log and the held calls call it: `local`, the id of an API key, or the subject of a token."""
    accounts: frozenset[str] | None = None
    """The ids of the connected accounts that are there for it; None is all."""
    tools: tuple[str, ...] = ()
    """Patterns of tool names (`gmail_*`); none is all."""
    read_only: bool = False
    operator: bool = True
    """Whether it may see to connections, links, events and web hooks, and not call tools only."""
    toolsets: tuple[str, ...] = ()
    """The names of the toolsets that its tools are of; none is all."""

    def sees(self, account_id: str) -> bool:
        """Whether the account is there for it."""
        return self.accounts is None or account_id in self.accounts

    def may_call(self, tool_name: str, effect: CallEffect) -> bool:
        """Whether a tool of that effect is there for it."""
        if self.read_only and effect != "read":
            return False
        return not self.tools or any(fnmatchcase(tool_name, pattern) for pattern in self.tools)
