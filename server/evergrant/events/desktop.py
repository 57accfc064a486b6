"""A note on the desktop of the person who must reconnect an account or approve a call: which one, and nothing else."""

import asyncio
import html
import shutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from evergrant.model.account import AccountKey
from evergrant.model.event import Event
from evergrant.model.text import plain
from evergrant.store.locks import FileLock
from evergrant.vault.accounts import Accounts
from evergrant.vault.outbox import Outbox

LONGEST = 80
PATIENCE_S = 10.0
APPROVAL = "agent.call.approval_required"
MOST = 20
"""Notes at a time: whoever meets more looks at them all in one place."""
APPLESCRIPT = ("on run argv", "display notification (item 2 of argv) with title (item 1 of argv)", "end run")
KEPT = (
    "PATH", "HOME", "LANG", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS",
)  # fmt: skip
"""What the program needs of the environment; the rest may hold a key."""

Show = Callable[[str, str], Awaitable[None]]
"""Shows a title and a text."""


def system_program(platform: str, environment: Mapping[str, str]) -> Show | None:
    """What shows notes on this machine; None where it has no such program."""
    name = "osascript" if platform == "darwin" else "notify-send"
    program = shutil.which(name, path=environment.get("PATH"))
    if program is None:
        return None
    kept = {key: environment[key] for key in KEPT if key in environment}

    async def show(title: str, text: str) -> None:
        with suppress(OSError, TimeoutError):  # a desktop that shows nothing is no reason to stop
            await _run(_arguments(name, program, title, text), kept)

    return show


def _arguments(name: str, program: str, title: str, text: str) -> Sequence[str]:
    if name == "osascript":
        return [program, *(part for line in APPLESCRIPT for part in ("-e", line)), title, text]
    return [program, "--app-name=Evergrant", "--", title, html.escape(text, quote=False)]  # a body is markup there


async def _run(arguments: Sequence[str], environment: Mapping[str, str]) -> None:
    nowhere = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        *arguments, env=environment, stdin=nowhere, stdout=nowhere, stderr=nowhere
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@dataclass(frozen=True, slots=True)
class DesktopNotes:
    """Shows each reauth_required and approval_required of one tenant once, by whichever process of the vault is first.

    How far it has come lies in a file. From the time of the first look on: what was there before is not news.
    """

    outbox: Outbox
    accounts: Accounts
    tenant_id: str
    folder: Path
    show: Show

    async def show_new(self) -> None:
        """Show what is new, unless another process or call is at it; raises StoreUnavailable."""
        lock = FileLock(self.folder / "notes.lock")
        if not lock.try_acquire():
            return
        try:
            for event in self._news():
                title, text = _words(event)
                await self.show(title, text)
        finally:
            lock.release()

    def _news(self) -> list[Event]:
        """What is to be shown; from now on it counts as shown, since a note twice is worse than one that was missed."""
        place = self.folder / "notes"
        last, shown = self.outbox.last(self.tenant_id), _number(place)
        if shown == last:
            return []
        place.touch(mode=0o600)
        place.write_text(str(last), encoding="ascii")
        if shown is None:
            return []
        found = self.outbox.after(self.tenant_id, shown, MOST, ("agent.auth.reauth_required", APPROVAL))
        return [event for event in found if event.type == APPROVAL or self._is_dead(event)]

    def _is_dead(self, event: Event) -> bool:
        account = self.accounts.get(AccountKey(event.tenant_id, event.account_id or ""))
        return account is not None and account.state == "reauth_required"


def _words(event: Event) -> tuple[str, str]:
    alias, service = (plain(event.data.get(name, ""), LONGEST) for name in ("alias", "provider"))
    if event.type == APPROVAL:
        tool, call = (plain(event.data.get(name, ""), LONGEST) for name in ("tool_name", "call_id"))
        return f"{service}: a call waits for your approval", f"{tool} as {alias}. Run: evergrant calls approve {call}"
    return f"{service} wants you to sign in again", f"The account {alias} has stopped. Run: evergrant reauth {alias}"


def _number(place: Path) -> int | None:
    try:
        return int(place.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
