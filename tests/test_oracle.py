"""The columns of the evaluator against the oracle, which looks at one ticket at one instant at a time."""

import random

import oracle
from fake_world import rules, snapshot, world
from hypothesis import given, settings
from hypothesis import strategies as st

from makegood.engine.evaluate import evaluate

SEEDS = st.integers(0, 2**32)


@settings(max_examples=60, deadline=None)
@given(SEEDS)
def test_rules_match_what_they_say(seed):
    rng = random.Random(seed)
    desk, ruleset = world(rng), rules(rng, 12)
    evaluation = evaluate(ruleset, snapshot(desk))
    for rule in ruleset.rules:
        assert set(evaluation.matched(rule)) == oracle.matched(ruleset, rule, desk), rule
