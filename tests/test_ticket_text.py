"""What somebody newly said in a mail, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from makegood.connectors import ticket_text
from makegood.connectors.ticket_text import html_text, marker_of, newest_text

OLD = "> Please restart it.\n> Ana"

LINES = st.lists(
    st.sampled_from(["Hello", "", "> quoted", "-- ", "On Monday Ana wrote:", "From: x", "Sent: y", "a: b"])
)


@pytest.mark.parametrize(
    "tail",
    [
        f"\n\nOn Mon, 2 Mar 2026 at 09:00, Ana <ana@x.example> wrote:\n{OLD}",
        f"\n\nOn Mon, 2 Mar 2026 at 09:00, Ana Maria von und zu Beispiel\n<ana@x.example> wrote:\n{OLD}",
        f"\n\nAm 02.03.2026 um 09:00 schrieb Ana <ana@x.example>:\n{OLD}",
        f"\n\nAm Montag, dem 2. März 2026, schrieb Ana:\n{OLD}",
        f"\n\nLe lun. 2 mars 2026 à 09:00, Ana a écrit :\n{OLD}",
        "\n\n-----Original Message-----\nFrom: Ana\nSent: Monday\n\nPlease restart it.",
        "\n\n-----Ursprüngliche Nachricht-----\nVon: Ana\n\nBitte neu starten.",
        "\n\nFrom: Ana <ana@x.example>\nSent: Monday\nTo: Bob\n\nPlease restart it.",
        "\n\nVon: Ana\nGesendet: Montag\n\nBitte neu starten.",
        "\n\n________________________________\nFrom: Ana\nTo: Bob",
        "\n\n-- \nBob\nExample Ltd, +49 30 1234",
        "\n--\nBob",
        "\n\nSent from my iPhone",
        "\n\nVon meinem iPhone gesendet",
        "\n\nGet Outlook for Android",
        f"\n\n{OLD}",
    ],
)
def test_only_the_new_words_stay(tail: str) -> None:
    assert newest_text(f"It still fails.\n\nWhat now?{tail}") == "It still fails.\n\nWhat now?"


def test_answers_between_quoted_lines_stay() -> None:
    mail = "On Monday, 2 March, Ana wrote:\n> Did you restart?\nYes.\n> Twice?\nNo, once."
    assert newest_text(mail) == "Yes.\nNo, once."


@pytest.mark.parametrize(
    "text",
    [
        "From: what I see it works.",
        "On Friday I wrote: it fails.",
        "5 > 4",
        "a -- b",
        "Call me:\n-- no wait",
        "I sent from my account the data you wanted.\nIt is big.\nReally.\nYes.\nSure.\nBye",
    ],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert newest_text(text) == text


def test_line_ends_do_not_matter() -> None:
    assert newest_text("Yes.\r\n\r\n> No.\r\n") == "Yes."


@given(st.text())
def test_any_text_gives_some_text_and_settles(text: str) -> None:
    once = newest_text(text)
    assert once == once.strip()
    assert len(once) <= len(text)


@given(LINES)
def test_nothing_quoted_survives(lines: list[str]) -> None:
    assert not any(line.startswith(">") for line in newest_text("\n".join(lines)).splitlines())


def test_html_is_read_as_a_browser_shows_it() -> None:
    html = "<style>p{}</style><p>It <b>still</b>&nbsp;fails &amp; fails.</p><div>Line<br>two</div><blockquote>Old</blockquote>"
    assert newest_text(html_text(html)) == "It still fails & fails.\n\nLine\ntwo"


@given(st.text())
def test_any_html_is_survived(text: str) -> None:
    assert isinstance(html_text(f"<p>{text}</p>"), str)


@pytest.mark.parametrize("text", ["Why.\n\nmakegood 7f3a2c", "makegood 7f3a2c\n", "x\nmakegood 7f3a2c  \n\n"])
def test_our_marker_is_the_last_line(text: str) -> None:
    assert marker_of(text) == "7f3a2c"


@pytest.mark.parametrize(
    "text", ["", "makegood 7f3a2c\nbye", "> makegood 7f3a2c", "makegood XYZ123", "I said makegood 7f3a2c"]
)
def test_what_looks_like_a_marker(text: str) -> None:
    assert marker_of(text) is None


TRICKY = st.sampled_from(
    """Hello||  |> quoted|-- |--|On Monday Ana wrote:|On Monday|Ana wrote:|From: Ana|Sent: today|Sent from my phone
    |-----Original Message-----|__________|Gesendet von meinem Telefon|\t> tab|Am 1. März|schrieb Ana:|*Von:* Ana|De: x|Date: y
    |Envoyé de mon mobile|Get Outlook for iOS|Diese Nachricht wurde von meinem Telefon gesendet""".replace(
        "\n    ", ""
    ).split("|")
)


@given(st.lists(TRICKY, max_size=8), st.sampled_from(["\n", "\r\n", "\r"]))
def test_the_quick_look_and_the_close_one_agree(lines: list[str], end: str) -> None:
    text = end.join(lines)
    assert newest_text(text) == ticket_text._tidy(ticket_text._newest(lines))
