"""Clocks: how the deadlines of a rule file stand, at every instant, as functions of history and calendar.

Nothing is counted up. The history of a ticket gives its cycles (:mod:`.cycles`); the conditions of the rule cut each cycle
into stretches in which nothing changes but the time (:mod:`.course`); a stretch has a due time, moved by what was lost in
the stretches before it, and so a state. The states of all tickets are one table, which conditions read like other facts.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import polars as pl

from .course import Course, lengths
from .cycle import Cycle, cycle_of
from .cycles import cycles, solved_stops
from .demand import WORD, clock_in, facts_read_by
from .ordered import before, ever, kept, sum_before
from .recovery import Recovery
from .replay import Given
from .snapshot import INSTANT
from .timing import Timing
from .told import Told
from .word import Word

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ..rules.model import Deadline, Rule, RuleSet
    from .history import History

TICK = timedelta(microseconds=1)
STATES: dict[str, pl.DataType | type[pl.DataType]] = {"t": pl.Int32, "at": INSTANT, "state": pl.String, "due": INSTANT}
_DONE = pl.col("status").is_in(["solved", "closed"]).fill_null(value=False)
_CHOICE = ("length", "calendar", "moment")


class Clocks:
    """All clocks of the rules in force on a helpdesk, our word, and the cases. Nothing is worked out before it is asked for."""

    def __init__(
        self, ruleset: RuleSet, history: History, given: Given | None = None, word: Word | None = None
    ) -> None:
        self.ruleset, self.history, self._word = ruleset, history, word
        self.given = given or Given({})
        helpdesk = history.snapshot.helpdesk
        meant = (rule for rule in ruleset.rules if not rule.helpdesks or helpdesk in rule.helpdesks)
        self.deadlines = {
            rule.id: rule.actions.deadline for rule in meant if rule.actions.deadline and rule.mode != "off"
        }
        self._clocks: dict[str, Clock] = {}
        self._told: dict[str, Told] = {}

    def named(self, name: str) -> list[Rule]:
        """The rules that set a clock, in the order in which they are asked: live ones first, then as in the file."""
        found = (rule for rule in self.ruleset.rules if rule.id in self.deadlines)
        found = (rule for rule in found if self.deadlines[rule.id].name == name)
        return sorted(found, key=lambda rule: rule.mode != "live")

    def of(self, rule: Rule) -> Clock:
        """The clock of a rule that has one."""
        if rule.id not in self._clocks:
            history = self.history_with(facts_read_by(rule))
            self._clocks[rule.id] = Clock(self.ruleset, rule, self.deadlines[rule.id], history, self.given)
        return self._clocks[rule.id]

    def history_with(self, facts: frozenset[str]) -> History:
        """The history telling those of the facts that are clocks, or how our word or a recovery case stands."""
        names = dict.fromkeys(clock_in(fact) for fact in sorted(facts))
        told = [self.told(name) for name in names if name is not None]
        told += [self._our_word] if WORD & facts else []
        return self.history.telling(*told, *([self.recovery.told] if "recovery" in facts else []))

    @cached_property
    def recovery(self) -> Recovery:
        """The recovery cases of the customers whose tickets the history has."""
        whole, own = self.history.whole, Recovery(self)
        if self.history.tickets.height == whole.tickets.height or not own.rules:
            return own
        return Recovery(Clocks(self.ruleset, whole.only(own.family), self.given))

    @cached_property
    def word(self) -> Word:
        """The promises made on the tickets of the history: those that were handed in, or found now."""
        return self._word or Word(self.ruleset, self.history.snapshot, tickets=frozenset(self.history.tickets["id"]))

    @cached_property
    def _our_word(self) -> Told:
        return Told(self.word.table(self.history.tickets))

    def told(self, name: str) -> Told:
        """``deadline.<name>`` and ``deadline.<name>.due`` as facts: of the first rule that has a value."""
        if name not in self._told:
            tables = [self.of(rule).table for rule in self.named(name)]
            self._told[name] = Told(_first_of(tables, f"deadline.{name}"))
        return self._told[name]

    def runs(self, rule: Rule, t: int) -> bool:
        """Whether the rule's clock ran or runs on a ticket, and no rule that is asked before it has a state there now."""
        clock = self.of(rule)
        if not clock.ran_on(t):
            return False
        before = self.named(clock.deadline.name)
        return not any(self.of(other).has_value(t) for other in before[: before.index(rule)])


