"""Hypothesis drives the engine: it chooses what is asked, what fails, who is stopped or killed where, who goes on."""

import shutil
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar, Final

from hypothesis import event
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tests.stateful.moves import SPANS, Interfere, Moment, Move, Person, Wait, Work, moves
from tests.stateful.promises import LEEWAY_SHARE, Promises
from tests.stateful.settle import settle
from tests.stateful.template import Template
from tests.stateful.world import World
from typing_extensions import override

MODELLED: Final = {"kill": "crash", "pause": "pause"}
"""What the protocol's model calls what may be done to a process."""


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

    @rule(move=moves)
    def make(self, move: Move) -> None:
        match move:
            case Work():
                self._work(move)
            case Wait():
                self.world.stage.first = move.first
                self.world.pass_time(SPANS[move.span])
            case Interfere():
                self._interfere(move)
            case Person():
                self._person(move)

    def _work(self, work: Work) -> None:
        self._wait_for(work.at)
        if work.trouble is not None:
            self._note(work.trouble.value)
            self.promises.fault("lost_request")
            self.world.wire.troubles.append(work.trouble)
        if work.refused:
            self._note("401 though the token lives")
            self.world.wire.api_refusals += 1
        begin = self.world.call if work.by == "call" else self.world.tick
        for slot in work.who:
            begin(slot, work.fate if slot == work.who[0] else None)
        self.world.pass_time(SPANS[work.wait])

    def _wait_for(self, moment: Moment) -> None:
        seen, now = self.world.seen, self.world.clock.now()
        leeway = timedelta(seconds=self.case.template.life_s * LEEWAY_SHARE)
        moments: dict[Moment, datetime] = {
            "the renewal time": seen.refresh_at or now,
            "the last chance": seen.expires_at - leeway,
            "the end of the token": seen.expires_at,
            "now": now,
        }
        self.world.pass_time(max((moments[moment] - now).total_seconds(), 0.0))

    def _interfere(self, move: Interfere) -> None:
        world = self.world
        deeds = {"resume": world.resume, "kill": world.kill, "cancel": world.cancel, "pause": world.pause}
        if deeds[move.deed](move.slot):
            self._note(f"{move.deed} where it waits")
            if move.deed in MODELLED:
                self.promises.fault(MODELLED[move.deed])

    def _person(self, move: Person) -> None:
        self._note(f"the person {move.deed}")
        if move.deed == "revokes":
            self.world.provider.revoke()
        else:
            self.world.consent(move.slot, ends_former=move.deed != "consents anew")

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
