"""Hypothesis drives the engine: it chooses what is asked, what fails, who is stopped or killed where, who goes on."""

import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import ClassVar, Final

from hypothesis import event
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.stateful.process import Fate
from tests.stateful.promises import Promises
from tests.stateful.settle import settle
from tests.stateful.template import Template
from tests.stateful.trouble import Trouble
from tests.stateful.world import SLOTS, World
from typing_extensions import override

POINTS: Final = (
    "renewal_begun",
    "locked",
    "intent_written",
    "before_send",
    "sent",
    "answer_begun",
    "answered",
    "before_commit",
    "committed",
)
UNCOMMITTED: Final = ("intent_uncommitted", "success_uncommitted")
"""Within a transaction: nobody can be stopped there for long, since the database is his."""
FATES: Final = (
    *(Fate("pause", point) for point in POINTS),
    *(Fate("kill", point) for point in (*POINTS, *UNCOMMITTED)),
    *(Fate("disk full", point) for point in UNCOMMITTED),
)
SPANS: Final = {
    "not at all": 0.0,
    "while a request is under way": 0.05,
    "until an answer is there": 0.5,
    "past the wait for an early exchange": 3.0,
    "past the deadline of an exchange": 16.0,
    "past the patience with a lock": 61.0,
    "past the grace": 601.0,
    "past a token's life": 1801.0,
    "a day": 86_400.0,
}
WAITS: Final = (
    "until an answer is there",
    "while a request is under way",
    "not at all",
    "past the deadline of an exchange",
    "past the patience with a lock",
)
RENEWAL_TIME, LAST_CHANCE, END, NOW = "the renewal time", "the last chance", "the end of the token", "now"
MODELLED: Final = {"kill": "crash", "pause": "pause"}
"""What the protocol's model calls what may be done to a process."""
REVOKES, CONSENTS, REPLACES = "revokes", "consents anew", "ends the grant and consents anew"
DEEDS: Final = (CONSENTS, REPLACES, REVOKES)
slots: Final = st.integers(0, SLOTS - 1)
rivals: Final = st.sampled_from([(0,), (1,), (0, 1), (2, 0), (0, 1, 2)])
fates: Final = st.none() | st.sampled_from(FATES)
at_call: Final = st.sampled_from((LAST_CHANCE, END, NOW))
at_tick: Final = st.sampled_from((RENEWAL_TIME, NOW))
waits: Final = st.sampled_from(WAITS)
troubles: Final = st.none() | st.none() | st.sampled_from(Trouble)
rarely: Final = st.sampled_from((False, False, False, True))


@dataclass(frozen=True)
class Case:
    """What a machine is about."""

    template: Template
    folder: Path
    """Where its vaults may lie."""
    covered: Counter[str] = field(default_factory=Counter[str])
    """What happened in all its runs."""


class Refreshing(RuleBasedStateMachine):
    """One account, up to three processes, one provider."""

    case: ClassVar[Case]

    def __init__(self) -> None:
        super().__init__()
        self._home = Path(tempfile.mkdtemp(dir=self.case.folder))
        self.world = World(self.case.template, self._home / "vault")
        self.promises = Promises(self.world)
        self._known_fates = 0

    def _note(self, what: str) -> None:
        event(what)
        self.case.covered[what] += 1

    @initialize(first=slots)
    def order(self, first: int) -> None:
        self.world.stage.first = first

    @rule(who=rivals, fate=fates, trouble=troubles, at=at_call, wait=waits, refused=rarely)
    def call(
        self, *, who: Sequence[int], fate: Fate | None, trouble: Trouble | None, at: str, wait: str, refused: bool
    ) -> None:
        """Callers use a tool at one time; it may be that one is refused, though its token lives."""
        if refused:
            self.world.wire.api_refusals += 1
            self._note("401 though the token lives")
        self._prepare(at, trouble)
        for each in who:
            self.world.call(each, fate if each == who[0] else None)
        self.world.pass_time(SPANS[wait])

    @rule(who=rivals, fate=fates, trouble=troubles, at=at_tick, wait=waits)
    def tick(self, *, who: Sequence[int], fate: Fate | None, trouble: Trouble | None, at: str, wait: str) -> None:
        """Servers look for what is due at one time."""
        self._prepare(at, trouble)
        for each in who:
            self.world.tick(each, fate if each == who[0] else None)
        self.world.pass_time(SPANS[wait])

    def _prepare(self, at: str, trouble: Trouble | None) -> None:
        self._wait_for(at)
        if trouble is not None:
            self._note(trouble.value)
            self.promises.fault("lost_request")
            self.world.wire.troubles.append(trouble)

    def _wait_for(self, moment: str) -> None:
        seen, now = self.world.seen, self.world.clock.now()
        leeway = timedelta(seconds=self.case.template.life_s / 20)
        moments = {
            RENEWAL_TIME: seen.refresh_at or now,
            LAST_CHANCE: seen.expires_at - leeway,
            END: seen.expires_at,
            NOW: now,
        }
        self.world.pass_time(max((moments[moment] - now).total_seconds(), 0.0))

    @rule(span=st.sampled_from(sorted(SPANS, key=lambda each: SPANS[each])), first=slots)
    def pass_time(self, span: str, first: int) -> None:
        self.world.stage.first = first
        self.world.pass_time(SPANS[span])

    @rule(slot=slots, deed=st.sampled_from(("resume", "kill", "cancel", "pause")))
    def interfere(self, slot: int, deed: str) -> None:
        """Something is done to a process, or to a caller in it."""
        world = self.world
        deeds = {"resume": world.resume, "kill": world.kill, "cancel": world.cancel, "pause": world.pause}
        if deeds[deed](slot):
            self._note(f"{deed} where it waits")
            if deed in MODELLED:
                self.promises.fault(MODELLED[deed])

    @rule(slot=slots, deed=st.sampled_from(DEEDS))
    def person(self, slot: int, deed: str) -> None:
        self._note(f"the person {deed}")
        if deed == REVOKES:
            self.world.provider.revoke()
        else:
            self.world.consent(slot, ends_former=deed == REPLACES)

    @invariant()
    def promises_are_kept(self) -> None:
        for fate in self.world.fates[self._known_fates :]:
            self._note(f"{fate.kind} at {fate.point}")
        self._known_fates = len(self.world.fates)
        self.promises.check()

    @override
    def teardown(self) -> None:
        try:
            if sys.exception() is None:
                end = settle(self.world, self.promises)
                self._note(f"{self.case.template.rotation}: {'revoked' if self.promises.revoked else end}")
        finally:
            self.case.covered.update(self.promises.outcomes)
            self.world.close()
            shutil.rmtree(self._home)