def _first_of(tables: Sequence[pl.DataFrame], fact: str) -> pl.DataFrame:
    """The states of several rules' clocks as one: where more than one has a state, the first counts."""
    found = pl.concat([pl.DataFrame(schema=STATES), *tables]).select("t", "at").unique().sort("t", "at")
    state, due = pl.lit(None, pl.String), pl.lit(None, INSTANT)
    for number, table in reversed(list(enumerate(tables))):
        rows = table.rename({"state": f"state {number}", "due": f"due {number}"})
        found = found.join_asof(rows, on="at", by="t", check_sortedness=False)
        there = pl.col(f"state {number}").is_not_null()
        state = pl.when(there).then(f"state {number}").otherwise(state)
        due = pl.when(there).then(f"due {number}").otherwise(due)
    return found.select("t", "at", state.alias(fact), due.alias(f"{fact}.due"))


class Clock:
    """The clock of one rule on all tickets of a history, which tells the clocks that the rule reads."""

    def __init__(self, ruleset: RuleSet, rule: Rule, deadline: Deadline, history: History, given: Given) -> None:
        self.rule, self.deadline, self.history = rule, deadline, history
        self.course = Course(ruleset, rule, deadline, history, given)
        named = (self.course.judge.calendar(name) for _, name in self.course.calendars)
        self.timing = Timing(lengths(self.deadline), tuple(named), self.deadline.remind)
        self._cycles: dict[int, list[Cycle]] = {}

    # --- stretches ----------------------------------------------------------------------------------------------------

    @cached_property
    def stretches(self) -> pl.DataFrame:
        """Stretches ``now`` to ``to`` of opened cycles in which nothing changed, in order, the last up to the stop.

        With the cycle's ``start``, ``opened`` and ``stop``, the ``due`` time and what was ``lost`` before; ``still``: no
        time passes, because of a pause or (``done``) because the ticket is solved; ``over``: ended without verdict.
        """
        return self._from_start.filter(pl.col("now") >= pl.col("opened"))

    @cached_property
    def _from_start(self) -> pl.DataFrame:
        """The stretches of opened cycles with those from before they opened, in which time counted already."""
        course = self.course.frame().with_columns(done=_DONE & pl.lit(solved_stops(self.deadline)))
        rows = _within(cycles(self.deadline, course), course, until=self.deadline.until is not None)
        rows = self._timed(rows)
        before_stop = ~pl.col("stopped") & ~pl.col("done")
        opened = rows.filter(pl.col("open") & before_stop).group_by("cycle").agg(opened=pl.col("now").min())
        rows = rows.join(opened, on="cycle").sort("cycle", "now")
        ends = pl.col("ended") | (pl.col("cancelled") & before_stop)
        ends = ends & (pl.col("now") <= pl.col("due")).fill_null(value=True)
        over = ends & (pl.col("now") >= pl.col("opened"))
        return rows.filter(~before("cycle", ever("cycle", over))).with_columns(over=over)

    def _timed(self, rows: pl.DataFrame) -> pl.DataFrame:
        """With due times. Every length and calendar that is chosen at some time in a cycle is reckoned for all of it."""
        kinds = rows.select("cycle", *_CHOICE).unique().sort("cycle", *_CHOICE).with_row_index("kind")
        own = rows.rename({name: f"own {name}" for name in _CHOICE})
        each = own.join(kinds, on="cycle").sort("kind", "now")
        still = (pl.col("paused") | pl.col("done")) & ~pl.col("stopped")
        each = each.with_columns(lost=pl.when(still & pl.col("to").is_not_null()).then(self._lost(each)).otherwise(0))
        each = each.with_columns(lost=sum_before("kind", pl.col("lost")))
        each = each.with_columns(due=self.timing.due(each))
        late = pl.when("done").then(pl.col("now") > pl.col("due")).otherwise(pl.col("now") >= pl.col("due"))
        goes_on = still & before("kind", still)  # the due time moves along with it
        each = each.with_columns(late=ever("kind", (late & ~goes_on).fill_null(value=False)))
        settled = pl.col("late") & before("kind", pl.col("late"))
        each = each.with_columns(kept(~settled, settled, name) for name in ("due", "lost"))
        each = each.with_columns(still=still & ~pl.col("late"), judged="now")
        each = each.filter(pl.col(name).eq_missing(pl.col(f"own {name}")) for name in _CHOICE).sort("cycle", "now")
        solved = pl.col("done") & ~before("cycle", pl.col("done"))
        return each.with_columns(kept(solved, pl.col("done"), name) for name in ("judged", "due", "lost", *_CHOICE))

    def _lost(self, rows: pl.DataFrame) -> pl.Series:
        """How much time passes in each stretch; one without end counts as empty."""
        return self.timing.lost(rows.with_columns(pl.col("to").fill_null(pl.col("now"))))

    # --- states -------------------------------------------------------------------------------------------------------

    @cached_property
    def table(self) -> pl.DataFrame:
        """How the clock stands on each ticket ``t`` from ``at`` on: ``state`` and ``due``, which is missing in a pause.

        Rows after the present tell what will be if nobody acts.
        """
        rows = self.stretches.with_columns(miss=self._miss()).with_columns(soon=self.timing.soon(self.stretches))
        after = pl.col("to").is_null()
        begins = rows.select("t", "cycle", at="now", state=_state(), due="due")
        runs = rows.filter(_runs())
        nears = runs.filter((pl.col("soon") > pl.col("now")) & (after | (pl.col("soon") < pl.col("to"))))
        nears = nears.filter(pl.col("soon") < pl.col("miss"))
        misses = runs.filter((pl.col("miss") > pl.col("now")) & (after | (pl.col("miss") < pl.col("to"))))
        turns = [
            nears.select("t", "cycle", at="soon", state=pl.lit("due_soon"), due="due"),
            misses.select("t", "cycle", at="miss", state=pl.lit("missed"), due="due"),
        ]
        found = (
            pl.concat([begins, *turns]).sort("t", "at", "cycle").unique(["t", "at"], keep="last", maintain_order=True)
        )
        hidden = pl.col("state").is_null() | (pl.col("state") == "paused")
        found = found.select("t", "at", "state", due=pl.when(~hidden).then("due"))
        same = [pl.col(name).eq_missing(pl.col(name).shift(1)) for name in ("t", "state", "due")]
        return found.filter(~pl.all_horizontal(same) | (pl.int_range(pl.len()) == 0))

    def _miss(self) -> pl.Expr:
        """The first instant at which a miss is said: not before the desk's data reach beyond the due time."""
        snapshot, due = self.history.snapshot, pl.col("due")
        unsure = (due >= snapshot.known_to) & (due < snapshot.at)
        return pl.when(unsure).then(pl.lit(snapshot.at + TICK, INSTANT)).otherwise(due + TICK)

    # --- cycles -------------------------------------------------------------------------------------------------------

    def has_value(self, t: int) -> bool:
        """Whether the clock has a state on a ticket now."""
        return t in self._valued

    @cached_property
    def _valued(self) -> frozenset[int]:
        known = self.table.filter(pl.col("at") <= self.history.snapshot.at).group_by("t").last()
        return frozenset(known.filter(pl.col("state").is_not_null())["t"])

    def cycles_of(self, t: int) -> list[Cycle]:
        """The opened cycles of a ticket that were not closed without verdict, in order, as they are now."""
        if t not in self._cycles:
            part = self._known.slice(*self._places[t]) if t in self._places else self._known.clear()
            made = [self._cycle(list(rows)) for _, rows in groupby(part.iter_rows(named=True), key=itemgetter("cycle"))]
            self._cycles[t] = [cycle for cycle in made if cycle is not None]
        return self._cycles[t]

    def ran_on(self, t: int) -> bool:
        """Whether the clock ever opened on a ticket."""
        return t in self._places

    @cached_property
    def verdicts(self) -> pl.DataFrame:
        """What the cycles opened by now came to: ``t``, ``state`` (``met``, ``missed`` or ``open``) and ``at``, since when.

        A cycle is missed from its due time on. Those closed without verdict are left out.
        """
        last = self._known.group_by("cycle", maintain_order=True).last()
        last = last.filter(~pl.col("over") & pl.col("due").is_not_null())
        settled, now = pl.col("stopped") | pl.col("done"), pl.lit(self.history.snapshot.at, INSTANT)
        met = settled & (pl.col("judged") <= pl.col("due"))
        missed = (settled & ~met) | (~settled & ~pl.col("still") & (now >= pl.col("miss")))
        state = pl.when(met).then(pl.lit("met")).when(missed).then(pl.lit("missed")).otherwise(pl.lit("open"))
        return last.select("t", state=state, at=pl.when(met).then("judged").when(missed).then("due"))

    def stepping(self, after: datetime | None) -> frozenset[int]:
        """The tickets on which a step may be due: those with a cycle that is near its due time, or missed it.

        Cycles that had stopped by ``after`` are left out.
        """
        last = self._known.group_by("cycle", maintain_order=True).last()
        now = pl.lit(self.history.snapshot.at, INSTANT)
        settled = pl.col("stopped") | pl.col("done")
        missed = pl.when(settled).then(pl.col("judged") > pl.col("due")).otherwise(now >= pl.col("miss"))
        near = ~settled & ~pl.col("still") & (now >= pl.col("soon"))
        over = pl.col("over") if after is None else pl.col("over") | (settled & (pl.col("judged") <= after))
        return frozenset(last.filter(~over & (missed | near))["t"])

    def _cycle(self, rows: list[dict[str, Any]]) -> Cycle | None:
        at, calendars = self.history.snapshot.at, self.course.calendars
        return cycle_of(self.rule, self.deadline.name, self._ids, rows, self.timing, calendars, at)

    @cached_property
    def _known(self) -> pl.DataFrame:
        """The stretches up to now of the cycles opened by now, with the state that each began in."""
        rows = self._from_start.with_columns(miss=self._miss(), soon=self.timing.soon(self._from_start))
        rows = rows.filter(pl.max_horizontal("now", "opened") <= self.history.snapshot.at)
        return rows.with_columns(state=_state())

    @cached_property
    def _places(self) -> dict[int, tuple[int, int]]:
        """Where the stretches of each ticket begin in :attr:`_known`, and how many there are."""
        counted = self._known.with_row_index("place").group_by("t").agg(pl.col("place").min(), pl.len())
        return {t: (place, length) for t, place, length in counted.iter_rows()}

    @cached_property
    def _ids(self) -> dict[int, str]:
        return dict(self.history.tickets.select("t", "id").iter_rows())


