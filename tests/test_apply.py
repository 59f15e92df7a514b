"""The write gate: outcomes tell the truth, people's changes are kept, what is cut off is settled and never said twice."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from fake_desk import Clock, events_of, make_desk, ticket_of
from fake_plan import DESK, a_rule, change, plan_of, rules

from makegood.connectors.base import AuthFailed, Capabilities, Change, Conflict, Gone, Outcome, Rejected, Retryable
from makegood.engine import journal
from makegood.engine.apply import ApplyRefused, RunReport, apply_plan
from makegood.engine.notify import NoticeFailed, Notifier
from makegood.engine.plan_file import Limited, PlannedChange
from makegood.engine.pull import pull
from makegood.engine.settle import settle
from makegood.engine.snapshot import JournalEntry, Needs
from makegood.engine.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from makegood.connectors.base import Read, Written
    from makegood.connectors.local import Local


class Letters(Notifier):
    """Keeps what would be sent; refuses for the channel ``down``."""

    def __init__(self, person_url: str | None = None) -> None:
        super().__init__({"ops": "json://x"}, person_url)
        object.__setattr__(self, "sent", [])

    sent: list[tuple[str, str]]

    def send(self, receiver: str, title: str, text: str) -> None:
        if receiver == "channel:down":
            raise NoticeFailed("[notify.down] did not accept the notice")
        self.sent.append((receiver, text))


@dataclass
class World:
    """A desk with one ticket, its copy, and somebody to apply plans."""

    desk: Local
    store: Store
    clock: Clock
    letters: Letters

    def apply(self, *changes: PlannedChange, plan: Any = None, desk: Any = None, **more: Any) -> RunReport:
        made = plan or plan_of(self.store, self.clock(), *changes)
        self.clock.turn()
        given: dict[str, Any] = {"helpdesk": DESK, "now": self.clock, "notifier": self.letters}
        return apply_plan(made, desk or self.desk, self.store, rules(), **given | more)

    def ticket(self, subject: str = "Help", **facts: Any) -> str:
        name = self.desk.create("u1", subject, "please", **facts)
        self.pull()
        self.clock.turn()
        return name

    def pull(self) -> None:
        pull(self.desk, self.store, DESK, now=self.clock)

    def version(self, ticket: str = "1") -> str:
        return ticket_of(self.desk, ticket).version

    def journal(self) -> tuple[JournalEntry, ...]:
        self.pull()
        return self.store.snapshot(DESK, self.clock(), Needs(frozenset()), Capabilities(frozenset())).journal

    def notes(self, ticket: str = "1") -> list[str]:
        return [each.text or "" for each in events_of(self.desk, ticket, "message") if not each.public]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    clock = Clock()
    with make_desk(tmp_path / "desk.db", clock) as desk, Store.open(tmp_path / "store.db", now=clock) as store:
        made = World(desk, store, clock, Letters())
        made.ticket()
        yield made


class Meddled:
    """A desk whose ``apply`` and ``read`` do something else first; everything else is the desk's."""

    def __init__(self, desk: Local, *, apply: Callable[..., Any] | None = None, read: Callable[..., Any] | None = None):
        self._desk, self._apply, self._read = desk, apply, read

    def __getattr__(self, name: str) -> Any:
        return getattr(self._desk, name)

    def apply(self, ticket: str, changes: Sequence[Change], version: str) -> Written:
        return (
            self._apply(self._desk, ticket, changes, version)
            if self._apply
            else self._desk.apply(ticket, changes, version)
        )

    def read(self, ids: Sequence[str]) -> Read:
        return self._read(self._desk, ids) if self._read else self._desk.read(ids)


def raising(error: Exception) -> Callable[..., Any]:
    def apply(*_given: Any) -> Any:
        raise error

    return apply


def outcomes(report: RunReport) -> list[str]:
    return [told.outcome for told in report.outcomes]


# --- writing ----------------------------------------------------------------------------------------------------------


