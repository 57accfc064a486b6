"""What a policy makes of an effect."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergrant.model.held_call import CallEffect
from evergrant.model.policy import DEFAULT, POLICIES, Policy, Verdict, verdict
from evergrant.model.principal import Principal

EFFECTS: tuple[CallEffect, ...] = ("read", "write", "destroy")
STRICTNESS: tuple[Verdict, ...] = ("allowed", "confirm", "absent")
TABLE: dict[Policy, tuple[Verdict, Verdict, Verdict]] = {
    "read_only": ("allowed", "absent", "absent"),
    "confirm_writes": ("allowed", "confirm", "confirm"),
    "confirm_destructive": ("allowed", "allowed", "confirm"),
    "full": ("allowed", "allowed", "allowed"),
}
policies, effects = st.sampled_from(POLICIES), st.sampled_from(EFFECTS)
names = st.sampled_from(("gmail_send_message", "gmail_delete_draft", "slack_post_message", ""))
patterns = st.lists(st.sampled_from(("gmail_*", "*_delete_*", "slack_post_message", "nothing")), max_size=3)


@pytest.mark.parametrize("policy", POLICIES)
def test_each_policy_is_what_its_name_says(policy: Policy) -> None:
    assert tuple(verdict(policy, effect) for effect in EFFECTS) == TABLE[policy]


def test_by_default_what_destroys_is_confirmed() -> None:
    assert DEFAULT == Principal("tnt_a").policy == "confirm_destructive"


@given(effects)
def test_the_policies_stand_in_the_order_of_strictness(effect: CallEffect) -> None:
    found = [STRICTNESS.index(verdict(policy, effect)) for policy in POLICIES]

    assert found == sorted(found, reverse=True)


@given(policies)
def test_what_destroys_is_never_easier_than_what_writes_nor_that_than_what_reads(policy: Policy) -> None:
    found = [STRICTNESS.index(verdict(policy, effect)) for effect in EFFECTS]

    assert all(one <= next_ for one, next_ in pairwise(found))


@given(policies, effects, names, patterns)
def test_a_list_of_tools_takes_away_and_never_gives(
    policy: Policy, effect: CallEffect, name: str, tools: list[str]
) -> None:
    who = Principal("tnt_a", tools=tuple(tools), policy=policy)
    said = who.verdict(name, effect)

    assert said in ("absent", verdict(policy, effect))
    assert who.may_call(name, effect) == (said != "absent")
    if not tools:
        assert said == verdict(policy, effect)


@given(policies, st.sampled_from((None, frozenset[str](), frozenset({"conn_1"}))))
def test_who_is_for_some_accounts_or_for_reading_connects_none(policy: Policy, accounts: frozenset[str] | None) -> None:
    assert Principal("tnt_a", accounts=accounts, policy=policy).connects == (accounts is None and policy != "read_only")
