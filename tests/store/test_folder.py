"""A vault lies on a disk of this machine and in no folder that is kept in step with another's."""

from collections.abc import Callable
from pathlib import Path

import pytest

from evergrant.store.database import StoreUnavailable
from evergrant.store.folder import FolderRefused, check_folder, remote, synced_by
from evergrant.store.mounts import Mount, from_mount_command, from_mountinfo, mounts

LAPTOP = """\
22 28 0:21 / /proc rw,nosuid,nodev,noexec,relatime shared:14 - proc proc rw
28 1 259:2 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw,errors=remount-ro
31 28 0:26 / /run rw,nosuid,nodev shared:5 - tmpfs tmpfs rw,size=1587364k
95 28 0:45 / /mnt/nas\\040of\\040ours rw,relatime shared:60 - nfs4 nas:/export rw,vers=4.2
96 28 0:46 / /mnt/share rw,relatime shared:61 - cifs //nas/share rw,vers=3.1.1
97 28 0:47 / /home/anna/remote rw,nosuid,nodev shared:62 - fuse.sshfs anna@host:/home/anna rw
98 28 0:48 / /home/anna/private rw,nosuid,nodev shared:63 - fuse.gocryptfs /home/anna/.private rw
99 28 8:17 / /media/stick rw,nosuid,nodev shared:64 - fuseblk /dev/sdb1 rw
100 28 0:49 / /mnt/nas\\040of\\040ours/disk rw,relatime - ext4 /dev/sdc1 rw
101 28 0:50 / /home/anna/drive rw - fuse.rclone drive: rw
102 28 0:51 / /auto rw - autofs /etc/auto.misc rw,fd=7
103 28 0:52 / /auto rw - nfs nas:/auto rw
"""
WSL = """\
70 60 8:32 / / rw,relatime - ext4 /dev/sdc rw,discard
120 70 0:68 / /mnt/c rw,noatime - 9p drvfs rw,dirsync,aname=drvfs;path=C:\\134;uid=1000
121 70 0:69 / /mnt/d rw,noatime - drvfs D:\\134 rw,noatime
"""
MAC = """\
/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)
devfs on /dev (devfs, local, nobrowse)
/dev/disk3s5 on /System/Volumes/Data (apfs, local, journaled, nobrowse, protect)
map auto_home on /System/Volumes/Data/home (autofs, automounted, nobrowse)
//anna@nas._smb._tcp.local/Home%20Dir on /Volumes/Home Dir (smbfs, nodev, nosuid, mounted by anna)
nas:/export on /Volumes/export (nfs, nodev, nosuid, mounted by anna)
anna@host:/home on /Volumes/host (macfuse, nodev, nosuid, synchronous)
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/home/anna/.evergrant", None),
        ("/run/user/1000/vault", None),
        ("/mnt/nas of ours/vault", "NFS"),
        ("/mnt/nas of ours/disk/vault", None),
        ("/mnt/nas of ours elsewhere", None),
        ("/mnt/share", "SMB"),
        ("/home/anna/remote/vault", "fuse.sshfs"),
        ("/home/anna/drive/vault", "fuse.rclone"),
        ("/home/anna/private/vault", None),
        ("/media/stick/vault", None),
        ("/auto/vault", "NFS"),
    ],
)
def test_a_folder_on_linux_is_on_the_file_system_mounted_deepest_and_last(folder: str, kind: str | None) -> None:
    found = remote(Path(folder), from_mountinfo(LAPTOP))
    assert found is None if kind is None else kind in (found or "")


@pytest.mark.parametrize(
    ("folder", "refused"),
    [("/home/anna/.evergrant", False), ("/mnt/c/Users/anna/.evergrant", True), ("/mnt/d/vault", True)],
)
def test_a_windows_disk_under_wsl_is_refused(folder: str, refused: bool) -> None:
    assert (remote(Path(folder), from_mountinfo(WSL)) is not None) == refused


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/Users/anna/.evergrant", None),
        ("/Volumes/Home Dir/vault", "SMB"),
        ("/Volumes/export/vault", "NFS"),
        ("/Volumes/host/vault", "macfuse"),
    ],
)
def test_a_network_volume_on_macos_is_refused(folder: str, kind: str | None) -> None:
    found = remote(Path(folder), from_mount_command(MAC))
    assert found is None if kind is None else kind in (found or "")


@pytest.mark.parametrize(
    "type_", ["nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "drvfs", "afpfs", "ceph", "vboxsf", "fuse"]
)
def test_the_refusal_of_a_network_folder_says_why_and_what_to_do(tmp_path: Path, type_: str) -> None:
    with pytest.raises(FolderRefused) as refused:
        check_folder(tmp_path / "vault", lambda: [Mount(Path("/"), "ext4"), Mount(tmp_path, type_)])
    assert str(tmp_path / "vault") in str(refused.value)
    assert "locks do not hold" in str(refused.value)
    assert "EVERGRANT_HOME" in str(refused.value)


def test_a_link_leads_to_where_it_points(tmp_path: Path) -> None:
    (tmp_path / "nas").mkdir()
    (tmp_path / "vault").symlink_to(tmp_path / "nas")
    with pytest.raises(FolderRefused, match="NFS"):
        check_folder(tmp_path / "vault", lambda: [Mount(tmp_path / "nas", "nfs4")])


@pytest.mark.parametrize(
    ("path", "program"),
    [
        ("Dropbox/vault", "Dropbox"),
        ("Dropbox (Personal)/vault", "Dropbox"),
        ("OneDrive/vault", "OneDrive"),
        ("OneDrive - Contoso/Documents/vault", "OneDrive"),
        ("Google Drive/My Drive/vault", "Google Drive"),
        ("Library/Mobile Documents/com~apple~CloudDocs/vault", "iCloud Drive"),
        ("Library/CloudStorage/GoogleDrive-anna/vault", "a cloud drive"),
        ("iCloud Drive/vault", "iCloud Drive"),
        ("Nextcloud/vault", "Nextcloud"),
        ("Library/Application Support/vault", None),
        ("src/dropbox/vault", None),
        (".evergrant", None),
    ],
)
def test_a_synced_folder_is_known_by_its_name(tmp_path: Path, path: str, program: str | None) -> None:
    assert synced_by(tmp_path / path) == program


def a_file(path: Path) -> None:
    path.write_text("")


@pytest.mark.parametrize(
    ("mark", "make", "program"),
    [
        (".dropbox", a_file, "Dropbox"),
        (".dropbox", Path.mkdir, None),
        (".dropbox.cache", Path.mkdir, "Dropbox"),
        (".stfolder", Path.mkdir, "Syncthing"),
        (".stfolder", a_file, "Syncthing"),
        (".tmp.drivedownload", Path.mkdir, "Google Drive"),
        (".nextcloudsync.log", a_file, "Nextcloud"),
        (".sync_3f1a2b.db", a_file, "Nextcloud or ownCloud"),
        (".gitignore", a_file, None),
    ],
)
def test_a_synced_folder_is_known_by_what_its_program_leaves_there(
    tmp_path: Path, mark: str, make: Callable[[Path], None], program: str | None
) -> None:
    make(tmp_path / mark)
    assert synced_by(tmp_path / "deep" / "vault") == program


def test_the_refusal_of_a_synced_folder_says_why_and_what_to_do(tmp_path: Path) -> None:
    (tmp_path / ".stfolder").mkdir()
    with pytest.raises(StoreUnavailable) as refused:
        check_folder(tmp_path / "vault", list[Mount])
    assert "Syncthing keeps that folder in step" in str(refused.value)
    assert "EVERGRANT_HOME" in str(refused.value)


def test_this_machine_has_mounts_and_a_temporary_folder_is_fine(tmp_path: Path) -> None:
    assert Path("/") in {mount.point for mount in mounts()}
    check_folder(tmp_path / "not" / "made" / "yet", mounts)
