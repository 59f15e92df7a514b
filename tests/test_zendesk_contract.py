"""The fake Zendesk is kept honest: what it says fits the models of python-zendesk, which come from Zendesk's own OpenAPI file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import requests
from fake_zendesk import FakeZendesk
from fake_zendesk_client import connect
from pydantic import ValidationError
from zendesk import models

from makegood.connectors.base import Change

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
THEN = NOW - timedelta(hours=3)
ALICE, BOB = "alice@acme.example", "bob@acme.example"


class Account:
    """A lively account and somebody who asks it."""

    def __init__(self, zd: FakeZendesk) -> None:
        self.zd = zd
        self.headers = {"Authorization": f"Bearer {zd.bearer()}"}
        fields = {
            "Category": "cat_refund",
            "Seats": 3,
            "VIP": True,
            "Products": ["prod_boats"],
            "Follow up by": "2026-03-09",
        }
        zd.add_sla_policy("Gold", {"first_reply_time": 60, "requester_wait_time": {"high": 240}})
        self.ticket = zd.add_ticket(
            "Refund", "Where is it?", at=THEN, priority="high", tags=["web"], custom_fields=fields
        )
        zd.add_trigger("Escalate", lambda row, _: row["priority"] == "urgent", {"tags": ["urgent"]})
        zd.say(self.ticket, ALICE, "On it.", auto=True, at=THEN + timedelta(minutes=5))
        zd.change(self.ticket, ALICE, {"assignee_id": zd.user_id(ALICE)}, at=THEN + timedelta(minutes=9))
        zd.change(self.ticket, ALICE, {"priority": "urgent"}, at=THEN + timedelta(minutes=10))
        zd.rate(self.ticket, "bad", "Too slow", at=THEN + timedelta(minutes=30))
        self.merged, self.gone = zd.add_ticket("Twice", at=THEN), zd.add_ticket("Spam", at=THEN)
        zd.merge(self.merged, self.ticket, at=THEN + timedelta(minutes=40))

    def get(self, path: str) -> Any:
        answer = requests.get(f"{self.zd.url}/api/v2/{path}", headers=self.headers, timeout=5)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def put(self, path: str, ticket: Any) -> Any:
        answer = requests.put(f"{self.zd.url}/api/v2/{path}", json={"ticket": ticket}, headers=self.headers, timeout=5)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def job(self, shape: str, ids: str = "1,2") -> Any:
        self.zd.job_shape = shape
        queued = self.put(f"tickets/update_many?ids={ids}", {"priority": "low"})
        return self.get(f"job_statuses/{queued['job_status']['id']}")


@pytest.fixture
def account() -> Iterator[Account]:
    with FakeZendesk(now=lambda: NOW) as zd:
        yield Account(zd)


def fits(model: Any, said: Any) -> bool:
    try:
        model.model_validate(said)
    except ValidationError:
        return False
    return True


def strange(model: Any, said: Any) -> set[str]:
    """Paths of what the fake says and the model does not know; a value of the wrong kind raises."""
    return set(_lost(said, model.model_validate(said).model_dump(by_alias=True), ""))


def _lost(said: Any, kept: Any, path: str) -> Iterator[str]:
    if isinstance(said, dict) and isinstance(kept, dict):
        for name, value in said.items():
            if value is not None and name not in kept:
                yield f"{path}{name}"
            elif value is not None:
                yield from _lost(value, kept[name], f"{path}{name}.")
    elif isinstance(said, list) and isinstance(kept, list):
        for one, other in zip(said, kept, strict=True):
            yield from _lost(one, other, path)


TICKET = {"fields", "encoded_id", "support_type_scope"}  # all three are in real tickets
PAGED = {"meta", "links"}  # cursor paging is missing in the schema of most lists
EXPORT = "incremental/tickets/cursor?start_time=0&include=users,groups,organizations"

READS: dict[str, tuple[Any, set[str]]] = {
    EXPORT: (
        models.CursorBasedExportIncrementalTicketsResponse,
        {"users", "groups", "organizations", *(f"tickets.{name}" for name in TICKET)},
    ),
    "incremental/users/cursor?start_time=0": (models.CursorBasedExportIncrementalUsersResponse, set()),
    "incremental/organizations?start_time=0": (models.ExportIncrementalOrganizationsResponse, set()),
    "incremental/ticket_metric_events?start_time=0": (
        models.TicketMetricEventsResponse,
        {
            "end_of_stream",
            "ticket_metric_events.sla",
            "ticket_metric_events.status",
        },  # only their base object is modelled
    ),
    "tickets/{ticket}": (models.TicketResponse, {f"ticket.{name}" for name in TICKET}),
    "tickets/show_many?ids={ticket},{merged}": (
        models.TicketsResponse,
        {"count", *(f"tickets.{name}" for name in TICKET)},
    ),
    "tickets/{ticket}/audits?page[size]=100": (models.TicketAuditsResponse, PAGED),
    "tickets/{ticket}/comments?page[size]=100": (models.TicketCommentsResponse, PAGED),
    "users?role[]=agent&role[]=admin&page[size]=100": (models.UsersResponse, PAGED),
    "users/show_many?ids=1": (models.UsersResponse, {"count"}),
    "users/me": (models.CurrentUserResponse, set()),
    "groups?page[size]=100": (models.GroupsResponse, PAGED),
    "group_memberships?page[size]=100": (models.GroupMembershipsResponse, PAGED),
    "ticket_fields?page[size]=100": (
        models.TicketFieldsResponse,
        {*PAGED, "ticket_fields.custom_field_options.default"},
    ),
    "custom_statuses": (models.CustomStatusesResponse, {"custom_statuses.url"}),
    "brands?page[size]=100": (models.BrandsResponse, PAGED),
    "ticket_forms": (models.TicketFormsResponse, {"count"}),
    "slas/policies": (models.SLAPoliciesResponse, set()),
    "satisfaction_ratings": (models.SatisfactionRatingsResponse, {"count"}),
    "triggers/active?page[size]=100": (models.TriggersResponse, PAGED),
    "locales": (models.LocalesResponse, {"count", "locales.default", "locales.native_name"}),
    "organizations/autocomplete?name=Lake": (models.OrganizationsResponse, set()),
}
"""What is read, the model of the answer, and what Zendesk says there although its schema does not."""


@pytest.mark.parametrize("path", READS)
def test_what_is_read(account: Account, path: str) -> None:
    model, known = READS[path]
    assert strange(model, account.get(path.format(ticket=account.ticket, merged=account.merged))) == known


def test_the_answer_to_an_update(account: Account) -> None:
    """The schema has no plain text of comments, no number of their audit, and no "deleted" of a trigger."""
    fields = [{"id": account.zd.field_id("Seats"), "value": 5}]
    copied = [{"user_email": "cc@customer.example", "action": "put"}]
    said = {"priority": "low", "comment": {"body": "Done"}, "email_ccs": copied, "custom_fields": fields}
    found = strange(models.TicketUpdateResponse, account.put(f"tickets/{account.ticket}", said))
    events = {f"audit.events.{name}" for name in ("audit_id", "plain_body", "via.source.from.deleted")}
    assert found == {*events, "audit.metadata.custom", "audit.metadata.system", *(f"ticket.{name}" for name in TICKET)}


@pytest.mark.parametrize("model", ["legacy", "survey"])
def test_audits_of_both_satisfaction_models(account: Account, model: str) -> None:
    account.zd.csat_model = model
    for score in ("offered", "good"):
        account.zd.rate(account.ticket, score, at=THEN + timedelta(hours=1))
    audits = account.get(f"tickets/{account.ticket}/audits?page[size]=100")["audits"]
    for audit in audits[-2:]:
        # in ticket audits the schema leaves events open; the audit in the answer to an update is the strict one
        models.TicketUpdateResponse.model_validate({"audit": audit})


@pytest.mark.parametrize("shape", ["index", "action", "dict"])
def test_job_statuses(account: Account, shape: str) -> None:
    assert fits(models.JobStatusResponse, account.job(shape, ids="1"))


def test_what_the_connector_writes(account: Account) -> None:
    """Every body fits the schema of ticket updates, except for what Zendesk documents elsewhere."""
    zd = account.zd
    ticket = zd.add_ticket("Write here", at=THEN)
    desk = connect(zd)
    (found,) = desk.read([ticket]).tickets
    changes = [
        Change("1", "assign", "assignee", new=str(zd.user_id(BOB))),
        Change("2", "set", "priority", new="high"),
        Change("3", "set", "field.Recovery", new="voucher"),
        Change("4", "add_tags", "tags", new=("recovery",)),
        Change("5", "note", text="Noted. 7f3a2c", marker="7f3a2c"),
    ]
    written = desk.apply(ticket, changes, found.version)
    assert {outcome.result for outcome in written.outcomes} == {"applied"}, written.outcomes
    bodies = [asked.body["ticket"] for asked in zd.writes]
    assert bodies
    assert set.union(*(strange(models.TicketUpdateInput, body) for body in bodies)) <= {"metadata"}


# ---- where that schema is wrong: each of these has to fail, or it can go from this list


def _deleted_ticket(account: Account) -> tuple[Any, Any]:
    """``status`` is "deleted" in the export: 1,032 of 4,328 recorded tickets."""
    account.zd.delete(account.gone, at=THEN + timedelta(minutes=50))
    return models.CursorBasedExportIncrementalTicketsResponse, account.get(EXPORT)


def _job_rows(account: Account) -> tuple[Any, Any]:
    """Rows of a job may be ``{id, status}``: 29 of 179 recorded jobs."""
    return models.JobStatusResponse, account.job("id_status", ids="1")


def _failed_job_rows(account: Account) -> tuple[Any, Any]:
    """Failed rows have no ``action`` and no ``success``."""
    row = account.job("action")["job_status"]["results"][1]
    return models.FailedResult, row


def _marked(account: Account) -> tuple[Any, Any]:
    """``metadata`` of an update is documented with ticket audits only; here it has to be known, not just tolerated."""
    return _Strict, {"metadata": {"makegood": "7f3a2c"}}


class _Strict(models.TicketUpdateInput, extra="forbid"):
    pass


DEVIATIONS = [_deleted_ticket, _job_rows, _failed_job_rows, _marked]


@pytest.mark.parametrize("deviation", DEVIATIONS, ids=lambda each: each.__name__)
def test_deviations_are_still_needed(account: Account, deviation: Any) -> None:
    assert not fits(*deviation(account))


def test_ticket_events_are_modelled_as_metric_events(account: Account) -> None:
    """The schema types ticket events as ticket metric events, and so knows nothing of what they say."""
    said = account.get("incremental/ticket_events?start_time=0&include=comment_events")
    found = strange(models.ExportIncrementalTicketEventsResponse, said)
    names = ("timestamp", "created_at", "updater_id", "via", "system", "metadata", "event_type", "child_events")
    assert found == {f"ticket_events.{name}" for name in names}


def test_ticket_events_and_audits_are_one_thing(account: Account) -> None:
    """Numbers, times, people and children are the same in both, since no schema says so."""
    rows = account.get("incremental/ticket_events?start_time=0&include=comment_events")["ticket_events"]
    told = {row["id"]: row for row in rows if str(row["ticket_id"]) == account.ticket}
    audits = account.get(f"tickets/{account.ticket}/audits?page[size]=100")["audits"]
    assert [audit["id"] for audit in audits] == list(told)
    for audit in audits:
        row = told[audit["id"]]
        assert (row["created_at"], row["updater_id"]) == (audit["created_at"], audit["author_id"])
        assert [(c["id"], c["event_type"]) for c in row["child_events"]] == [
            (e["id"], e["type"]) for e in audit["events"]
        ]
