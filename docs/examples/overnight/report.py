"""What the night came to: the provider's counts, beside what the agent was told to do."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from docs.examples.overnight.agent import LANES, script, step
from docs.examples.overnight.stage import Stage, service
from rich.console import Group, RenderableType
from rich.table import Table

from evergrant.demo.agent import events
from evergrant.model.json import Json


@dataclass
class Told:
    """What the agent has said, of however many processes."""

    pauses: int = 0
    waits: asyncio.Event = field(default_factory=asyncio.Event)
    answers: Mapping[str, int] = field(default_factory=dict[str, int])

    def hear(self, line: Mapping[str, Json]) -> None:
        """One line of its output."""
        answers = line.get("answers")
        if isinstance(answers, Mapping):
            self.answers = {lane: int(str(many)) for lane, many in answers.items()}
        else:
            self.pauses += 1
            self.waits.set()


@dataclass(frozen=True, slots=True)
class Lane:
    """One service: its steps, and how the provider has counted them."""

    service: str
    token_life_s: int
    refreshes: int
    expired_token_sends: int
    calls_wanted: int
    calls_answered: int
    steps: int
    executed_once: int
    executed_twice: int
    missing: int


@dataclass(frozen=True, slots=True)
class Report:
    """The lanes, and what happened in the night."""

    hours: int
    killed: bool
    pauses: int
    events: tuple[str, ...]
    lanes: tuple[Lane, ...]
    wall_s: float

    @property
    def complete(self) -> bool:
        """Whether every step was done, once, and somebody had to be asked."""
        return self.pauses > 0 and all(
            (lane.executed_once, lane.calls_answered) == (lane.steps, lane.calls_wanted) for lane in self.lanes
        )

    def as_json(self) -> dict[str, object]:
        return {"complete": self.complete, **asdict(self)}

    def as_text(self) -> RenderableType:
        """A headline, what happened, and a table."""
        verdict = "complete, each step executed exactly once" if self.complete else "NOT complete"
        agent = "killed while it waited and started again" if self.killed else "one process"
        headline = f"{self.hours} hours over three services in {self.wall_s:.0f} s ({agent}): {verdict}."
        table = Table("counted by the provider", *(lane.service for lane in self.lanes), box=None, pad_edge=False)
        for name, title in ROWS.items():
            table.add_row(title, *(str(asdict(lane)[name]) for lane in self.lanes))
        return Group(headline, "", *self.events, "", table)


ROWS = {
    "token_life_s": "token life, s",
    "refreshes": "refreshes",
    "expired_token_sends": "sent with an expired token",
    "calls_answered": "calls with a result",
    "steps": "steps (one row each)",
    "executed_once": "  executed exactly once",
    "executed_twice": "  executed twice",
    "missing": "  missing",
}


def report(made: Stage, told: Told, hours: int, *, killed: bool, wall_s: float) -> Report:
    """Count."""
    lines = tuple(
        f"{event.occurred_at:%H:%M}  {event.type}  {event.data['provider']}" for event in events(made.app.outbox)
    )
    lanes = tuple(_lane(made, told, name, hours) for name in LANES)
    return Report(hours, killed, told.pauses, lines, lanes, round(wall_s, 1))


def _lane(made: Stage, told: Told, name: str, hours: int) -> Lane:
    here = service(name)
    rows = Counter(str(cells[0]) for cells in made.sandbox.book(here.user).rows)
    wanted = [step(name, hour) for hour in range(1, hours + 1)]
    tally = made.sandbox.count.by_client[name]
    return Lane(
        service=here.title,
        token_life_s=here.token_life_s,
        refreshes=tally.refreshes,
        expired_token_sends=tally.api_expired_token,
        calls_wanted=sum(len(script(name, hour)) for hour in range(1, hours + 1)),
        calls_answered=told.answers.get(name, 0),
        steps=len(wanted),
        executed_once=sum(rows[each] == 1 for each in wanted),
        executed_twice=sum(many > 1 for many in rows.values()),
        missing=sum(not rows[each] for each in wanted),
    )
