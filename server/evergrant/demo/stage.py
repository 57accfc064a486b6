"""What the scenes of the demo are played on."""

from dataclasses import dataclass
from pathlib import Path

from evergrant.app import App
from evergrant.demo.agent import Agent
from evergrant.demo.clock import VirtualClock
from evergrant.demo.expected import Lives
from evergrant.demo.receiver import Receiver
from evergrant.demo.services import Service
from evergrant.model.account import ConnectedAccount
from evergrant.sandbox.app import Sandbox
from evergrant.sandbox.count import Tally


@dataclass(frozen=True, slots=True)
class Stage:
    """One vault with three connected accounts, the provider behind it, agent and operator before it, and the clock."""

    app: App
    sandbox: Sandbox
    clock: VirtualClock
    agent: Agent
    receiver: Receiver
    services: tuple[Service, ...]
    accounts: dict[str, ConnectedAccount]
    """By the service's name."""
    lives: Lives
    connectors: Path
    """The folder of the generated connector files."""

    def tally(self, service: Service) -> Tally:
        """What the provider has counted for one service."""
        return self.sandbox.count.by_client.get(service.name, Tally())