def test_every_kind_of_change_arrives(world: World) -> None:
    report = world.apply(
        change("1", "assign", "assignee", "ana@example.com"),
        change("1", "set", "field.City", "Bern"),
        change("1", "set", "field.Keeper", "ben@example.com"),
        change("1", "add_tags", "tags", ("vip",)),
        change("1", "note", text="Look at this"),
    )
    assert outcomes(report) == ["applied"] * 5
    assert report.clean
    now = ticket_of(world.desk, "1")
    assert (now.assignee, now.custom["City"], now.custom["Keeper"], now.tags) == ("ana", "Bern", "ben", ("vip",))
    assert world.notes()[0].startswith("Look at this")


def test_the_copy_knows_at_once_what_was_written(world: World) -> None:
    world.apply(change("1", "set", "priority", "high"), change("1", "note", text="hello"))
    assert world.store.ticket(DESK, "1") == ticket_of(world.desk, "1")
    found = world.store.snapshot(DESK, world.clock(), Needs(frozenset({"priority"})), Capabilities(frozenset()))
    assert set(found.events["kind"]) == {"created", "field", "message"}


def test_what_is_so_already_is_said(world: World) -> None:
    world.desk.change("1", "ana", "priority", "high", at=world.clock())
    world.pull()
    report = world.apply(change("1", "set", "priority", "high", version=world.version()))
    assert outcomes(report) == ["already"]


def test_a_refusal_is_told_in_the_desks_words_and_spares_the_rest(world: World) -> None:
    report = world.apply(change("1", "assign", "assignee", "gil@example.com"), change("1", "set", "priority", "high"))
    assert outcomes(report) == ["refused", "applied"]
    assert report.outcomes[0].detail
    assert not report.clean
    (refused, _) = world.journal()
    assert (refused.outcome, refused.detail) == ("refused", report.outcomes[0].detail)
    assert refused.version_after == world.version()


def test_the_journal_holds_what_was_done_and_how_to_undo_it(world: World) -> None:
    given = change("1", "assign", "assignee", "ana@example.com")
    report = world.apply(given, change("1", "add_tags", "tags", ("a", "b"), **{"from": ("a",)}))
    with world.store.reading() as connection:
        first, second = journal.changes(connection, 1, run=report.run)
    assert (first["from"], first["to"], first["change"], first["effect"]) == (
        None,
        "ana@example.com",
        given.id,
        given.effect,
    )
    assert (first["rule_fingerprint"], first["version_before"], first["outcome"]) == ("f1", "1", "applied")
    assert first["version_after"] == world.version()
    assert first["inverse"] == {"action": "assign", "field": "assignee", "to": None}
    assert second["inverse"] == {"action": "remove_tags", "field": "tags", "to": ("b",)}


def test_a_run_is_kept_with_its_plan(world: World) -> None:
    report = world.apply(change("1", "set", "priority", "high"))
    with world.store.reading() as connection:
        (run,) = journal.runs(connection, 1, 10)
    assert (run["id"], run["complete"], run["rules_fingerprint"]) == (report.run, True, "r1")
    assert run["finished_at"] == world.clock()


EVERY = rules(
    a_rule(), a_rule("calm"), a_rule("loud"), a_rule("shy", mode="shadow"), a_rule("far", helpdesks=("sales",))
)


def in_force(world: World, **more: Any) -> set[str]:
    """Which of all rules are in force once a plan was applied in which one speaks and one waits for a word."""
    waiting = [waiting_for_a_word("loud")]
    plan = plan_of(world.store, world.clock(), change("1", "note", text="hi"), limited=waiting, **more)
    given: dict[str, Any] = {"helpdesk": DESK, "now": world.clock, "notifier": world.letters}
    apply_plan(plan, world.desk, world.store, EVERY, **given)
    return set(first_applied(world))


def first_applied(world: World) -> Any:
    return world.store.snapshot(DESK, world.clock(), Needs(frozenset()), Capabilities(frozenset())).first_applied


def test_a_whole_plan_puts_every_live_rule_in_force(world: World) -> None:
    assert in_force(world, covers=("greet", "calm", "loud")) == {"greet", "calm"}


def test_a_part_of_a_plan_puts_only_its_own_rules_in_force(world: World) -> None:
    assert in_force(world) == {"greet"}


