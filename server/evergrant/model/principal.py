"""Who asks, and what of its tenant's it may use."""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from evergrant.model.held_call import CallEffect
from evergrant.model.policy import DEFAULT, Policy, Verdict, verdict

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
    policy: Policy = DEFAULT
    """Which effects are there for it, and which wait for a person's approval."""
    operator: bool = True
    """Whether it may see to connections, links, events and web hooks, and not call tools only."""
    vault_operator: bool = False
    """Whether it may see to the vault's tenants: whoever can read the vault's own files, and no key or token."""
    toolsets: tuple[str, ...] = ()
    """The names of the toolsets that its tools are of; none is all."""
    wants_scope: bool = False
    """Whether it bears an issuer's token that would let it do more with another scope."""

    @property
    def read_only(self) -> bool:
        """Whether nothing that it may call changes anything."""
        return self.policy == "read_only"

    @property
    def connects(self) -> bool:
        """Whether it may ask for accounts to be connected.

        Not where it is for certain accounts only, since it would never see the new one; and not where it may only
        read, since a connected account changes what all others of its tenant can do.
        """
        return self.accounts is None and not self.read_only

    def sees(self, account_id: str) -> bool:
        """Whether the account is there for it."""
        return self.accounts is None or account_id in self.accounts

    def may_call(self, tool_name: str, effect: CallEffect) -> bool:
        """Whether a tool of that effect is there for it."""
        return self.verdict(tool_name, effect) != "absent"

    def verdict(self, tool_name: str, effect: CallEffect) -> Verdict:
        """What becomes of its call of a tool of that effect."""
        if self.tools and not any(fnmatchcase(tool_name, pattern) for pattern in self.tools):
            return "absent"
        return verdict(self.policy, effect)
