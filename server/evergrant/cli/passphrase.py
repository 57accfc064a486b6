"""Asking the person at the terminal for the vault's passphrase; it is never an argument, and it is not shown."""

from getpass import getpass

from evergrant.model.secret import Secret
from evergrant.vault.ring import KeyUnavailable


def ask_passphrase(new: bool) -> Secret:
    """What was typed; a new one is typed twice. Raises KeyUnavailable where the two differ or nothing was typed."""
    typed = getpass("New passphrase of the vault: " if new else "Passphrase of the vault: ")
    if not typed:
        raise KeyUnavailable("No passphrase was typed.")
    if new and getpass("The same again: ") != typed:
        raise KeyUnavailable("The two passphrases differ, so no vault was made. Try again.")
    return Secret(typed)
