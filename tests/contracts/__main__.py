"""Look up what the tools ask in what the vendors publish; `scripts/contracts --help`."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import Final

from tests.contracts.check import Finding, check, known
from tests.contracts.contract import contracts
from tests.contracts.packages import ROOT, Unreachable, unpacked
from tests.contracts.table import page

from evergrant.catalog.catalog import Catalog

PAGE: Final = ROOT / "docs" / "reference" / "contracts.md"
EXAMPLES: Final = """examples:
  scripts/contracts                   every service; ends with 1 where something is wrong
  scripts/contracts gmail github      these
  scripts/contracts --write           write docs/reference/contracts.md
  scripts/contracts --download        bring the packages, check nothing"""


def findings(services: Sequence[str] = ()) -> Mapping[str, Sequence[Finding]]:
    """What came of the tools of these services, or of all that have a contract."""
    catalog, there = Catalog([ROOT]), contracts()
    return {
        name: list(check(catalog.connector(name), catalog.tools(name), there[name], known(there[name])))
        for name in services or there
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/contracts", description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("service", nargs="*", choices=[*contracts(), []], help="only these")
    parser.add_argument("--write", action="store_true", help="write the table of the docs")
    parser.add_argument("--download", action="store_true", help="bring the packages and end")
    given = parser.parse_args()
    try:
        return _download() if given.download else _check(given.service, given.write)
    except (Unreachable, LookupError) as error:
        print(f"{error}.", file=sys.stderr)
        return 2


def _download() -> int:
    for contract in contracts().values():
        for description in contract.descriptions:
            unpacked(description)
    return 0


def _check(services: Sequence[str], write: bool) -> int:
    found = findings(services)
    text = page(found, contracts())
    if write:
        PAGE.write_text(text, encoding="utf-8")
    print(text[text.index("| Service") :])
    return int(any(one.verdict == "wrong" for each in found.values() for one in each))


if __name__ == "__main__":
    sys.exit(main())
