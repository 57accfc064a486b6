from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from evergrant.model.ids import new_id

NOW = datetime(2027, 1, 1, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds are naive


def test_an_id_is_its_prefix_and_26_characters_of_crockfords_alphabet() -> None:
    prefix, _, ulid = new_id("conn", NOW).partition("_")
    assert prefix == "conn"
    assert len(ulid) == 26
    assert set(ulid) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")


def test_the_time_is_where_a_ulid_has_it() -> None:
    assert new_id("evt", datetime(1970, 1, 1, tzinfo=UTC)).startswith("evt_0000000000")
    assert new_id("evt", datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=32)).startswith("evt_0000000010")


@given(first=MOMENTS, later=st.timedeltas(timedelta(milliseconds=1), timedelta(days=9999)))
def test_ids_sort_by_time(first: datetime, later: timedelta) -> None:
    assert new_id("evt", first) < new_id("evt", first + later)


def test_ids_of_one_moment_differ() -> None:
    assert len({new_id("conn", NOW) for _ in range(1000)}) == 1000
