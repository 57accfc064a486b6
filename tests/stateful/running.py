"""A machine run as a test: how many examples, of what length, and whether they are the same at every run."""

from collections import Counter
from pathlib import Path
from typing import Final

import hypothesis
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import get_state_machine_test
from tests.stateful.machine import Case, Refreshing
from tests.stateful.template import Template, make_template

from evergrant import app
from evergrant.catalog.catalog import Catalog, folders
from evergrant.sandbox.behaviour import Rotation

STEPS: Final = 12


def machine_of(case: Case) -> type[Refreshing]:
    """The machine of that case."""
    return type("Refreshing", (Refreshing,), {"case": case})


def explore(
    template: Template, folder: Path, examples: int, *, seed: int | None = None, shrink: bool = True
) -> Counter[str]:
    """Run so many examples and return what happened in them; raises what the first broken promise raises.

    The same `seed` makes the same examples; without one they are new ones at every run.
    """
    case = Case(template, folder)
    phases = [Phase.generate, *([Phase.shrink] if shrink else [])]
    chosen = settings(
        max_examples=examples,
        stateful_step_count=STEPS,
        derandomize=False,
        database=None,
        deadline=None,
        phases=phases,
        report_multiple_bugs=False,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    with pytest.MonkeyPatch.context() as patch:
        catalog = Catalog(folders(Path(app.__file__).parent, (template.data,)), lenient=True)

        def read_before(_folders: object, *, lenient: bool) -> Catalog:
            return catalog

        # Reading the connectors' files anew for every process would be most of the time.
        patch.setattr(app, "Catalog", read_before)
        test = get_state_machine_test(machine_of(case), settings=chosen)
        (test if seed is None else hypothesis.seed(seed)(test))()
    return case.covered


def template_of(folder: Path, rotation: Rotation) -> Template:
    """A new template below a folder that is there."""
    return make_template(folder / rotation.value, rotation)
