"""The table of mounted file systems: Linux has it as a file, macOS and the BSDs as the output of `mount`."""

import platform
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

MOUNT = "/sbin/mount"
PATIENCE_S = 10.0
_ESCAPED = re.compile(r"\\([0-7]{3})")
_LINE = re.compile(r"^.+? on (?P<point>/.*) \((?P<type>[^,()]+)[^()]*\)$")


@dataclass(frozen=True, slots=True)
class Mount:
    """A mounted file system."""

    point: Path
    type: str
    """As the kernel names it: `ext4`, `nfs4`, `fuse.sshfs`."""


def mounts() -> list[Mount]:
    """This machine's mounts in the order in which they were made; empty where they cannot be had."""
    try:
        return from_mountinfo(_mountinfo()) if platform.system() == "Linux" else from_mount_command(_mount_command())
    except (OSError, subprocess.SubprocessError):
        return []


def _mountinfo() -> str:
    return Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")


def _mount_command() -> str:
    return subprocess.run([MOUNT], capture_output=True, text=True, timeout=PATIENCE_S, check=True).stdout


def from_mountinfo(text: str) -> list[Mount]:
    """Mounts in the format of /proc/self/mountinfo (proc_pid_mountinfo(5)): the type follows a lone hyphen."""
    found: list[Mount] = []
    for line in text.splitlines():
        before, hyphen, after = line.partition(" - ")
        fields = before.split(" ")
        if hyphen and len(fields) > 4:
            found.append(Mount(Path(_unescaped(fields[4])), after.split(" ")[0]))
    return found


def from_mount_command(text: str) -> list[Mount]:
    """Mounts as mount(8) of macOS and the BSDs prints them: `//anna@nas/home on /Volumes/home (smbfs, nodev)`."""
    found = (_LINE.match(line) for line in text.splitlines())
    return [Mount(Path(line["point"]), line["type"].strip()) for line in found if line]


def _unescaped(field: str) -> str:
    """Spaces, tabs, newlines and backslashes stand as three octal digits."""
    return _ESCAPED.sub(lambda octal: chr(int(octal[1], 8)), field)
