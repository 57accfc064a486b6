"""Where a vault may lie: on a disk of this machine, and in no folder that a program keeps in step with another's.

A vault rests on SQLite's locks and on `flock`. Network file systems do not keep these promises among machines
(sqlite.org/howtocorrupt.html, 2.1), and a synced folder makes two vaults of one: both then spend the same refresh
tokens, and providers answer that by ending the grant.
"""

import fnmatch
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from evergrant.store.database import StoreUnavailable
from evergrant.store.mounts import Mount

NETWORK = {
    **dict.fromkeys(("nfs", "nfs3", "nfs4"), "NFS"),
    **dict.fromkeys(("cifs", "smb", "smb2", "smb3", "smbfs"), "SMB"),
    **dict.fromkeys(("9p", "drvfs"), "a folder of the host (9p, as WSL has Windows disks at /mnt/c)"),
    **dict.fromkeys(("vboxsf", "vmhgfs", "prl_fs"), "a folder shared with the host"),
    **dict.fromkeys(("afs", "afpfs", "ceph", "coda", "davfs", "glusterfs", "gpfs", "lustre", "ncpfs", "webdav"), ""),
}
"""Types of file systems that lie on another machine, with what people call them where that is something else."""
LOCAL_FUSE = (
    "bindfs", "cryfs", "encfs", "fuse-overlayfs", "gocryptfs", "mergerfs", "ntfs-3g", "securefs", "unionfs", "zfs",
)  # fmt: skip
"""Programs that show a local folder in another way; every other FUSE file system counts as remote."""

SYNCED_BY_NAME = {
    "Dropbox": "Dropbox",
    "OneDrive": "OneDrive",
    "Google Drive": "Google Drive",
    "GoogleDrive": "Google Drive",
    "My Drive": "Google Drive",
    "iCloud Drive": "iCloud Drive",
    "iCloudDrive": "iCloud Drive",
    "Nextcloud": "Nextcloud",
    "ownCloud": "ownCloud",
    "Syncthing": "Syncthing",
    "Box Sync": "Box",
    "MEGAsync": "MEGA",
    "pCloud Drive": "pCloud",
}
SYNCED_ON_MACOS = {"Mobile Documents": "iCloud Drive", "CloudStorage": "a cloud drive"}
"""Folders in a home's `Library` whose content macOS keeps in step."""
SYNCED_BY_MARK = {
    ".dropbox.cache": "Dropbox",
    ".stfolder": "Syncthing",
    ".tmp.drivedownload": "Google Drive",
    ".tmp.driveupload": "Google Drive",
    ".nextcloudsync.log": "Nextcloud",
    ".owncloudsync.log": "Nextcloud or ownCloud",
    ".sync_*.db": "Nextcloud or ownCloud",
    "._sync_*.db": "Nextcloud or ownCloud",
}
"""What sync programs leave at the top of a folder that they look after."""


class FolderRefused(StoreUnavailable):
    """A vault must not lie in this folder; the message says why and where it may."""


def check_folder(folder: Path, mounts: Callable[[], Sequence[Mount]]) -> None:
    """Raises FolderRefused where `folder`, which need not exist yet, lies on a network or is synced."""
    real = Path(os.path.realpath(folder))
    if kind := remote(real, mounts()):
        raise FolderRefused(
            f"The vault cannot lie in {folder}: that is on {kind}, where locks do not hold and two machines would "
            f"spend the same refresh tokens. {_INSTEAD}"
        )
    if program := synced_by(real) or synced_by(folder):
        raise FolderRefused(
            f"The vault cannot lie in {folder}: {program} keeps that folder in step with other machines, which would "
            f"then spend the same refresh tokens. {_INSTEAD}"
        )


_INSTEAD = (
    "Keep it on a disk of this machine: set EVERGRANT_HOME to such a folder, or unset it for ~/.evergrant. A vault "
    "that lies there already can be moved while no server runs."
)


def remote(folder: Path, mounts: Sequence[Mount]) -> str | None:
    """What kind of network file system the folder is on; None for a local one."""
    holding = [mount for mount in mounts if folder.is_relative_to(mount.point)]
    if not holding:
        return None
    # Of two mounts on one point the later one covers the earlier.
    deepest = max(enumerate(holding), key=lambda each: (len(each[1].point.parts), each[0]))[1]
    kind, _, program = deepest.type.lower().partition(".")
    if kind in {"fuse", "macfuse", "osxfuse", "fusefs"}:
        return None if program in LOCAL_FUSE else f"a FUSE file system ({deepest.type})"
    return (NETWORK[kind] or deepest.type) if kind in NETWORK else None


def synced_by(folder: Path) -> str | None:
    """The sync program that keeps the folder, or one above it, in step; None where there is no sign of one."""
    return next((found for each in (folder, *folder.parents) if (found := _named(each) or _marked(each))), None)


def _named(folder: Path) -> str | None:
    if folder.parent.name == "Library" and folder.name in SYNCED_ON_MACOS:
        return SYNCED_ON_MACOS[folder.name]
    # Programs add whose folder it is: `OneDrive - Contoso`, `Dropbox (Personal)`.
    return SYNCED_BY_NAME.get(folder.name.partition(" - ")[0].partition(" (")[0])


def _marked(folder: Path) -> str | None:
    # A file: the folder of that name in a home is Dropbox's own settings.
    if (folder / ".dropbox").is_file():
        return "Dropbox"
    hidden = fnmatch.filter(_names(folder), ".*")
    return next((name for mark, name in SYNCED_BY_MARK.items() if fnmatch.filter(hidden, mark)), None)


def _names(folder: Path) -> list[str]:
    try:
        return [each.name for each in folder.iterdir()]
    except OSError:
        return []  # there is none yet, or it cannot be listed, as above a home on shared machines
