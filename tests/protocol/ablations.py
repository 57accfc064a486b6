"""Each rule of the protocol turned off, and each assumption dropped, where that breaks a promise."""

from typing import Final, NamedTuple

from tests.protocol.server_policies import Policy
from tests.protocol.state import Faults, Promise, Rules, Setup


class Ablation(NamedTuple):
    """A setup that differs in one thing from one that keeps every promise."""

    name: str
    setup: Setup
    breaks: Promise

    def mended(self) -> Setup:
        """The same setup with every rule and assumption."""
        return self.setup._replace(rules=Rules(), guard_is_atomic=True, pause_outlasts_token=False)


_PAUSE: Final = Faults(pause=1)

RULES: Final = (
    Ablation(
        "no guard before the request",
        Setup(Policy.STRICT_FAMILY, "lease", _PAUSE, rules=Rules(guard=False)),
        "spent twice",
    ),
    Ablation(
        "no wait before a re-send, with a lease",
        Setup(Policy.STRICT_FAMILY, "lease", _PAUSE, rules=Rules(wait=False)),
        "avoidable loss",
    ),
    Ablation(
        "no wait before a re-send, with a kernel lock",
        Setup(Policy.STRICT_FAMILY, "kernel", Faults(crash=1), rules=Rules(wait=False)),
        "avoidable loss",
    ),
    Ablation(
        "a success commits by fence (classic fencing)",
        Setup(Policy.GRACE_SAME, "lease", Faults(pause=1, grace_end=1), rules=Rules(success_by_generation=False)),
        "avoidable loss",
    ),
    Ablation(
        "no floor between generations",
        Setup(Policy.GRACE_SAME, "lease", Faults(pause=2), rules=Rules(floor=False)),
        "avoidable loss",
    ),
    Ablation(
        "no second look before a terminal verdict",
        Setup(Policy.STRICT, "kernel", Faults(consent=1), rules=Rules(reread=False)),
        "false reauth",
    ),
    Ablation(
        "the wait counts from the first intent",
        Setup(Policy.STRICT_FAMILY, "kernel", Faults(crash=1, lost_request=1), rules=Rules(wait_from="first_intent")),
        "avoidable loss",
    ),
    Ablation(
        "the wait counts from the last intent",
        Setup(Policy.STRICT_FAMILY, "kernel", Faults(crash=1, pause=1), rules=Rules(wait_from="last_intent")),
        "avoidable loss",
    ),
    Ablation(
        "the guard does not ask whether the grace still lasts",
        Setup(Policy.GRACE_SAME, "lease", Faults(pause=1, grace_end=1), rules=Rules(guard_asks_again=False)),
        "avoidable loss",
    ),
    Ablation(
        "a re-send may arrive after the grace",
        Setup(Policy.GRACE_SAME, "lease", Faults(pause=1, grace_end=1), rules=Rules(grace_margin=False)),
        "avoidable loss",
    ),
    Ablation(
        "a late success is dropped",
        Setup(Policy.GRACE_NEWEST, "lease", Faults(pause=1, grace_end=1), rules=Rules(candidates=False)),
        "avoidable loss",
    ),
    Ablation(
        "a re-send after the grace comes before a late success",
        Setup(
            Policy.GRACE_NEW,
            "lease",
            Faults(pause=1, lost_response=1, grace_end=1),
            rules=Rules(candidate_first=False),
        ),
        "avoidable loss",
    ),
    Ablation(
        "the token before is not tried",
        Setup(Policy.GRACE_NEWEST, "lease", Faults(crash=1, pause=1), rules=Rules(previous=False)),
        "avoidable loss",
    ),
)
"""What each rule is for."""

ASSUMPTIONS: Final = (
    Ablation(
        "a pause fits between the guard and the request",
        Setup(Policy.STRICT_FAMILY, "lease", _PAUSE, guard_is_atomic=False),
        "spent twice",
    ),
    Ablation(
        "a pause outlasts the access token, strict",
        Setup(Policy.STRICT, "lease", _PAUSE, pause_outlasts_token=True),
        "false reauth",
    ),
    Ablation(
        "a pause outlasts the access token, strict with family",
        Setup(Policy.STRICT_FAMILY, "lease", _PAUSE, pause_outlasts_token=True),
        "avoidable loss",
    ),
    Ablation(
        "two leases run out, and the harshest grace ends meanwhile",
        Setup(Policy.GRACE_NEWEST, "lease", Faults(pause=2, grace_end=1)),
        "false reauth",
    ),
)
"""What a lease must assume and a kernel lock need not."""
