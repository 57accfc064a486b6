"""What busy periods leave free."""

import pytest

from evergrant.calls.codecs import BadValue
from evergrant.calls.free_times import free_times
from evergrant.model.json import Json


def at_hours(start: int, end: int) -> Json:
    return {"start": f"2026-12-01T{start:02}:00:00Z", "end": f"2026-12-01T{end:02}:00:00Z"}


def free(start: int, end: int) -> Json:
    return {
        "start": f"2026-12-01T{start:02}:00:00Z",
        "end": f"2026-12-01T{end:02}:00:00Z",
        "minutes": (end - start) * 60,
    }


DAY = {"from": "2026-12-01T08:00:00Z", "to": "2026-12-01T18:00:00Z"}


@pytest.mark.parametrize(
    ("busy", "left"),
    [
        (None, [free(8, 18)]),
        ([], [free(8, 18)]),
        ([at_hours(9, 10), at_hours(12, 13)], [free(8, 9), free(10, 12), free(13, 18)]),
        ([[at_hours(12, 13)], [at_hours(9, 12), at_hours(9, 10)]], [free(8, 9), free(13, 18)]),
        ([at_hours(6, 9), at_hours(17, 20)], [free(9, 17)]),
        ([at_hours(6, 20)], []),
        ([at_hours(19, 20)], [free(8, 18)]),
        ([at_hours(6, 7)], [free(8, 18)]),
    ],
)
def test_what_nobody_is_busy_in_is_free(busy: Json, left: Json) -> None:
    assert free_times({**DAY, "busy": busy}) == left


def test_times_keep_the_offset_they_were_written_with() -> None:
    busy: Json = [{"start": "2026-12-01T10:00:00+01:00", "end": "2026-12-01T11:30:00+01:00"}]
    assert free_times({**DAY, "busy": busy}) == [
        {"start": "2026-12-01T08:00:00Z", "end": "2026-12-01T10:00:00+01:00", "minutes": 60},
        {"start": "2026-12-01T11:30:00+01:00", "end": "2026-12-01T18:00:00Z", "minutes": 450},
    ]


NO_PERIODS: list[Json] = ["x", [{"start": "soon", "end": "later"}], [[[[[]]]]], [{"start": 1}]]


@pytest.mark.parametrize("busy", NO_PERIODS)
def test_what_is_no_period_is_refused(busy: Json) -> None:
    with pytest.raises(BadValue):
        free_times({**DAY, "busy": busy})
