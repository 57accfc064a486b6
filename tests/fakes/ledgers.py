"""Connectors with as many tools as a test wants."""

from pathlib import Path

from tests.oauth.samples import ROOT

TOOL = """\
{name}:
  description: Read the account of that number, of which there are many.
  request: GET /accounts/{number}
  effect: {effect}
  input: {{note: {{type: string}}}}
  example: {{note: x}}
"""


def ledgers(folder: Path, *names: str, tools: int) -> Path:
    """A folder of connectors of these names with so many tools each, of which every second one writes."""
    for kind in ("connectors", "schemas"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    for name in names:
        declared = (ROOT / "connectors" / "sandbox.yaml").read_text(encoding="utf-8")
        (folder / "connectors" / f"{name}.yaml").write_text(declared, encoding="utf-8")
        texts = (
            TOOL.format(name=f"{name}_tool_{number:04}", number=number, effect=("read", "write")[number % 2])
            for number in range(tools)
        )
        (folder / "schemas" / f"{name}.yaml").write_text("".join(texts), encoding="utf-8")
    return folder