def test_a_plan_of_nothing_puts_its_rules_in_force_too(world: World) -> None:
    plan = plan_of(world.store, world.clock(), covers=("calm",))
    apply_plan(plan, world.desk, world.store, EVERY, helpdesk=DESK, now=world.clock, notifier=world.letters)
    assert set(first_applied(world)) == {"calm"}


def test_a_plan_for_a_later_instant_puts_its_rules_in_force_now(world: World) -> None:
    ahead = plan_of(world.store, world.clock() + timedelta(hours=2), covers=("greet",))
    apply_plan(ahead, world.desk, world.store, EVERY, helpdesk=DESK, now=world.clock, notifier=world.letters)
    assert first_applied(world) == {"greet": world.clock()}


def test_rules_are_in_force_from_their_first_plan_that_is_applied(world: World) -> None:
    started = world.clock()
    world.apply(change("1", "set", "priority", "high"))
    world.apply(change("1", "set", "priority", "low", version=world.version()))
    assert first_applied(world) == {"greet": started}


def waiting_for_a_word(rule: str) -> Limited:
    return Limited(rule=rule, rule_id=rule, line=1, reason="backlog", wanted=30, limit=20)


def test_replies_are_refused_where_they_are_not_allowed(world: World) -> None:
    reply = change("1", "reply", text="Hello")
    report = world.apply(reply, change("1", "set", "priority", "high"))
    assert outcomes(report) == ["refused", "applied"]
    assert "allow_replies" in report.outcomes[0].detail
    assert outcomes(world.apply(reply.model_copy(update={"version": world.version()}), allow_replies=True)) == [
        "applied"
    ]


# --- others act, too --------------------------------------------------------------------------------------------------


def test_a_person_who_acted_since_keeps_the_last_word(world: World) -> None:
    plan = plan_of(world.store, world.clock(), change("1", "set", "priority", "high"), change("1", "note", text="hi"))
    world.clock.turn()
    world.desk.change("1", "ana", "priority", "low", at=world.clock())
    report = world.apply(plan=plan)
    assert outcomes(report) == ["conflict", "conflict"]
    assert "ana@example.com acted" in report.outcomes[0].detail
    assert ticket_of(world.desk, "1").priority == "low"
    assert world.notes() == []
    assert world.store.ticket(DESK, "1") == ticket_of(world.desk, "1")


def test_a_customer_who_wrote_since_makes_a_conflict_too(world: World) -> None:
    plan = plan_of(world.store, world.clock(), change("1", "reply", text="Are you there?"))
    world.clock.turn()
    world.desk.say("1", "u1", "I am here", at=world.clock())
    assert outcomes(world.apply(plan=plan, allow_replies=True)) == ["conflict"]


def test_machinery_is_no_conflict(world: World) -> None:
    plan = plan_of(world.store, world.clock(), change("1", "set", "priority", "high"))
    world.clock.turn()
    world.desk.change("1", None, "field.City", "Ghent", at=world.clock())
    assert outcomes(world.apply(plan=plan)) == ["applied"]


def test_what_machinery_did_for_us_is_already_so(world: World) -> None:
    both = change("1", "set", "priority", "high"), change("1", "set", "field.City", "Bern")
    plan = plan_of(world.store, world.clock(), *both)
    world.clock.turn()
    world.desk.change("1", None, "priority", "high", at=world.clock())
    assert outcomes(world.apply(plan=plan)) == ["already", "applied"]


def test_machinery_on_the_same_field_is_a_conflict(world: World) -> None:
    plan = plan_of(world.store, world.clock(), change("1", "set", "priority", "high"))
    world.clock.turn()
    world.desk.change("1", None, "priority", "urgent", at=world.clock())
    report = world.apply(plan=plan)
    assert outcomes(report) == ["conflict"]
    assert "priority changed" in report.outcomes[0].detail


