"""Three services with the token lives and the manners of three well-known ones, played by the sandbox."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from evergrant.sandbox.behaviour import Behaviour, Client, ExpiresIn, Rotation

SECRET = "a secret of the demo's own provider"


@dataclass(frozen=True, slots=True)
class Service:
    """One service: what its connector file says of it, and how the sandbox makes it behave."""

    name: str
    title: str
    token_life_s: int
    grant: Mapping[str, str | int | bool]
    """The grant policy in which its connector differs from the sandbox's."""
    behaviour: Behaviour
    user: str
    """Whose data it keeps; one user for each service, so that their data can be told apart."""

    def client(self, redirect_uri: str) -> Client:
        """Its OAuth client at the sandbox; the client id is the service's name."""
        return Client(SECRET, (redirect_uri,), behaviour=self.behaviour)

    def tool(self, verb: str) -> str:
        """The full name of one of its tools, such as `demo_hubspot_append_row`."""
        return f"{self.name}_{verb}"


SERVICES = (
    Service(
        "demo_hubspot",
        "HubSpot-like",
        1800,
        {"rotation": "always", "grace_s": 600, "grace_result": "same"},
        Behaviour(access_token_ttl=1800, rotation=Rotation.GRACE_SAME, grace_s=600),
        "maya",
    ),
    Service(
        "demo_google",
        "Google-like",
        3600,
        {"rotation": "never"},
        Behaviour(access_token_ttl=3600, rotation=Rotation.NEVER, omit_refresh_token=True),
        "tomas",
    ),
    Service(
        "demo_salesforce",
        "Salesforce-like",
        7200,
        {"rotation": "always", "reuse_revokes_family": True},
        Behaviour(access_token_ttl=7200, rotation=Rotation.STRICT_FAMILY, expires_in=ExpiresIn.ABSENT),
        "ines",
    ),
)


def write_connectors(folder: Path, shipped: Path, services: tuple[Service, ...]) -> None:
    """Write each service's two files below `folder`: the sandbox's of the `shipped` folder, under another name."""
    tools = (shipped / "schemas" / "sandbox.yaml").read_text(encoding="utf-8")
    for kind in ("connectors", "schemas"):
        (folder / kind).mkdir(parents=True)
    for service in services:
        declared = {
            "extends": "sandbox",
            "name": service.title,
            "description": f"A {service.title} service for the demo, played by the sandbox.",
            # Nothing but the connector's table then says how long a token lives whose answer does not.
            "oauth": {"introspection_endpoint": None},
            "grant": {"access_token_ttl_s": service.token_life_s, **service.grant},
        }
        (folder / "connectors" / f"{service.name}.yaml").write_text(yaml.safe_dump(declared), encoding="utf-8")
        renamed = tools.replace("sandbox_", f"{service.name}_")
        (folder / "schemas" / f"{service.name}.yaml").write_text(renamed, encoding="utf-8")
