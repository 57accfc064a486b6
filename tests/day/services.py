"""Services with the token lives of four real ones, each under every rotation policy, played by the sandbox."""

from collections.abc import Mapping
from dataclasses import dataclass

from evergrant.demo.services import Service
from evergrant.sandbox.behaviour import Behaviour, ExpiresIn, Rotation

GRACE_S = 600


@dataclass(frozen=True)
class Life:
    """How long one provider's access tokens live, and how its answer says so."""

    provider: str
    seconds: int
    expires_in: ExpiresIn = ExpiresIn.NUMBER

    @property
    def origin(self) -> str:
        """Where the provider listens: a token host of its own."""
        return f"http://127.0.0.1:{8500 + self.seconds // 900}"


HUBSPOT = Life("hubspot", 1800)
GOOGLE = Life("google", 3600)
SALESFORCE = Life("salesforce", 7200, ExpiresIn.ABSENT)
SALESFORCE_SHORTEST = Life("salesforce15", 900, ExpiresIn.ABSENT)
SLACK = Life("slack", 43_200)
FOUR_LIVES = (HUBSPOT, GOOGLE, SALESFORCE, SLACK)

DECLARED: Mapping[Rotation, Mapping[str, str | int | bool]] = {
    Rotation.NEVER: {"rotation": "never"},
    Rotation.UNTIL_USED: {"rotation": "always", "grace_s": 86_400, "grace_result": "new"},
    Rotation.GRACE_SAME: {"rotation": "always", "grace_s": GRACE_S, "grace_result": "same"},
    Rotation.GRACE_NEW: {"rotation": "always", "grace_s": GRACE_S, "grace_result": "new"},
    Rotation.STRICT: {"rotation": "always"},
    Rotation.STRICT_FAMILY: {"rotation": "always", "reuse_revokes_family": True},
}
"""What a connector file says of each policy."""


@dataclass(frozen=True)
class Provider:
    """One life under one policy."""

    life: Life
    rotation: Rotation

    @property
    def service(self) -> Service:
        """Its connector and its behaviour; the client id is the connector's name."""
        never = self.rotation is Rotation.NEVER
        name = f"{self.life.provider}_{self.rotation.value}"
        return Service(
            name=name,
            title=name,
            token_life_s=self.life.seconds,
            grant=DECLARED[self.rotation],
            behaviour=Behaviour(
                access_token_ttl=self.life.seconds,
                expires_in=self.life.expires_in,
                rotation=self.rotation,
                grace_s=GRACE_S,
                omit_refresh_token=never,
            ),
            user="maya",
        )


EVERY_PROVIDER = tuple(Provider(life, rotation) for life in FOUR_LIVES for rotation in Rotation)
