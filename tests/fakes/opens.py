"""A process that opens the vault which its environment names, as every command does, and says where the key lies.

    python -m tests.fakes.opens [SOURCE]

It prints one line: `ok` and the place, or `refused` and the message.
"""

import sys

from evergrant.model.clock import SystemClock
from evergrant.settings import Settings
from evergrant.vault.ring import KeyUnavailable
from evergrant.vault.sources.keychain import system_keychain
from evergrant.vault.vault import open_vault


def main() -> None:
    settings = Settings()
    source = settings.model_copy(update={"key_source": sys.argv[1]}).key_source if sys.argv[1:] else settings.key_source
    try:
        vault = open_vault(settings.home, source, system_keychain, SystemClock(), settings.given())
    except KeyUnavailable as error:
        sys.stdout.write(f"refused {error}\n")
        return
    sys.stdout.write(f"ok {vault.key.where}\n")
    vault.close()


if __name__ == "__main__":
    main()
