"""Vaults with an OAuth client in them, made once and copied for each run."""

import asyncio
import random
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.day.services import HUBSPOT, Provider
from tests.stateful.looking import VaultKeys, keys_of
from tests.stateful.stage import Stage, StageClock

import evergrant
from evergrant.app import open_app
from evergrant.catalog.catalog import data_folder
from evergrant.demo.services import SECRET, Service, write_connectors
from evergrant.model.clock import Clock
from evergrant.model.failpoint import nothing
from evergrant.model.secret import Secret
from evergrant.sandbox.behaviour import Rotation
from evergrant.settings import LOCAL_TENANT, Settings
from evergrant.surroundings import Surroundings

REDIRECT_URI = "http://localhost:8484/callback"
ORIGIN = HUBSPOT.origin


@dataclass(frozen=True)
class Template:
    """A vault of one provider."""

    rotation: Rotation
    folder: Path
    keys: VaultKeys

    @property
    def service(self) -> Service:
        return _service(self.rotation)

    @property
    def life_s(self) -> int:
        """Seconds that an access token lives."""
        return HUBSPOT.seconds

    @property
    def data(self) -> Path:
        """Where its connector is declared."""
        return self.folder / "data"

    def copy(self, home: Path) -> Settings:
        """A fresh vault in `home`, which does not exist yet."""
        shutil.copytree(self.folder / "vault", home)
        return Settings(home=home, key_source="file", connector_path=(self.data,))


def make_template(folder: Path, rotation: Rotation) -> Template:
    """A template in a folder that does not exist yet."""
    shipped, clock = data_folder(Path(evergrant.__file__).parent), StageClock(Stage())
    vault, data = folder / "vault", folder / "data"
    write_connectors(data, shipped, (_service(rotation),))
    settings = Settings(home=vault, key_source="file", connector_path=(data,))
    asyncio.run(_add_client(settings, _service(rotation).name, clock))
    return Template(rotation, folder, keys_of(vault, clock))


def _service(rotation: Rotation) -> Service:
    return Provider(HUBSPOT, rotation).service


async def _add_client(settings: Settings, name: str, clock: Clock) -> None:
    world = Surroundings(clock, random.Random(1), None, lambda: None, nothing)
    async with open_app(settings, world) as app:
        await app.registry.add(
            LOCAL_TENANT, name, client_id=name, client_secret=Secret(SECRET), redirect_uri=REDIRECT_URI
        )
