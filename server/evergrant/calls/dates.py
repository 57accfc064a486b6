"""Codecs of times: what people and models write, as APIs want it."""

from datetime import UTC, datetime
from typing import cast

from evergrant.calls.values import BadValue
from evergrant.model.clock import from_epoch
from evergrant.model.json import Json

MILLISECONDS_FROM = 1e11
"""A larger number of seconds would be after the year 5138, so it is milliseconds."""


def moment(value: Json) -> datetime:
    """A time from RFC 3339 or ISO 8601 (UTC where it has no offset; midnight where it has no time), or from epoch
    seconds or milliseconds; raises BadValue."""
    try:
        if isinstance(value, bool) or value is None:
            raise ValueError
        if isinstance(value, str) and not value.strip().replace(".", "", 1).isdigit():
            stated = datetime.fromisoformat(value.strip())
            return stated.replace(tzinfo=stated.tzinfo or UTC).astimezone(UTC)
        number = float(cast("float | str", value))
        return from_epoch(number / 1000 if number > MILLISECONDS_FROM else number)
    except (ValueError, TypeError, OverflowError):
        raise BadValue(f"not a time such as 2026-12-31T09:00:00Z: {str(value)[:60]!r}") from None


def utc(value: Json) -> Json:
    """As `2026-12-31T09:00:00Z`."""
    return moment(value).strftime("%Y-%m-%dT%H:%M:%SZ")


def date(value: Json) -> Json:
    """As `2026-12-31`: the day as written, whatever the offset."""
    in_utc = str(utc(value))[:10]
    return value.strip()[:10] if isinstance(value, str) and value.strip()[4:5] == "-" else in_utc


def epoch(value: Json) -> Json:
    """Whole seconds since 1970."""
    return int(moment(value).timestamp())


def epoch_ms(value: Json) -> Json:
    """Whole milliseconds since 1970."""
    return int(moment(value).timestamp() * 1000)


def day_or_time(value: Json) -> Json:
    """`{date}` for a day, `{dateTime}` for a time, which is how Google Calendar tells the two apart."""
    moment(value)
    text = str(value).strip()
    return {"date": text} if len(text) == len("2026-12-31") else {"dateTime": text}
