"""An exchange in the words in which it is told of."""

from datetime import datetime

from evergrant.model.exchange import Exchange
from evergrant.oauth.answer import Issued, Rejected
from evergrant.vault.held import Held, Renewed


def exchanged(held: Held, answer: Issued | Rejected, ended_at: datetime, took_s: float) -> Exchange:
    """What is to be told of an answer; of a success, that it is not kept yet."""
    key, connector, generation = held.key, held.account.connector, held.grant.generation
    if isinstance(answer, Issued):
        return Exchange(key, connector, generation, ended_at, took_s, "unsaved")
    result = "ambiguous" if answer.may_be_spent else answer.class_
    return Exchange(key, connector, generation, ended_at, took_s, result, answer.code)


def where_kept(stored: Held | None, renewed: Renewed) -> str:
    """The result of a success whose transaction is over."""
    if stored is None:
        return "account_gone"
    return "stored" if stored.grant.access_token == renewed.grant.access_token else "kept_aside"
