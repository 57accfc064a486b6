"""The document of `/v1` is true: whatever Schemathesis sends, the answer is one that the document tells of."""

from pathlib import Path

from tests.entry.api.fuzzing import fuzz
from tests.entry.api.served import served

EXAMPLES = 4
"""For each operation, beside some hundred requests that are derived from the schemas; scripts/soak-api makes more."""


def test_no_answer_contradicts_the_document(tmp_path: Path) -> None:
    with served(tmp_path / "home") as api:
        found = fuzz(api, EXAMPLES)
    assert not found.faults, "\n\n".join(found.faults)
    succeeded = {operation for operation, status in found.answers if status < 300}
    assert succeeded >= {"POST /v1/execute", "POST /v1/links", "POST /v1/webhook_endpoints", "POST /v1/keys"}
    assert max(status for _, status in found.answers) < 500
