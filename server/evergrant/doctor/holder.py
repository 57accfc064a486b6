"""Which program listens on a port, as far as Linux tells its user (proc_net_tcp(5))."""

from collections.abc import Iterator
from pathlib import Path

LISTEN = "0A"
PROC = Path("/proc")


def holder(port: int, proc: Path = PROC) -> str | None:
    """Its name and process; None where it is another user's, or the system does not say."""
    sockets = {f"socket:[{inode}]" for table in ("tcp", "tcp6") for inode in _inodes(proc / "net" / table, port)}
    if not sockets or sockets == {"socket:[0]"}:
        return None
    processes = (folder for folder in sorted(proc.iterdir()) if folder.name.isdigit())
    return next((_name(folder) for folder in processes if sockets & set(_open(folder))), None)


def _inodes(table: Path, port: int) -> Iterator[str]:
    try:
        lines = table.read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return
    for fields in (line.split() for line in lines):
        if len(fields) > 9 and fields[3] == LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
            yield fields[9]


def _open(process: Path) -> Iterator[str]:
    """What its descriptors lead to; nothing where it is not ours to ask, or has just ended."""
    try:
        links = list((process / "fd").iterdir())
    except OSError:
        return
    for link in links:
        try:
            yield str(link.readlink())
        except OSError:
            continue


def _name(process: Path) -> str:
    try:
        return f"{(process / 'comm').read_text(encoding='utf-8').strip()} (process {process.name})"
    except OSError:
        return f"process {process.name}"
