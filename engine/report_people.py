"""Sections of a report about people: what customers said, how often they had to come back, and who was given how much."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import polars as pl

from .fairness import fairness as evenly
from .figures import Section, Table, by_name, counted, index, mean, share
from .report_series import bars, days, names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .fairness import Fairness
    from .figures import Figure, Tone
    from .seen import Happening, Seen


# --- satisfaction -----------------------------------------------------------------------------------------------------


def satisfaction(seen: Seen) -> Section:
    """What customers said of us."""
    rated = seen.present.filter(seen.within("csat_given") & pl.col("csat").is_in(["good", "bad"]))
    found = seen.happenings(
        rated.select("t", at="csat_given", what="csat", about=pl.col("channel").fill_null("none said"))
    )
    columns, rate = {"good": "Good", "bad": "Bad"}, ("Share good", "good", ("good", "bad"))
    channels = by_name("Ratings by channel", "Channel", ((each.about, each.what) for each in found), columns, rate)
    sums = Counter(each.what for each in found)
    return Section(
        "satisfaction",
        "Satisfaction",
        "How customers rated our help. Few of them do: small numbers swing by themselves.",
        tuple(_rating_figures(sums)),
        tuple(table for table in (channels, *names(seen, "Ratings", found, columns, rate)) if table.rows),
        (
            *bars("ratings_channels", "Ratings by channel", channels, ("good", "bad")),
            *days(seen, "ratings", "Ratings", found, {"good": ("Good", "good"), "bad": ("Bad", "bad")}),
        ),
    )


def _rating_figures(sums: Mapping[str, int]) -> Iterator[Figure]:
    whole = sums["good"] + sums["bad"]
    yield share(
        "ratings_good_share", "Good ratings", sums["good"], whole,
        "Of the tickets rated in the period, those whose last rating in it was good.",
        "rated tickets", better="more", headline=True,
    )  # fmt: skip
    yield counted("ratings_good", "Good", sums["good"], "Tickets whose last rating in the period was good.", "tickets")
    yield counted(
        "ratings_bad", "Bad", sums["bad"], "Tickets whose last rating in the period was bad.", "tickets", better="less"
    )


# --- reopens and handoffs ---------------------------------------------------------------------------------------------


def reopens(seen: Seen) -> Section:
    """How often customers had to come back, and how often they were handed on."""
    solved, back = _solved(seen), _grown(seen, "reopens", "reopened")
    later = back.join(solved.select("t", first="at"), on="t").filter(pl.col("at") > pl.col("first"))
    came_back = solved.filter(pl.col("t").is_in(later["t"].implode()))
    frames = (solved, came_back.with_columns(what=pl.lit("came_back")), back, _grown(seen, "handoffs", "handoff"))
    found = seen.happenings(pl.concat(frames))
    columns = {"solved": "Solved", "came_back": "Came back", "reopened": "Reopenings", "handoff": "Handoffs"}
    tables = names(seen, "Reopens and handoffs", found, columns, ("Share that came back", "came_back", ("solved",)))
    series: dict[str, tuple[str, Tone]] = {"reopened": ("Reopenings", "bad"), "handoff": ("Handoffs", "other")}
    known = seen.present.filter(pl.col("t").is_in(solved["t"].implode()))["handoffs"].drop_nulls().to_list()
    return Section(
        "reopens",
        "Reopens and handoffs",
        "How often customers had to come back with the same matter, and how often they were handed from one person to another.",
        tuple(_reopen_figures(Counter(each.what for each in found), known)),
        tuple(tables),
        tuple(days(seen, "reopens", "Reopenings and handoffs", found, series)),
    )


def _solved(seen: Seen) -> pl.DataFrame:
    """The tickets solved in the period, at the first time that they were."""
    turned = seen.steps.filter((pl.col("solved") == pl.col("at")) & seen.within("at"))
    return turned.group_by("t", maintain_order=True).agg(pl.col("at").first()).select("t", "at", what=pl.lit("solved"))


def _grown(seen: Seen, count: str, what: str) -> pl.DataFrame:
    """Each time in the period that a count of the tickets' went up."""
    before = pl.when(pl.col("t") == pl.col("t").shift(1)).then(pl.col(count).shift(1)).fill_null(0)
    rows = seen.steps.with_columns(more=pl.col(count) - before).filter((pl.col("more") > 0) & seen.within("at"))
    return rows.select("t", "at", what=pl.lit(what).repeat_by("more")).explode("what")