@pytest.mark.parametrize("action", ["note", "reply"])
def test_a_message_of_ours_that_arrived_late_is_not_written_again(world: World, action: str) -> None:
    """A call of an earlier run went through after its run had given up: the version moved, and the words are there."""
    said = change("1", action, text="We are on it")
    plan = plan_of(world.store, world.clock(), said)
    world.clock.turn()
    late = Change("late", action, text=said.text, marker=said.marker)  # type: ignore[arg-type]
    world.desk.apply("1", [late], world.version())
    assert outcomes(world.apply(plan=plan, allow_replies=True)) == ["already"]
    assert len(events_of(world.desk, "1", "message")) == 2  # the customer's and ours


def test_other_words_of_ours_since_the_plan_leave_a_reply_untried(world: World) -> None:
    plan = plan_of(world.store, world.clock(), change("1", "reply", text="We are on it"))
    world.clock.turn()
    world.desk.say("1", "makegood", "We are on it. -- Sent by Birch", at=world.clock())
    report = world.apply(plan=plan, allow_replies=True)
    assert outcomes(report) == ["conflict"]
    assert "may be this reply" in report.outcomes[0].detail
    assert len(events_of(world.desk, "1", "message")) == 2


def test_what_we_said_in_an_earlier_episode_is_said_again_though_the_ticket_moved(world: World) -> None:
    """A rule signs its notes alike each time, and its replies have the same words."""
    both = change("1", "note", text="It waits"), change("1", "reply", text="Are you there?")
    world.apply(*both, allow_replies=True)
    world.pull()
    world.clock.turn(60)
    now = {"episode": world.clock(), "version": world.version()}
    plan = plan_of(world.store, world.clock(), *(each.model_copy(update=now) for each in both))
    world.desk.change("1", None, "field.City", "Ghent", at=world.clock())
    assert outcomes(world.apply(plan=plan, allow_replies=True)) == ["applied", "applied"]
    assert len(events_of(world.desk, "1", "message")) == 5


def test_a_ticket_that_keeps_changing_is_left_alone(world: World) -> None:
    report = world.apply(
        change("1", "set", "priority", "high"), desk=Meddled(world.desk, apply=raising(Conflict("no")))
    )
    assert outcomes(report) == ["conflict"]


def test_merged_and_deleted_tickets_come_to_no_harm(world: World) -> None:
    world.ticket("second"), world.ticket("third")
    plan = plan_of(
        world.store, world.clock(), change("2", "set", "priority", "high"), change("3", "set", "priority", "high")
    )
    world.clock.turn()
    world.desk.merge("2", "1", "ana", at=world.clock())
    world.desk.delete("3", "ana", at=world.clock())
    report = world.apply(plan=plan)
    assert outcomes(report) == ["skipped", "skipped"]
    assert [told.detail for told in report.outcomes] == [
        "it was merged into 1",
        "desk.db#3 is not there any more",
    ]


def test_a_ticket_that_is_gone_is_marked_so(world: World) -> None:
    report = world.apply(
        change("1", "set", "priority", "high"), desk=Meddled(world.desk, apply=raising(Gone("no such")))
    )
    assert outcomes(report) == ["skipped"]
    kept = world.store.ticket(DESK, "1")
    assert kept is not None
    assert kept.deleted


# --- the desk fails ---------------------------------------------------------------------------------------------------


def test_a_refused_call_is_refused_for_every_change(world: World) -> None:
    both = change("1", "set", "priority", "high"), change("1", "note", text="hi")
    report = world.apply(*both, desk=Meddled(world.desk, apply=raising(Rejected("queue is closed"))))
    assert [(told.outcome, told.detail) for told in report.outcomes] == [("refused", "queue is closed")] * 2


def test_a_lost_account_stops_the_run(world: World) -> None:
    world.ticket("second")
    both = change("1", "set", "priority", "high"), change("2", "set", "priority", "high")
    report = world.apply(*both, desk=Meddled(world.desk, apply=raising(AuthFailed("token expired"))))
    assert outcomes(report) == ["failed"]
    assert (report.complete, report.stopped_by) == (False, "token expired")


