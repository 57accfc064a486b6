"""What is said of calls that a person must approve: to the agent, and to the person who decides."""

import json
from collections.abc import Mapping

from evergrant.model.account import ConnectedAccount
from evergrant.model.held_call import CallEffect, HeldCall
from evergrant.model.link import Link
from evergrant.model.outcome import ConfirmationRequired, InvalidInput, RateLimited
from evergrant.model.text import UNSEEN

DOES: Mapping[CallEffect, str] = {"read": "read data", "write": "change data", "destroy": "destroy data"}


def confirmation_required(call: HeldCall, account: ConnectedAccount | None, link: Link | None) -> ConfirmationRequired:
    """The call waits for an approval; its arguments are not repeated, since this is told to logs and models."""
    ask = (
        f"Ask the person to look at the call at {link.where} and to approve it there; do not open the link yourself."
        if link
        else "Tell the person that the operator of Evergrant must approve it."
    )
    return ConfirmationRequired(
        account=call.account_id,
        connector=account.connector if account else None,
        tool_name=call.tool_name,
        effect=call.effect,
        approval_url=link.url if link else None,
        confirmation_code=link.code if link else None,
        call_id=call.id,
        what_happened=f"{would(call, account)}, so a person must approve it first. Nothing was sent.",
        what_to_do=f"{ask} The call is kept as {call.id}: once it is approved, resume_call runs it, once, with exactly "
        "these arguments, and gives its result. Do not make the call anew.",
    )


def would(call: HeldCall, account: ConnectedAccount | None) -> str:
    """What a call would do, as a sentence without its end."""
    who = f"{account.label} ({account.alias})" if account else call.account_id
    return f"{call.tool_name} as {who} would {DOES[call.effect]}"


def arguments(call: HeldCall, most: int) -> tuple[str, int]:
    """The call's arguments as a person reads them, and how many characters are left out of so many at most.

    Everything that shows nothing, or turns the order of letters, is written as an escape: what is seen is what is sent.
    """
    text = json.dumps(call.tool_input, indent=2, ensure_ascii=False)
    shown = "".join(mark if mark == "\n" or _is_seen(mark) else _escaped(mark) for mark in text[:most])
    return shown, max(len(text) - most, 0)


def too_large(call: HeldCall, most: int) -> InvalidInput:
    """A call that cannot be kept cannot be approved."""
    return InvalidInput(
        account=call.account_id,
        what_happened=f"{call.tool_name} must be approved, and its input has more than {most} characters of JSON, the "
        "most that is kept for an approval. Nothing was sent.",
        what_to_do="Send less at once.",
    )


def too_many(call: HeldCall, most: int) -> RateLimited:
    """The table of an account's calls is full."""
    return RateLimited(
        account=call.account_id,
        what_happened=f"{call.tool_name} must be approved, and {most} calls of this account wait already. "
        "Nothing was sent.",
        what_to_do="Do not repeat it now: the person approves, refuses or cancels those that wait "
        "(evergrant calls list).",
    )


def not_undecided(call: HeldCall) -> InvalidInput:
    """Only what waits for an approval can be approved or refused."""
    states = {"none": "needs no approval", "given": "was approved already", "refused": "was refused already"}
    state = states.get(call.approval, f"does not wait any more ({call.status})")
    return InvalidInput(
        account=call.account_id,
        what_happened=f"{call.tool_name} ({call.id}) {state}.",
        what_to_do=f"See: evergrant calls show {call.id}",
    )


def _is_seen(mark: str) -> bool:
    return mark.isprintable() and not UNSEEN.match(mark)


def _escaped(mark: str) -> str:
    return json.dumps(mark)[1:-1]
