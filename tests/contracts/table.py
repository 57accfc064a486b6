"""The findings as the table of docs/reference/contracts.md."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from tests.contracts.check import ORDER, Finding
from tests.contracts.contract import Contract

HEAD: Final = """# What the tools ask, and what the vendors say

Made by `scripts/contracts --write`. Every request that a tool can make is looked up in what the vendor, or a client
library, publishes about the API.

- **verified**: method, path and the names of parameters and body members are there (for GraphQL: the document is
  valid).
- **path**: method and path are there; that description does not name parameters, or not what is in the body.
- **audited**: no package carries a description, or it lags behind; what it lacks was looked up once, by hand, in what
  stands below.
- **not described**: nothing public describes it; the reason stands below.

| Service | Tools | Verified | Path | Audited | Not described | Wrong | Against |
|---|--:|--:|--:|--:|--:|--:|---|
"""


def page(findings: Mapping[str, Sequence[Finding]], contracts: Mapping[str, Contract]) -> str:
    """The whole page."""
    rows = [_row(name, found, contracts[name]) for name, found in findings.items()]
    everything = [one for found in findings.values() for one in found]
    total = f"| **{len(findings)}** | {_counts(everything)} | |\n"
    return HEAD + "".join(rows) + total + "".join(_reasons(findings))


def _row(name: str, found: Sequence[Finding], contract: Contract) -> str:
    against = ", ".join(dict.fromkeys(f"{each.package} {each.version}" for each in contract.descriptions))
    return f"| {name} | {_counts(found)} | {against} |\n"


def _counts(found: Sequence[Finding]) -> str:
    counts = Counter(one.verdict for one in found)
    return " | ".join(str(count) for count in (len(found), *(counts[verdict] for verdict in ORDER)))


def _reasons(findings: Mapping[str, Sequence[Finding]]) -> Iterable[str]:
    for verdict, title in (("audited", "Audited by hand"), ("undescribed", "Not described"), ("wrong", "Wrong")):
        lines = [
            f"- `{one.tool}`: {'; '.join(one.why)}\n"
            for found in findings.values()
            for one in found
            if one.verdict == verdict
        ]
        if lines:
            yield f"\n## {title}\n\n{''.join(lines)}"
