"""What a person should know of a grant that was given just now."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from evergrant.catalog.connector import Connector
from evergrant.cli.wizard import words
from evergrant.service.accounts import Standing

SOON = timedelta(days=31)


def cautions(connector: Connector, standing: Standing, now: datetime) -> Iterator[str]:
    """That the grant ends early, where the provider has said so or sent nothing to renew it by."""
    end, warning = standing.stated_end, connector.registration.warning if connector.registration else None
    if end is not None and end - now <= SOON:
        rotates = connector.grant.rotation != "never"
        yield words.ends_early(end, round((end - now).total_seconds() / 86400), warning, rotates=rotates)
    if standing.access_expires_at is not None and not standing.refresh_token:
        yield words.not_renewable(standing.access_expires_at)