def test_a_desk_that_does_not_answer_is_left_alone_after_five_tickets(world: World) -> None:
    names = ["1", *(world.ticket(f"no. {number}") for number in range(6))]
    deaf = Meddled(world.desk, apply=raising(Retryable("down")), read=raising(Retryable("down")))
    report = world.apply(*(change(name, "set", "priority", "high") for name in names), desk=deaf)
    assert outcomes(report) == ["failed"] * 5
    assert not report.complete
    assert all(entry.outcome == "unsure" for entry in world.journal())
    settle(world.desk, world.store, DESK, now=world.clock)
    assert {entry.outcome for entry in world.journal()} == {"failed"}


def test_a_call_cut_off_after_the_write_counts_as_applied(world: World) -> None:
    def cut(desk: Local, *given: Any) -> Any:
        desk.apply(*given)
        raise Retryable("connection lost")

    both = change("1", "set", "priority", "high"), change("1", "note", text="hi")
    assert outcomes(world.apply(*both, desk=Meddled(world.desk, apply=cut))) == ["applied", "applied"]
    assert len(world.notes()) == 1


def test_a_call_cut_off_before_the_write_can_be_done_again(world: World) -> None:
    both = change("1", "set", "priority", "high"), change("1", "note", text="hi")
    assert outcomes(world.apply(*both, desk=Meddled(world.desk, apply=raising(Retryable("lost"))))) == [
        "failed",
        "failed",
    ]
    assert outcomes(world.apply(*both)) == ["applied", "applied"]
    assert len(world.notes()) == 1


def test_a_note_of_an_earlier_episode_does_not_settle_this_one(world: World) -> None:
    world.apply(change("1", "note", text="It waits"))
    world.clock.turn(60)
    again = change("1", "note", text="It waits", version=world.version())
    assert outcomes(world.apply(again, desk=Meddled(world.desk, apply=raising(Retryable("down"))))) == ["failed"]
    assert outcomes(world.apply(again)) == ["applied"]
    assert len(world.notes()) == 2


@pytest.mark.parametrize("action", ["note", "reply"])
def test_a_desk_whose_clock_is_behind_shows_what_arrived_all_the_same(world: World, action: str) -> None:
    def cut(desk: Local, *given: Any) -> Any:
        world.clock.turn(-1)
        desk.apply(*given)
        world.clock.turn(1)
        raise Retryable("connection lost")

    report = world.apply(change("1", action, text="hi"), desk=Meddled(world.desk, apply=cut), allow_replies=True)
    assert outcomes(report) == ["applied"]


def test_a_reply_that_may_be_under_way_is_not_settled_yet(world: World) -> None:
    reply = change("1", "reply", text="Hello there")
    cut = Meddled(world.desk, apply=raising(Retryable("lost")))
    assert outcomes(world.apply(reply, desk=cut, allow_replies=True)) == ["failed"]
    assert [entry.outcome for entry in world.journal()] == ["unsure"]
    world.clock.turn(3)
    settle(world.desk, world.store, DESK, now=world.clock)
    assert [entry.outcome for entry in world.journal()] == ["failed"]


@pytest.mark.parametrize(("said", "outcome"), [("Hello  there", "applied"), ("Something else", "unsure")])
def test_a_reply_is_known_by_author_and_words(world: World, said: str, outcome: str) -> None:
    cut = Meddled(world.desk, apply=raising(Retryable("lost")))
    world.apply(change("1", "reply", text="Hello there"), desk=cut, allow_replies=True)
    world.desk.say("1", "makegood", said, at=world.clock())
    world.clock.turn(3)
    settle(world.desk, world.store, DESK, now=world.clock)
    assert [entry.outcome for entry in world.journal()] == [outcome]


def test_a_plan_settles_what_an_earlier_run_left_open(world: World) -> None:
    deaf = Meddled(world.desk, apply=raising(Retryable("down")), read=raising(Retryable("down")))
    world.apply(change("1", "set", "priority", "high"), desk=deaf)
    world.apply()
    assert [entry.outcome for entry in world.journal()] == ["failed"]


# --- notices ----------------------------------------------------------------------------------------------------------


def notice(who: str, ticket: str = "1", **more: Any) -> PlannedChange:
    return change(ticket, "notify", who=(who,), **{"text": "Refund waits"} | more)


