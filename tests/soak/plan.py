"""What a soak is made of: six rotation policies, each a service of its own at one practice provider."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

import evergrant
from evergrant.catalog.catalog import data_folder
from evergrant.sandbox.behaviour import Behaviour, Client, Rotation
from evergrant.sandbox.faults import Fault, FaultKind

TOKEN_LIFE_S = 4
EXCHANGE_DEADLINE_S = 1.5
"""How long the engine waits before a token whose answer was lost is sent again; shorter than a pause, on purpose."""
PAUSE_S = 2.2
GRACE_S = 30
PROCESSES = 6
ACCOUNTS = 4
"""For each policy."""
SECRET = "a secret of the soak's own provider"
REDIRECT_URI = "http://localhost:8484/callback"
FAULTS = (
    Fault(kind=FaultKind.DROP_RESPONSE, probability=0.05),
    Fault(kind=FaultKind.DROP_REQUEST, probability=0.05),
    Fault(kind=FaultKind.STATUS_503, probability=0.1),
    # Slow answers leave time to be killed while one is under way.
    Fault(kind=FaultKind.DELAY_RESPONSE, probability=0.3, seconds=0.1),
    Fault(kind=FaultKind.DELAY_REQUEST, probability=0.2, seconds=0.1),
)

Declared = Mapping[str, str | int | bool]


@dataclass(frozen=True, slots=True)
class Policy:
    """One rotation policy: how the provider behaves, and what its connector file says of it."""

    rotation: Rotation
    declared: Declared

    @property
    def name(self) -> str:
        """The connector's name, and the client's id at the provider."""
        return f"soak_{self.rotation}"

    @property
    def tool(self) -> str:
        return f"{self.name}_list_rows"

    @property
    def rotates(self) -> bool:
        return self.rotation is not Rotation.NEVER

    @property
    def may_lose(self) -> bool:
        """Whether a lost answer loses the grant, whatever a client does."""
        return self.rotation in {Rotation.STRICT, Rotation.STRICT_FAMILY}

    def client(self) -> Client:
        """The OAuth client at the provider."""
        behaviour = Behaviour(access_token_ttl=TOKEN_LIFE_S, rotation=self.rotation, grace_s=GRACE_S)
        return Client(SECRET, (REDIRECT_URI,), behaviour=behaviour)


POLICIES = {
    policy.rotation.value: policy
    for policy in (
        Policy(Rotation.NEVER, {"rotation": "never"}),
        # "Until its successor is used" has no end in time: to an engine it is a very long grace.
        Policy(Rotation.UNTIL_USED, {"rotation": "always", "grace_s": 30 * 86_400, "grace_result": "new"}),
        Policy(Rotation.GRACE_SAME, {"rotation": "always", "grace_s": GRACE_S, "grace_result": "same"}),
        Policy(Rotation.GRACE_NEW, {"rotation": "always", "grace_s": GRACE_S, "grace_result": "new"}),
        Policy(Rotation.STRICT, {"rotation": "always"}),
        Policy(Rotation.STRICT_FAMILY, {"rotation": "always", "reuse_revokes_family": True}),
    )
}


def write_connectors(folder: Path, policies: tuple[Policy, ...]) -> None:
    """Write each policy's connector below `folder`: the sandbox's own, under another name and with another grant."""
    tools = (data_folder(Path(evergrant.__file__).parent) / "schemas" / "sandbox.yaml").read_text(encoding="utf-8")
    for kind in ("connectors", "schemas"):
        (folder / kind).mkdir(parents=True)
    for policy in policies:
        grant = {"access_token_ttl_s": TOKEN_LIFE_S, **policy.declared}
        declared = {"extends": "sandbox", "name": policy.name, "description": "A service of the soak.", "grant": grant}
        (folder / "connectors" / f"{policy.name}.yaml").write_text(yaml.safe_dump(declared), encoding="utf-8")
        renamed = tools.replace("sandbox_", f"{policy.name}_")
        (folder / "schemas" / f"{policy.name}.yaml").write_text(renamed, encoding="utf-8")
