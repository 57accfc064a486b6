"""The virtual scheduler: stopped is stopped, dead is dead, and the same choices make the same run."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fakes.quick_folder import quick_folder
from tests.stateful.process import Fate
from tests.stateful.running import template_of
from tests.stateful.trouble import Trouble
from tests.stateful.world import World

from evergrant.sandbox.behaviour import Rotation


@pytest.fixture
def folder() -> Iterator[Path]:
    with quick_folder() as folder:
        yield folder


@pytest.fixture
def world(folder: Path) -> Iterator[World]:
    world = World(template_of(folder, Rotation.STRICT), folder / "home")
    yield world
    world.close()


def test_a_stopped_process_keeps_its_lock_and_does_nothing_until_it_goes_on(world: World) -> None:
    world.pass_time(world.template.life_s)
    world.call(0, Fate("pause", "before_send"))
    world.call(1, None)
    world.pass_time(10)
    assert world.wire.sendings == []

    world.resume(0)
    world.pass_time(1)
    assert [sending.stored for sending in world.wire.sendings] == [True]
    assert world.waiting == 0


def test_a_killed_process_frees_its_lock_and_its_request_goes_on(world: World) -> None:
    world.pass_time(world.template.life_s)
    world.wire.troubles.append(Trouble.SLOW)
    world.call(0, Fate("kill", "sent"))
    [orphan] = world.wire.sendings
    assert (orphan.sender.alive, orphan.under_way) == (False, True)

    world.call(1, None)
    world.pass_time(14.5)
    assert (orphan.carried_out, orphan.is_lost) == (True, True)
    world.pass_time(1)
    assert len(world.wire.sendings) == 2, "the next process has had the lock, waited, and asked again"


def test_an_answer_that_came_while_its_process_was_stopped_is_taken(world: World) -> None:
    world.pass_time(world.template.life_s)
    world.call(0, None)
    world.pass_time(0.15)
    world.pause(0)
    world.pass_time(3600)
    world.resume(0)
    world.pass_time(1)
    assert [sending.stored for sending in world.wire.sendings] == [True]


def test_the_same_choices_make_the_same_run(folder: Path) -> None:
    template = template_of(folder, Rotation.GRACE_NEW)
    assert _told(World(template, folder / "one")) == _told(World(template, folder / "other"))


def _told(world: World) -> list[tuple[float, str]]:
    told: list[tuple[float, str]] = []
    world.on_point = lambda point: told.append((world.stage.now, point))
    world.pass_time(world.template.life_s)
    world.call(0, Fate("pause", "sent"))
    world.call(1, None)
    world.tick(2, Fate("kill", "committed"))
    world.pass_time(5)
    world.resume(0)
    world.pass_time(world.template.life_s)
    world.tick(1, None)
    world.pass_time(60)
    world.close()
    assert len(told) > len({point for _, point in told})
    return told
