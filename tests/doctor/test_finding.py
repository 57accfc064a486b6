from collections.abc import Iterator

import pytest
from tests.doctor.samples import levels

from evergrant.doctor.finding import Finding, ok, walled
from evergrant.store.database import StoreUnavailable


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (StoreUnavailable("The database is locked."), "The database is locked."),
        (PermissionError(13, "Permission denied", "/vault/run"), "/vault/run: Permission denied"),
        (KeyError("at_SECRET"), "KeyError"),
    ],
)
def test_a_check_that_fails_is_a_problem_and_keeps_what_it_had_found(error: Exception, told: str) -> None:
    def look() -> Iterator[Finding]:
        yield ok("it", "good so far")
        raise error

    found = walled("it", look)

    assert levels(found) == ["ok", "problem"]
    assert told in found[1].what
    assert "SECRET" not in found[1].what
    assert found[1].what_to_do
    assert "evergrant doctor" in found[1].what_to_do


def test_a_finding_is_json_by_its_field_names() -> None:
    assert ok("it", "good").as_json() == {"check": "it", "level": "ok", "what": "good", "what_to_do": None}
