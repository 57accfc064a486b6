"""The machine's clock, against the time that the vault has seen and against what providers say."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx2

from evergrant.doctor.finding import Finding, note, ok, warning
from evergrant.model.clock import Clock

TOLERANCE = timedelta(seconds=60)
PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True)
class Told:
    """What a provider's clock said."""

    host: str
    ahead: timedelta | None
    """By how much it is ahead of ours; None where it did not answer or named no date."""


def against_the_vault(behind: timedelta | None, platform: str) -> Finding:
    """`behind`: by how much the clock lies behind the vault's time; None where no process has run since the start."""
    if behind is None:
        return ok("clock", "No time has been kept since this machine was started.")
    if behind > TOLERANCE:
        return warning(
            "clock",
            f"The clock has been set back by {_span(behind)}. Evergrant goes on with the time that it has seen.",
            _set(platform),
        )
    return ok("clock", "The clock has not been set back since this machine was started.")


def against_the_network(told: Sequence[Told], platform: str) -> Finding:
    """By the first provider that answered."""
    name = "clock, network"
    known = next(((each.host, each.ahead) for each in told if each.ahead is not None), None)
    if known is None and told:
        hosts = ", ".join(each.host for each in told)
        return warning(
            name, f"No provider could be asked the time: {hosts}.", f"See why: curl -I https://{told[0].host}"
        )
    if known is None:
        return note(name, "No provider is in use that could be asked the time over HTTPS.")
    host, ahead = known
    if abs(ahead) > TOLERANCE:
        side = "behind" if ahead > timedelta(0) else "ahead of"
        return warning(name, f"The clock is {_span(abs(ahead))} {side} that of {host}.", _set(platform))
    return ok(name, f"The clock agrees with that of {host} to the minute.")


def until_one_answers(told: Iterable[Told]) -> list[Told]:
    """The first that is known, and those before it that are not: no more providers are asked than need be."""
    asked: list[Told] = []
    for each in told:
        asked.append(each)
        if each.ahead is not None:
            break
    return asked


def ask(host: str, http: httpx2.Client, clock: Clock) -> Told:
    """The time in the Date of an answer (RFC 9110 6.6.1), which is asked for without any credential."""
    before = clock.now()
    try:
        answer = http.head(f"https://{host}/", timeout=PATIENCE_S)
        stated = parsedate_to_datetime(answer.headers.get("Date", ""))
        aged = timedelta(seconds=int(answer.headers.get("Age", "0")))
    except (httpx2.HTTPError, ValueError, TypeError, OverflowError):
        return Told(host, None)
    return Told(host, _aware(stated) + aged - (before + (clock.now() - before) / 2))


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _span(length: timedelta) -> str:
    seconds = round(length.total_seconds())
    return f"{seconds} s" if seconds < 600 else f"{seconds // 60} min" if seconds < 36_000 else f"{seconds // 3600} h"


def _set(platform: str) -> str:
    command = "sudo sntp -sS time.apple.com" if platform == "darwin" else "sudo timedatectl set-ntp true"
    return f"Set the clock by the network: {command}"
