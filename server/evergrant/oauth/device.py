"""The device grant (RFC 8628): a code that a person types in at another device, and the asking until it is done."""

from dataclasses import dataclass, field

from evergrant.model.json import Json, at, text_at
from evergrant.model.secret import Secret

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
DEFAULT_INTERVAL_S = 5.0
SLOWER_S = 5.0
"""What `slow_down` adds to the interval (3.5)."""
LONGEST_S = 1800.0
PENDING = frozenset({"authorization_pending", "slow_down"})


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """What the device authorization endpoint answers (3.2)."""

    user_code: str
    verification_uri: str
    complete_uri: str | None
    device_code: Secret = field(repr=False)
    expires_in_s: float
    interval_s: float


def read_device_code(body: Json) -> DeviceCode | None:
    """The codes in an answer; None where it has none. Some providers say `verification_url`."""
    device, user = text_at(body, "/device_code"), text_at(body, "/user_code")
    uri = text_at(body, "/verification_uri") or text_at(body, "/verification_url")
    if not (device and user and uri and uri.startswith("https://")):
        return None
    complete = text_at(body, "/verification_uri_complete")
    return DeviceCode(
        user_code=user,
        verification_uri=uri,
        complete_uri=complete if complete and complete.startswith("https://") else None,
        device_code=Secret(device),
        expires_in_s=min(_seconds(at(body, "/expires_in"), LONGEST_S), LONGEST_S),
        interval_s=_seconds(at(body, "/interval"), DEFAULT_INTERVAL_S),
    )


def _seconds(value: Json, otherwise: float) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and value > 0 else otherwise