def _within(found: pl.DataFrame, course: pl.DataFrame, *, until: bool) -> pl.DataFrame:
    """The course cut into the cycles, each from its start to its stop: ``now``, ``to`` (null: without end), ``stopped``.

    ``ended``: the cycle of an ``until`` ends there because its ``starts`` has become another. Nothing opens or ends a cycle
    before its begin, but the pauses after its start count.
    """
    found = found.with_row_index("cycle")
    said = course.select("t", "now", "open", "paused", "cancelled", "reached", "done", *_CHOICE)
    inside = said.join_asof(found, left_on="now", right_on="begin", by="t", check_sortedness=False, coalesce=False)
    inside = inside.filter(pl.col("cycle").is_not_null() & (pl.col("end").is_null() | (pl.col("now") < pl.col("end"))))
    ends = [found.filter(pl.col(name).is_not_null()).with_columns(now=name) for name in ("stop", *["end"] * until)]
    edges = [found.with_columns(now="begin"), *ends]
    marks = [each.join_asof(said, on="now", by="t", check_sortedness=False).select(inside.columns) for each in edges]
    earlier = _earlier(found, said).select(inside.columns)
    rows = pl.concat([inside, *marks, earlier]).unique(["cycle", "now"], keep="first").sort("cycle", "now")
    if until:
        rows = rows.with_columns(stop=pl.col("now").filter("reached").min().over("cycle").fill_null(pl.col("end")))
    rows = rows.filter((pl.col("now") <= pl.col("stop")).fill_null(value=True)).with_columns(
        ended=(pl.lit(until) & ~pl.col("reached") & (pl.col("now") == pl.col("end"))).fill_null(value=False),
        stopped=(pl.col("now") == pl.col("stop")).fill_null(value=False),
    )
    told = ("cycle", "open", "paused", "cancelled", "done", "stopped", "ended", *_CHOICE)
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(name).shift(1)) for name in told)
    rows = rows.filter(~same | (pl.int_range(pl.len()) == 0))
    following = pl.when(pl.col("cycle") == pl.col("cycle").shift(-1)).then(pl.col("now").shift(-1))
    return rows.with_columns(to=following.fill_null(pl.col("end")))


