"""Whether this machine has a keychain that can be trusted with a key, and whether it is open."""

from dataclasses import dataclass

from evergrant.doctor.finding import Finding, note, ok, problem
from evergrant.vault.keys import FindKeychain
from evergrant.vault.ring import KeyUnavailable
from evergrant.vault.sources.keychain import Keychain, KeychainLocked, NoKeychain

CHECK = "keychain"


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look for the keychain brought; asking twice could prompt a person twice."""

    found: Keychain | KeyUnavailable

    def again(self) -> Keychain:
        """What `FindKeychain` gives, without another look; raises what the first one raised."""
        if isinstance(self.found, KeyUnavailable):
            raise self.found
        return self.found


def look(find: FindKeychain) -> Looked:
    """Ask the machine, once."""
    try:
        return Looked(find() or NoKeychain("There is no OS keychain here."))
    except KeyUnavailable as error:
        return Looked(error)


def keychain(looked: Looked, platform: str, *, needed: bool) -> Finding:
    """`needed`: the vault's key lies in it."""
    if not isinstance(looked.found, KeyUnavailable):
        name = f"{type(looked.found).__module__}.{type(looked.found).__name__}"
        return ok(CHECK, f"{name} is there and gives back what it is given.")
    level = problem if needed else note
    spared = "" if needed else " This vault does not need it."
    return level(CHECK, f"{looked.found}{spared}", _what_to_do(looked.found, platform))


def _what_to_do(why: KeyUnavailable, platform: str) -> str:
    macos = platform == "darwin"
    if isinstance(why, KeychainLocked):
        unlock = "security unlock-keychain" if macos else "gnome-keyring-daemon --unlock"
        return f"Log in at the desktop, or unlock it here: {unlock}"
    if isinstance(why, NoKeychain) and not macos:
        return (
            "For a keychain: sudo apt-get install gnome-keyring, and log in at the desktop. A new vault does without: "
            "EVERGRANT_KEY_SOURCE=file evergrant serve"
        )
    return "See what the keychain says of itself: python3 -m keyring diagnose"
