"""The question that a client puts to its person about a call that waits, and what is made of the answer.

A dead grant is a link to open. An approval is a form with one choice, which shows the call itself; where a client shows
no forms, it is a link too. An approval by a form is the word of the client: whether it asks a person is its own policy,
so an instant yes is taken as well, and who gave it is kept with the call. A no that comes within NO_PERSON_S is the
client's own: some declare that they ask, and decline each question without showing it.
"""

from typing import Literal

from mcp.types import (
    ElicitRequest,
    ElicitRequestedSchema,
    ElicitRequestFormParams,
    ElicitRequestURLParams,
    ElicitResult,
)

from evergrant.entry.mcp.client import Context, opens_urls, takes_forms
from evergrant.entry.mcp.pending import Pending
from evergrant.model.outcome import ConfirmationRequired
from evergrant.service.approval_words import arguments

NO_PERSON_S = 1.0
MOST_SHOWN = 4000
"""Characters of a call's arguments in a form."""
CHOICE, YES, NO = "decision", "approve", "refuse"
FORM: ElicitRequestedSchema = {
    "type": "object",
    "properties": {
        CHOICE: {
            "type": "string",
            "title": "Decision",
            "description": "An approval is for this one call, with these arguments.",
            "enum": [YES, NO],
        }
    },
    "required": [CHOICE],
}

Said = Literal["yes", "opened", "no", "nobody"]
"""They approved; they went to open the link; they said no; the client did not ask them."""


def by_form(context: Context, pending: Pending) -> bool:
    """Whether this client is asked by a form."""
    return isinstance(pending.why, ConfirmationRequired) and takes_forms(context)


def can_ask(context: Context, pending: Pending) -> bool:
    """Whether this client puts the question to its person; nobody is asked what the operator decides."""
    return bool(pending.url) and (by_form(context, pending) or opens_urls(context))


def question(context: Context, pending: Pending) -> ElicitRequest:
    """The question as a result carries it."""
    if by_form(context, pending):
        return ElicitRequest(params=ElicitRequestFormParams(message=asked(pending), requested_schema=FORM))
    return ElicitRequest(params=ElicitRequestURLParams(message=pending.said, url=pending.url))


def asked(pending: Pending) -> str:
    """What a form says of the call, with its arguments; of those that are too long, where all of them are."""
    call = pending.who.call(pending.call_id)
    shown, left = arguments(call, MOST_SHOWN) if call else ("", 0)
    more = f"\n... and {left} characters more. All of it is shown at {pending.link}" if left else ""
    return f"{pending.why.what_happened}\nIt would be called with:\n{shown}{more}"


def heard(result: ElicitResult, after_s: float, *, form: bool) -> Said:
    """What an answer says that came after so many seconds."""
    agreed = result.action == "accept" and (not form or _choice(result) == YES)
    if agreed:
        return "yes" if form else "opened"
    return "nobody" if after_s < NO_PERSON_S else "no"


def _choice(result: ElicitResult) -> object:
    return (result.content or {}).get(CHOICE)
