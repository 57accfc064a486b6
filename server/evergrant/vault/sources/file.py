"""The key file: the ring itself, in the vault's folder, for its owner's eyes only."""

from pathlib import Path

from evergrant.vault.ring import KeyRing, ring_of
from evergrant.vault.sources.private_file import read_own, write_own


def key_file(folder: Path) -> Path:
    """The key file of the vault in `folder`."""
    return folder / "vault.key"


class FileStore:
    """Keeps the ring in the key file."""

    def __init__(self, folder: Path) -> None:
        self._path = key_file(folder)
        self.where = f"key file {self._path} (mode 0600)"

    def read(self) -> KeyRing | None:
        """The ring; None where there is no file. Raises KeyUnavailable."""
        content = read_own(self._path)
        return None if content is None else ring_of(content.decode("latin-1"), str(self._path))

    def write(self, ring: KeyRing) -> None:
        """Exchange the file; raises KeyUnavailable."""
        write_own(self._path, ring.text().reveal().encode() + b"\n")
