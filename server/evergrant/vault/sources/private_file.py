"""Files that hold a key: read only where nobody else could have put or seen it, and written whole or not at all."""

import os
import stat
from contextlib import suppress
from pathlib import Path

from evergrant.vault.ring import KeyUnavailable

LARGEST = 64 * 1024
ROOT = 0


def read_own(path: Path) -> bytes | None:
    """What our own file holds; None where there is none.

    Raises KeyUnavailable for a link, another owner's file, or one that others can touch.
    """
    try:
        content, info = _read(path, os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    if info.st_uid != os.getuid():
        raise KeyUnavailable(f"{path} belongs to another user. Run: chown $(id -u) {path}")
    if info.st_mode & 0o077:
        raise KeyUnavailable(f"{path} can be read by others. Run: chmod 600 {path}")
    return content


def read_mounted(path: Path) -> tuple[bytes, bool]:
    """What a file holds that the surroundings put there, and whether every user of the machine can read it.

    systemd, Docker and Kubernetes mount secrets as root, some behind links, some readable by all. Raises KeyUnavailable
    where it is missing, or where anybody but root and we could have written it.
    """
    try:
        content, info = _read(path, 0)
    except FileNotFoundError:
        raise KeyUnavailable(f"There is no file {path}, which the settings name. Put it there, or unset it.") from None
    if info.st_uid not in (ROOT, os.getuid()):
        raise KeyUnavailable(f"{path} belongs to another user. Run: chown $(id -u) {path}")
    if info.st_mode & 0o022:
        raise KeyUnavailable(f"{path} can be written by others. Run: chmod go-w {path}")
    return content, bool(info.st_mode & stat.S_IROTH)


def create_own(path: Path, content: bytes) -> None:
    """Make a new file of mode 0600, on disk with its name; raises FileExistsError, and OSError where it cannot be."""
    _write(path, content)
    sync_folder(path.parent)


def write_own(path: Path, content: bytes) -> None:
    """Put a file of mode 0600 in the place of what is there; raises KeyUnavailable and then leaves that as it was."""
    beside = path.with_name(f".{path.name}.new")
    try:
        beside.unlink(missing_ok=True)  # left by a process that died here
        _write(beside, content)
        beside.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise KeyUnavailable(f"{path} cannot be written: {error.strerror}.") from None


def _read(path: Path, flags: int) -> tuple[bytes, os.stat_result]:
    """What was opened is what is looked at: between a look and a read, a file could be exchanged."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | flags)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise KeyUnavailable(_unreadable(path, error)) from None
    try:
        info = os.fstat(descriptor)
        if not stat.S_ISREG(info.st_mode):
            raise KeyUnavailable(_unreadable(path, None))
        return os.read(descriptor, LARGEST), info
    finally:
        os.close(descriptor)


def _unreadable(path: Path, error: OSError | None) -> str:
    if error is None or path.is_symlink():
        return f"{path} is not a plain file. Put the key itself there, not a link."
    return f"{path} cannot be read: {error.strerror}."


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Put the names in a folder on disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
