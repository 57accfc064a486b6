"""The figures as text."""

from collections.abc import Sequence

from tests.day.lives import Refreshes
from tests.day.playing import Played


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows as aligned columns; the first row is the heading."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def day_table(played: Played) -> str:
    """What was promised of a day and what it was."""
    over = played.exchanges / played.plan if played.plan else 0.0
    return table([
        ("promise", "bound", "measured"),
        ("calls sent with an expired token", "0", f"{played.expired_sends}"),
        ("calls sent with a revoked token", "0", f"{played.revoked_sends}"),
        ("spent refresh tokens presented", "0", f"{played.double_exchanges}"),
        ("calls that failed", "0", f"{played.failed.total()}"),
        ("calls that arrived", f"{played.calls}", f"{played.api_ok}"),
        ("exchanges over the plan", "0.95-1.05", f"{over:.3f} ({played.exchanges} of {played.plan})"),
        ("exchanges in flight at one token host", "<= 8", f"{played.most_in_flight}"),
        ("events", "0", f"{played.events}"),
    ])  # fmt: skip


def lives_table(counted: Sequence[Refreshes]) -> str:
    """Refreshes per run: used until it expires, and renewed ahead of that."""
    rows = [("provider", "token life", "run", "at expiry", "ahead of it", "measured")]
    for each in counted:
        least, most = each.bounds
        lowest, highest = min(each.measured), max(each.measured)
        life = f"{each.life.seconds // 60} min"
        rows.append(
            (each.life.provider, life, f"{each.hours} h", f"{each.at_expiry}", f"{least}-{most}", f"{lowest}-{highest}")
        )
    return table(rows)