def test_a_notice_goes_to_each_receiver(world: World) -> None:
    world.letters = Letters("mailto://x?to={email}")
    report = world.apply(notice("channel:ops"), notice("person:ana@example.com"))
    assert world.letters.sent == [("channel:ops", "Refund waits"), ("person:ana@example.com", "Refund waits")]
    assert outcomes(report) == ["applied", "applied"]
    assert world.notes() == []


def test_people_who_cannot_be_reached_find_a_note(world: World) -> None:
    ana, ben = notice("person:ana@example.com"), notice("person:ben@example.com")
    report = world.apply(ana, notice("channel:ops"), ben)
    assert outcomes(report) == ["applied"] * 3
    (note,) = world.notes()
    assert note.startswith("For ana@example.com, ben@example.com: Refund waits")
    assert world.letters.sent == [("channel:ops", "Refund waits")]
    assert [entry.to for entry in world.journal()] == [ana.who, ben.who, ("channel:ops",)]


def test_people_who_are_told_different_things_find_a_note_each(world: World) -> None:
    ana, ben = notice("person:ana@example.com"), notice("person:ben@example.com", rule="calm", text="Be calm")
    assert outcomes(world.apply(ana, ben)) == ["applied", "applied"]
    assert [note.splitlines()[0] for note in world.notes()] == [
        "For ana@example.com: Refund waits",
        "For ben@example.com: Be calm",
    ]


@pytest.mark.parametrize("stopped", ["conflict", "skipped"])
def test_a_notice_about_a_ticket_that_moved_in_the_middle_is_not_sent_and_says_why(world: World, stopped: Any) -> None:
    def half(desk: Local, ticket: str, changes: Sequence[Change], version: str) -> Written:
        written = desk.apply(ticket, changes[:1], version)
        return replace(written, outcomes=(*written.outcomes, Outcome(changes[1].id, stopped, "somebody was quicker")))

    both = change("1", "set", "priority", "high"), change("1", "note", text="hi")
    report = world.apply(*both, notice("channel:ops"), desk=Meddled(world.desk, apply=half))
    assert outcomes(report) == ["applied", stopped, stopped]
    assert report.outcomes[2].detail == "somebody was quicker"
    assert world.letters.sent == []


def test_one_receiver_gets_one_message_a_run(world: World) -> None:
    world.ticket("Another")
    report = world.apply(notice("channel:ops"), notice("channel:ops", "2"), notice("channel:ops", "2", rule="calm"))
    assert outcomes(report) == ["applied"] * 3
    (sent,) = world.letters.sent
    assert sent == ("channel:ops", "greet\nRefund waits\n- 1 desk/1\n- 2 desk/2\n\ncalm\nRefund waits\n- 2 desk/2")
    assert [entry.outcome for entry in world.journal()] == ["applied"] * 3


def test_a_message_that_fails_fails_for_everything_in_it(world: World) -> None:
    world.ticket("Another")
    report = world.apply(notice("channel:down"), notice("channel:ops"), notice("channel:down", "2"))
    assert sorted(outcomes(report)) == ["applied", "failed", "failed"]
    assert [told["who"] for told in report.to_json()["outcomes"]] == [
        ("channel:down",),
        ("channel:down",),
        ("channel:ops",),
    ]


def test_a_notice_that_fails_is_tried_again(world: World) -> None:
    report = world.apply(notice("channel:down"))
    assert [(told.outcome, told.detail) for told in report.outcomes] == [
        ("failed", "[notify.down] did not accept the notice")
    ]
    assert [entry.outcome for entry in world.journal()] == ["failed"]


def test_nobody_is_told_of_a_ticket_that_changed(world: World) -> None:
    plan = plan_of(world.store, world.clock(), change("1", "set", "priority", "high"), notice("channel:ops"))
    world.clock.turn()
    world.desk.say("1", "ana", "done", at=world.clock())
    assert outcomes(world.apply(plan=plan)) == ["conflict", "conflict"]
    assert world.letters.sent == []


