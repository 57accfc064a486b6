"""What is said of calls that are kept."""

from dataclasses import replace

from evergrant.model.held_call import CallEffect, HeldCall
from evergrant.model.outcome import (
    CallCancelled,
    CallExpired,
    InvalidInput,
    NotFound,
    OutcomeUnknown,
    ProviderUnavailable,
    ReauthRequired,
    StillRunning,
)


def kept(outcome: ReauthRequired, call_id: str, effect: CallEffect) -> ReauthRequired:
    """The call waits for the reconnect under this id."""
    runs = "it runs by itself then, and its" if effect == "read" else "it runs then, once, and its"
    go_on = f"This call is kept as {call_id}: {runs} result comes by resume_call. Do not make the call anew."
    if outcome.call_id == call_id:
        return outcome
    return replace(outcome, call_id=call_id, what_to_do=f"{outcome.what_to_do} {go_on}")


def not_kept(outcome: ReauthRequired, why: str) -> ReauthRequired:
    """The call does not wait: it must be made again."""
    return replace(
        outcome, what_to_do=f"{outcome.what_to_do} This call was not kept ({why}): make it again afterwards."
    )


def may_be_resumed(outcome: ProviderUnavailable, call: HeldCall) -> ProviderUnavailable:
    """Of a run with no clear end which carried a key that lets the provider know it again."""
    again = f"Resume {call.id} in a minute: the provider knows it again and does not carry it out twice."
    return replace(outcome, retryable=True, what_to_do=again)


def may_be_sent_again(outcome: ProviderUnavailable) -> ProviderUnavailable:
    """Of a call with no clear end whose caller gave a key that the provider was given on."""
    again = "Send the same request with the same key in a minute: the provider does not carry it out twice."
    return replace(outcome, retryable=True, what_to_do=again)


def outcome_unknown(call: HeldCall) -> OutcomeUnknown:
    """The process that ran the write died."""
    return OutcomeUnknown(
        account=call.account_id,
        call_id=call.id,
        what_happened=f"Evergrant was stopped while {call.tool_name} ({call.id}) was under way.",
        what_to_do="It may have been carried out: look at the provider whether it was before you call again. "
        "This call is not run again.",
    )


def still_running(call: HeldCall) -> StillRunning:
    """Another process has not come to its end with it."""
    return StillRunning(
        account=call.account_id,
        call_id=call.id,
        what_happened=f"{call.tool_name} ({call.id}) is under way in another process.",
        what_to_do=f"Resume {call.id} again in a minute: it gives the result and does not run it a second time.",
    )


def call_cancelled(call: HeldCall) -> CallCancelled:
    """A person or an agent took it back."""
    return CallCancelled(
        account=call.account_id,
        call_id=call.id,
        what_happened=f"{call.tool_name} ({call.id}) was cancelled before it ran. Nothing was carried out.",
        what_to_do="Call the tool anew if it is still wanted.",
    )


def call_expired(call: HeldCall) -> CallExpired:
    """Nobody reconnected in time."""
    return CallExpired(
        account=call.account_id,
        call_id=call.id,
        what_happened=f"{call.tool_name} ({call.id}) waited a day for a reconnect and was given up. "
        "Nothing was carried out.",
        what_to_do="Call the tool anew if it is still wanted.",
    )


def not_waiting(call: HeldCall) -> InvalidInput:
    """Only what waits can be cancelled."""
    running = "It is under way and cannot be stopped: half-sent, nobody could say what it did."
    return InvalidInput(
        account=call.account_id,
        what_happened=f"{call.tool_name} ({call.id}) does not wait any more: {call.status}.",
        what_to_do=f"{running if call.status == 'running' else 'It has ended.'} See: evergrant calls show {call.id}",
    )


def no_such_call() -> NotFound:
    """The same words for a call that does not exist, one that was forgotten and one of another tenant."""
    return NotFound(
        what_happened="There is no such kept call here.",
        what_to_do="A call's outcome is kept for a day. List the calls there are: evergrant calls list --all",
    )
