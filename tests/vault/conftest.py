"""An open vault with its key in a file."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.fakes.clock import ManualClock
from tests.fakes.tables import lay_tables
from tests.fakes.tenants import settled
from tests.vault.samples import START

from evergrant.vault.accounts import Accounts
from evergrant.vault.authorizations import Authorizations
from evergrant.vault.connections import Connections
from evergrant.vault.grants import Grants
from evergrant.vault.outbox import Outbox
from evergrant.vault.vault import Vault, open_vault


def no_keychain() -> None:
    return None


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def opened(folder: Path, clock: ManualClock) -> Iterator[Callable[[], Vault]]:
    """Opens the vault, as another process would at every call."""
    vaults: list[Vault] = []

    def open_it() -> Vault:
        vaults.append(settled(open_vault(folder, "file", no_keychain, clock)))
        return vaults[-1]

    yield open_it
    for vault in vaults:
        vault.close()


@pytest.fixture
def vault(folder: Path, opened: Callable[[], Vault]) -> Vault:
    lay_tables(folder)
    return opened()


@pytest.fixture
def grants(vault: Vault) -> Grants:
    return Grants(vault.database, vault.data_keys)


@pytest.fixture
def accounts(vault: Vault) -> Accounts:
    return Accounts(vault.database)


@pytest.fixture
def connections(vault: Vault) -> Connections:
    return Connections(vault.database, vault.data_keys)


@pytest.fixture
def authorizations(vault: Vault) -> Authorizations:
    return Authorizations(vault.database, vault.data_keys)


@pytest.fixture
def outbox(vault: Vault) -> Outbox:
    return Outbox(vault.database)
