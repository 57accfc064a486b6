"""Asking the person at the terminal for the vault's passphrase; it is never an argument, and it is not shown."""

from getpass import getpass

from evergrant.model.secret import Secret
from evergrant.vault.ring import KeyUnavailable


def ask_passphrase(new: bool) -> Secret:
    """What was typed; a new one is typed twice. Raises KeyUnavailable where the two differ or nothing was typed."""
    if new:
        return ask_new("New passphrase of the vault: ", "no vault was made")
    return _typed("Passphrase of the vault: ")


def ask_new(prompt: str, otherwise: str) -> Secret:
    """A new passphrase, typed twice; raises KeyUnavailable, which says `otherwise`, where the two differ."""
    typed = _typed(prompt)
    if getpass("The same again: ") != typed.reveal():
        raise KeyUnavailable(f"The two passphrases differ, so {otherwise}. Try again.")
    return typed


def _typed(prompt: str) -> Secret:
    typed = getpass(prompt)
    if not typed:
        raise KeyUnavailable("No passphrase was typed.")
    return Secret(typed)
