"""What became of a plan, for people."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from .failure import INTERRUPTED, PARTLY
from .plan_view import number
from .words import count, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..engine.apply import RunReport
    from .paint import Paint

FINE = ("applied", "already")
STYLE = {"conflict": "warning", "skipped": "warning", "partly": "warning", "refused": "error", "failed": "error"}
MEANING = {
    "conflict": "changed meanwhile, left as it is",
    "refused": "the helpdesk refused it",
    "partly": "done in part",
    "skipped": "not done",
    "failed": "failed",
}


def run_text(report: RunReport, paint: Paint) -> str:
    """What was not done, change by change; then everything in figures."""
    return "\n".join([*_left(report, paint), _sums(report, paint)])


def run_code(report: RunReport) -> int:
    """The exit code of a run: all done, done in part, or stopped by hand."""
    return INTERRUPTED if report.interrupted else 0 if report.clean else PARTLY


def _left(report: RunReport, paint: Paint) -> Iterator[str]:
    for told in report.outcomes:
        if told.outcome not in FINE:
            change = told.change
            to = change.who or change.to
            wanted = f" -> {shown(to)}" if to is not None else ""
            what = f"{number(change.ticket, change.url)} {change.field or change.action}{wanted}"
            detail = f": {told.detail}" if told.detail else ""
            yield f"{paint(STYLE[told.outcome], MEANING[told.outcome])}  {what}{detail}"
    if report.stopped_by:
        yield f"{paint('error', 'stopped:')} {report.stopped_by}; what is left is planned again next time"


def _sums(report: RunReport, paint: Paint) -> str:
    outcomes = Counter(told.outcome for told in report.outcomes)
    tickets = len({told.change.ticket for told in report.outcomes if told.outcome == "applied"})
    if not outcomes:
        return f"{paint('ok', 'Nothing to do.')} Run {report.run}."
    done = f"{count(outcomes.pop('applied', 0), 'change')} made to {count(tickets, 'ticket')}"
    others = [f"{value:,} {name}" for name, value in outcomes.items()]
    return f"{paint('heading', 'Done:')} {', '.join([done, *others])}. Run {report.run}."