def _reopen_figures(sums: Mapping[str, int], handoffs: Sequence[float]) -> Iterator[Figure]:
    yield share(
        "came_back_share", "Solved tickets that came back", sums["came_back"], sums["solved"],
        "Of the tickets solved in the period, those reopened before it ended. Some of the latest ones will still come back.",
        "solved tickets", better="less", headline=True,
    )  # fmt: skip
    yield counted("solved", "Solved tickets", sums["solved"], "Tickets that became solved in the period.", "tickets")
    yield counted(
        "reopenings", "Reopenings", sums["reopened"],
        "How often a solved ticket was opened again in the period, whenever it had been solved.", "reopenings", better="less",
    )  # fmt: skip
    yield counted(
        "handoffs", "Handoffs", sums["handoff"],
        "How often a ticket went from one person to another in the period.", "handoffs", better="less",
    )  # fmt: skip
    yield mean(
        "handoffs_mean", "Handoffs of a solved ticket", handoffs,
        "The mean number of handoffs, from their beginning on, of the tickets solved in the period.",
        "solved tickets", better="less",
    )  # fmt: skip


# --- fairness ---------------------------------------------------------------------------------------------------------


def fairness(seen: Seen) -> Section:
    """How evenly tickets were given out."""
    given = _given(seen)
    weights = {each.handle: each.weight for team in seen.ruleset.teams.values() for each in team.people}
    whole = evenly([(each.person, each.what == "us") for each in given], weights)
    teams = _teams(seen, given)
    tables = [teams, *([_people(seen, whole)] if seen.per_person else [])]
    by_whom = by_name(
        "Tickets given out",
        "Team",
        ((each.team, each.what) for each in given),
        {"us": "By rules", "others": "By people"},
    )
    return Section(
        "fairness",
        "Fairness",
        "How evenly tickets were given to people, measured by how much of a day's work each of them does.",
        tuple(_fairness_figures(whole)),
        tuple(table for table in tables if table.rows),
        tuple(bars("given", "Tickets given out, by whom", by_whom, ("plain", "other"))),
    )


def _given(seen: Seen) -> list[Happening]:
    """Every ticket given to somebody in the period: by us or by others, in the team that had it then."""
    events = seen.snapshot.events.filter(
        (pl.col("kind") == "field") & (pl.col("field") == "assignee") & pl.col("new").is_not_null() & seen.within("at")
    )
    numbered = events.join(
        seen.history.tickets.select("t", "id"), left_on="ticket", right_on="id", maintain_order="left"
    )
    ours = pl.when(pl.col("actor_kind") == "robot").then(pl.lit("us")).otherwise(pl.lit("others"))
    found = seen.happenings(numbered.select("t", "at", what=ours, about="new"))
    return [each._replace(person=each.about) for each in found]


def _teams(seen: Seen, given: Sequence[Happening]) -> Table:
    """How even it is within each team; those of the rule file that got nothing are left out, their people are not."""
    rows = []
    for name in sorted({each.team for each in given}):
        team = seen.ruleset.teams.get(name)
        weights = {each.handle: each.weight for each in team.people} if team else {}
        own = evenly([(each.person, each.what == "us") for each in given if each.team == name], weights)
        count = sum(one.given for one in own.portions)
        rows.append(
            (name, count, sum(one.by_us for one in own.portions), len(own.portions), own.gini, own.most_to_mean)
        )
    head = (
        ("Team", "text"),
        ("Given", "count"),
        ("By rules", "count"),
        ("People", "count"),
        ("Gini", "number"),
        ("Most to mean", "number"),
    )
    rows.sort(key=lambda row: (-row[1], row[0]))
    return Table("Tickets given out by team", head, tuple(rows))  # type: ignore[arg-type]


def _people(seen: Seen, whole: Fairness) -> Table:
    head = ("Person", "text"), ("Given", "count"), ("By rules", "count"), ("Weight", "number"), ("By weight", "number")
    rows = ((seen.name(one.person), one.given, one.by_us, one.weight, one.share) for one in whole.portions)
    return Table("Tickets given out by person", head, tuple(rows))  # type: ignore[arg-type]


def _fairness_figures(whole: Fairness) -> Iterator[Figure]:
    given, ours = (
        (sum(counts) for counts in zip(*((one.given, one.by_us) for one in whole.portions), strict=True))
        if whole.portions
        else (0, 0)
    )
    yield counted(
        "given", "Tickets given out", given, "How often a ticket came to somebody in the period.", "assignments"
    )
    yield share(
        "given_by_us_share", "Given out by rules", ours, given,
        "Of the times that a ticket came to somebody, those in which makegood gave it.", "assignments",
    )  # fmt: skip
    people = len(whole.portions) if given else 0
    yield index(
        "gini", "Gini", whole.gini, people,
        "0 where everybody got the same for their weight, near 1 where one person got everything.", "people", better="less",
    )  # fmt: skip
    yield index(
        "most_to_mean", "Most to mean", whole.most_to_mean, people,
        "How many times the mean share the largest one is; 1 where all are the same.", "people", better="less",
    )  # fmt: skip
