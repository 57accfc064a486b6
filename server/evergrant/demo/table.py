"""The report of the demo, laid out for a terminal."""

from collections.abc import Callable, Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from evergrant.demo.facts import Crash, EventSeen, Revocation, ServiceReport, Storm

Verdict = tuple[str, bool]
ROWS: tuple[tuple[str, Callable[[ServiceReport], str]], ...] = (
    ("token life", lambda each: f"{each.token_life_s // 60} min"),
    ("expiries, were tokens used up", lambda each: str(each.refreshes_if_used_up)),
    ("refreshes expected", lambda each: f"{each.refreshes_least} to {each.refreshes_most}"),
    ("refreshes made", lambda each: str(each.refreshes)),
    ("  of these, sent again on purpose", lambda each: str(each.resends)),
    ("calls made", lambda each: str(each.calls)),
    ("  paused / resumed", lambda each: f"{each.paused} / {each.resumed}"),
    ("  failed", lambda each: str(sum(each.failed.values()))),
    ("sent with an expired token", lambda each: str(each.expired_token_sends)),
    ("refresh tokens spent twice", lambda each: str(each.double_refreshes)),
    ("silent skips", lambda each: str(each.silent_skips)),
    ("rows written / wrong", lambda each: f"{each.rows_written} / {each.rows_wrong}"),
    ("lost grants", lambda each: str(each.lost_grants)),
)


def page(
    hours: int, wall_s: float, services: Sequence[ServiceReport], told: Sequence[str], verdicts: Sequence[Verdict]
) -> RenderableType:
    """The story, the counts and the verdicts, under a headline that says whether all is well."""
    broken = sum(not kept for _, kept in verdicts)
    verdict = f"{broken} broken" if broken else "all kept"
    headline = f"{hours} hours of an agent's work over three services, in {wall_s:.0f} s. Promises: {verdict}."
    marks = [
        Text(f"{'kept  ' if kept else 'BROKEN'}  {text}", "green" if kept else "bold red") for text, kept in verdicts
    ]
    return Group(Text(headline, "bold"), "", *map(Text, told), "", _counts(services), "", *marks)


def _counts(services: Sequence[ServiceReport]) -> Table:
    table = Table("counted", *(each.title for each in services), box=None, pad_edge=False)
    for name, shown in ROWS:
        table.add_row(name, *map(shown, services))
    return table


def story(
    crash: Crash | None, storms: Sequence[Storm], revocation: Revocation | None, events: Sequence[EventSeen]
) -> list[str]:
    """What went wrong in the day and what came of it, a line each, in the order of time."""
    lines = [*_crash(crash), *_storms(storms), *_revocation(revocation), *_events(events)]
    return sorted(lines, key=lambda line: line[: len("00:00")])


def _crash(crash: Crash | None) -> Iterator[str]:
    if crash:
        how = "kill -9" if crash.killed else "an end that was not the planned kill"
        yield f"{crash.at}  {how} in a refresh of {crash.service} (at {crash.failpoint}, the provider had rotated)"
        waited = f"after {crash.waited_s:.0f} s"
        yield f"{crash.storm.at}  {crash.storm.calls} calls at once on it: {_came_of(crash.storm)}, {waited}"


def _storms(storms: Sequence[Storm]) -> Iterator[str]:
    if storms:
        yield f"{storms[0].at}  the laptop wakes after three hours: every token has expired and no job has run"
    for storm in storms:
        yield f"{storm.at}  {storm.calls} calls at once on {storm.service}: {_came_of(storm)}"


def _revocation(met: Revocation | None) -> Iterator[str]:
    if met:
        after = "never" if met.event_after_s is None else f"after {met.event_after_s:.0f} s"
        yield f"{met.at}  the grant of {met.service} is revoked at the provider; the operator knew {after}"
        yield f"{met.reconnected_at}  {met.paused} calls paused so far; of the others, {met.others_went_on} were done"
        yield f"{met.reconnected_at}  reconnected by the link of a paused call; resumed: {met.resumed} of {met.paused}"


def _events(events: Sequence[EventSeen]) -> Iterator[str]:
    for event in events:
        yield f"{event.at}  event {event.event} for {event.service}"


def _came_of(storm: Storm) -> str:
    return f"{storm.refreshes} refresh{'' if storm.refreshes == 1 else 'es'}, {storm.failed} failed"
