"""A person's session without a screen: a D-Bus of its own, and in it a real gnome-keyring, as a desktop has them.

Nothing of it touches the machine's own session: home, runtime folder and bus are the test's.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
INSTALL = ROOT / "scripts" / "install-test-keychain"
UNLOCKED = "printf pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null"
"""The person has logged in; the first time, the keychain is made."""
LOCKED = "gnome-keyring-daemon --start --components=secrets >/dev/null"
"""The daemon runs, and nobody has given it the password."""
PYTHON = f"PYTHONPATH='{ROOT}':\"$PYTHONPATH\" '{sys.executable}'"
OPEN = f"{PYTHON} -m tests.fakes.opens"
OPEN_KEYCHAIN = f"{OPEN} keychain"
OPEN_AUTO = f"{OPEN} auto"
LIST = f"""{PYTHON} -c '
import secretstorage
bus = secretstorage.dbus_init()
for item in secretstorage.search_items(bus, {{"service": "evergrant"}}):
    print(item.get_attributes()["username"], len(item.get_secret()))
bus.close()
'"""
"""What lies in the Secret Service under our name, a line each, asked without `keyring`."""
KEY_FILES = ("vault.key", "keyring.sealed", "keyring_pass.cfg", "crypted_pass.cfg")
PROMPTER = "org.gnome.keyring.SystemPrompter"


@dataclass(frozen=True)
class Desktop:
    """One person's home; their keychain stays in it from session to session."""

    home: Path

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def vault(self) -> Path:
        return self.home / "vault"

    def session(self, *script: str, **settings: str) -> list[str]:
        """Run the script's lines in a session with a bus; returns what they print."""
        return self._run(["dbus-run-session", "--", "sh", "-c", "\n".join(("set -e", *script))], settings)

    def without_a_bus(self, *script: str, **settings: str) -> list[str]:
        """Run the script's lines where there is no session: a container, a cron job, a bare SSH login."""
        return self._run(["sh", "-c", "\n".join(("set -e", *script))], settings)

    def keys(self) -> list[str]:
        """The files that hold a key: ours, and those of keyrings.alt."""
        return sorted(path.name for path in self.home.rglob("*") if path.name in KEY_FILES)

    def put_a_prompter_that_nobody_answers(self) -> Path:
        """What asks for the password now waits; returns the file in which it will write its process's id."""
        services, pid = self.data / "dbus-1" / "services", self.home / "prompter.pid"
        services.mkdir(parents=True)
        waits = self.home / "prompter"
        waits.write_text(f"#!/bin/sh\necho $$ >{pid}\nexec sleep 600 >/dev/null 2>&1\n", encoding="utf-8")
        waits.chmod(0o700)
        (services / f"{PROMPTER}.service").write_text(
            f"[D-BUS Service]\nName={PROMPTER}\nExec={waits}\n", encoding="utf-8"
        )
        return pid

    def _run(self, command: list[str], settings: Mapping[str, str]) -> list[str]:
        done = subprocess.run(
            command, env=self._env(settings), cwd=self.home, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.splitlines()

    def _env(self, settings: Mapping[str, str]) -> dict[str, str]:
        runtime = self.home / "run"
        runtime.mkdir(mode=0o700, exist_ok=True)
        path = os.environ["PATH"]  # noqa: TID251  (the daemon is found as a person's shell finds it)
        folders = {"HOME": self.home, "XDG_DATA_HOME": self.data, "XDG_CONFIG_HOME": self.home / "config"}
        ours = {"EVERGRANT_HOME": str(self.vault), "XDG_RUNTIME_DIR": str(runtime), "PATH": path, "LANG": "C.UTF-8"}
        return {**ours, **{name: str(folder) for name, folder in folders.items()}, "NO_COLOR": "1", **settings}


def keyrings_alt() -> Path:
    """The folder that `keyrings.alt` is installed in, to be put on a PYTHONPATH; skips where it cannot be had."""
    done = subprocess.run([INSTALL], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"keyrings.alt could not be installed; where there is a network, run {INSTALL}")
    return Path(done.stdout.strip())


def need_gnome_keyring() -> None:
    """Skip where this machine has no gnome-keyring and we may not install it."""
    subprocess.run([INSTALL], stdout=subprocess.PIPE, check=False)
    if not (shutil.which("gnome-keyring-daemon") and shutil.which("dbus-run-session")):
        pytest.skip("NO KEYCHAIN TESTED: install one with: sudo apt-get install gnome-keyring dbus")