def _earlier(found: pl.DataFrame, said: pl.DataFrame) -> pl.DataFrame:
    """What the course said from the start of each cycle up to its begin, where its ``starts`` was set to a time long ago."""
    late = found.filter(pl.col("start") < pl.col("begin"))
    between = late.join(said, on="t").filter(pl.col("now").is_between("start", "begin", closed="none"))
    starts = late.with_columns(now="start").sort("t", "now").join_asof(said, on="now", by="t", check_sortedness=False)
    rows = pl.concat([between, starts.filter(pl.col("paused").is_not_null()).select(between.columns)])
    return rows.with_columns(pl.lit(value=False).alias(flag) for flag in ("open", "cancelled", "reached"))


def _runs() -> pl.Expr:
    """Whether time passes towards a due time."""
    return pl.col("due").is_not_null() & ~pl.col("stopped") & ~pl.col("done") & ~pl.col("still") & ~pl.col("over")


def _state() -> pl.Expr:
    """The state at the beginning of a stretch."""
    settled = pl.when(pl.col("judged") <= pl.col("due")).then(pl.lit("met")).otherwise(pl.lit("missed"))
    running = pl.when(pl.col("now") >= pl.col("soon")).then(pl.lit("due_soon")).otherwise(pl.lit("running"))
    return (
        pl.when(pl.col("over") | pl.col("due").is_null())
        .then(None)
        .when(pl.col("stopped") | pl.col("done"))
        .then(settled)
        .when(pl.col("still"))
        .then(pl.lit("paused"))
        .when(pl.col("now") >= pl.col("miss"))
        .then(pl.lit("missed"))
        .otherwise(running)
    )