def test_a_refused_write_does_not_silence_the_notice(world: World) -> None:
    report = world.apply(change("1", "assign", "assignee", "gil@example.com"), notice("channel:ops"))
    assert outcomes(report) == ["refused", "applied"]


# --- plans that are not applied ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"id": "f" * 16}, "changed after it was made"),
        ({"helpdesk": "sales"}, "is for sales"),
        ({"rules_fingerprint": "r2"}, "other rules"),
        ({"store_id": "x"}, "another local copy"),
    ],
)
def test_a_plan_that_does_not_fit_is_refused(world: World, wrong: dict[str, str], message: str) -> None:
    plan = plan_of(world.store, world.clock(), change("1", "set", "priority", "high")).model_copy(update=wrong)
    with pytest.raises(ApplyRefused, match=message):
        world.apply(plan=plan if "id" in wrong else plan.sealed())
    assert ticket_of(world.desk, "1").priority is None


def test_an_old_plan_is_refused_unless_somebody_insists(world: World) -> None:
    plan = plan_of(world.store, world.clock(), change("1", "set", "priority", "high"))
    world.clock.turn(60 * 25)
    with pytest.raises(ApplyRefused, match="valid until"):
        world.apply(plan=plan)
    assert outcomes(world.apply(plan=plan, stale_ok=True)) == ["applied"]


# --- being stopped ----------------------------------------------------------------------------------------------------


def test_ctrl_c_finishes_the_ticket_in_hand(world: World) -> None:
    world.ticket("second")

    def interrupted(desk: Local, *given: Any) -> Any:
        os.kill(os.getpid(), signal.SIGINT)
        return desk.apply(*given)

    both = change("1", "set", "priority", "high"), change("2", "set", "priority", "high")
    report = world.apply(*both, desk=Meddled(world.desk, apply=interrupted))
    assert outcomes(report) == ["applied"]
    assert report.interrupted
    assert not report.complete
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


class Paced(Meddled):
    """A desk that lets itself be written to once in a minute."""

    def pause(self) -> float:
        return 60.0


def test_a_desks_pace_is_kept_before_each_ticket(world: World) -> None:
    world.ticket("second")
    waits: list[float] = []
    both = change("1", "set", "priority", "high"), change("2", "set", "priority", "high")
    report = world.apply(*both, desk=Paced(world.desk), sleep=waits.append)
    assert (outcomes(report), sum(waits), max(waits)) == (["applied", "applied"], 120, 1)


def test_ctrl_c_does_not_wait_for_the_desks_pace(world: World) -> None:
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            os.kill(os.getpid(), signal.SIGINT)

    report = world.apply(change("1", "set", "priority", "high"), desk=Paced(world.desk), sleep=sleep)
    assert (report.interrupted, report.complete, outcomes(report), len(waits)) == (True, False, [], 3)
    assert ticket_of(world.desk, "1").priority != "high"


def test_progress_and_lease_are_kept_up(world: World) -> None:
    world.ticket("second")
    seen: list[Any] = []
    both = change("1", "set", "priority", "high"), change("2", "set", "priority", "high")
    world.apply(*both, renew=lambda: seen.append("renew"), on_ticket=lambda *given: seen.append(given))
    assert seen == ["renew", (1, 2), "renew", (2, 2)]


def test_the_report_says_what_became_of_each_change(world: World) -> None:
    report = world.apply(change("1", "set", "priority", "high"))
    assert report.to_json() == {
        "format": "makegood-run/1",
        "run": report.run,
        "outcomes": [
            {"ticket": "1", "rule": "greet", "action": "set", "field": "priority", "outcome": "applied", "detail": ""}
        ],
        "complete": True,
        "stopped_by": "",
    }


def test_an_outcome_of_the_connector_is_passed_on(world: World) -> None:
    def half(desk: Local, *given: Any) -> Written:
        written = desk.apply(*given)
        (one,) = written.outcomes
        return replace(written, outcomes=(replace(one, result="partly", detail="shortened"),))

    report = world.apply(change("1", "set", "priority", "high"), desk=Meddled(world.desk, apply=half))
    assert [(told.outcome, told.detail) for told in report.outcomes] == [("partly", "shortened")]
