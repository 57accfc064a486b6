"""The real engine under a virtual scheduler; `scripts/stateful` runs more examples, and other ones each time."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from tests.fakes.quick_folder import quick_folder
from tests.protocol.server_policies import Policy
from tests.protocol.state import Faults
from tests.stateful.ablations import ABLATIONS, Ablation
from tests.stateful.ends import End, ends
from tests.stateful.promises import PromiseBroken
from tests.stateful.running import explore, template_of

from evergrant.sandbox.behaviour import Rotation

EXAMPLES: Final = 5
SEEDS: Final = {rotation: seed for seed, rotation in enumerate(Rotation)}
"""The same examples at every run, and other ones for each policy."""
TO_FIND_IT: Final = 60
"""Far more than the machine needs."""


@pytest.fixture
def folder() -> Iterator[Path]:
    with quick_folder() as folder:
        yield folder


@pytest.mark.parametrize("rotation", Rotation)
def test_the_engine_keeps_its_promises_whatever_befalls_it(folder: Path, rotation: Rotation) -> None:
    covered = explore(template_of(folder, rotation), folder, EXAMPLES, seed=SEEDS[rotation], shrink=False)

    # Runs in which nothing happened would keep every promise.
    assert covered["result"] >= EXAMPLES / 2
    struck = [what for what in covered if what.startswith(("kill at", "pause at", "disk full at"))]
    assert len(struck) >= 3


@pytest.mark.parametrize("ablation", ABLATIONS, ids=[ablation.name for ablation in ABLATIONS])
def test_without_this_rule_the_machine_finds_a_broken_promise(
    folder: Path, monkeypatch: pytest.MonkeyPatch, ablation: Ablation
) -> None:
    ablation.put_in(monkeypatch)
    with pytest.raises(PromiseBroken, match=ablation.breaks):
        explore(template_of(folder, ablation.rotation), folder, TO_FIND_IT, seed=SEEDS[ablation.rotation], shrink=False)


@pytest.mark.parametrize(
    ("policy", "faults", "possible"),
    [
        (Policy.STRICT, Faults(), {"alive"}),
        (Policy.STRICT, Faults(lost_request=1, pause=1), {"alive"}),
        (Policy.STRICT, Faults(crash=1), {"alive", "lost"}),
        (Policy.STRICT_FAMILY, Faults(lost_response=1), {"alive", "lost"}),
        (Policy.GRACE_SAME, Faults(crash=1), {"alive"}),
        (Policy.GRACE_NEW, Faults(crash=1, grace_end=1), {"alive", "lost"}),
        (Policy.UNTIL_USED, Faults(crash=1, lost_response=1, pause=1), {"alive"}),
    ],
)
def test_the_model_says_how_a_grant_may_end(policy: Policy, faults: Faults, possible: set[End]) -> None:
    assert ends(policy, faults) == possible
