"""Policies: which effects of tools are there for a caller, and which of these a person must approve call by call."""

from typing import Literal, get_args

from evergrant.model.held_call import CallEffect

Policy = Literal["read_only", "confirm_writes", "confirm_destructive", "full"]
"""`read_only`: no tool but those that read; `confirm_writes`: a person approves every write and all that destroys;
`confirm_destructive`: what destroys; `full`: nothing is asked."""
POLICIES: tuple[Policy, ...] = get_args(Policy)
DEFAULT: Policy = "confirm_destructive"
Verdict = Literal["allowed", "confirm", "absent"]


def verdict(policy: Policy, effect: CallEffect) -> Verdict:
    """Whether a tool of that effect runs when it is called, waits for a person's approval first, or is not there."""
    if effect == "read" or policy == "full":
        return "allowed"
    if policy == "read_only":
        return "absent"
    return "confirm" if effect == "destroy" or policy == "confirm_writes" else "allowed"
