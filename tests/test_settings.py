"""makegood.toml: what it may say, and what is said about it where it is wrong."""

from __future__ import annotations

from datetime import timedelta
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from makegood.cli.failure import Failure
from makegood.cli.settings import Local, RequestTracker, Secret, Settings, Zendesk, span
from makegood.cli.settings_file import line_of, read_settings

RT = """
store = "copy.db"

[helpdesks.support]
kind = "rt"
base_url = "https://rt.example.com"
token = { env = "RT_TOKEN" }
history = "90 days"
robots = ["mailer"]

[helpdesks.support.words.status]
pending = ["Waiting for customer"]

[notify.leads]
url = { env = "LEADS_URL" }

[notify.person]
url = "mailtos://x?to={email}"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "makegood.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refused(folder: Path, text: str) -> str:
    with pytest.raises(Failure) as failed:
        read_settings(written(folder, text))
    return failed.value.message


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    settings = read_settings(written(tmp_path, RT))
    name, desk = settings.helpdesk(None)
    assert (name, desk.kind, desk.history) == ("support", "rt", timedelta(days=90))
    assert desk.words.status == {"pending": ["Waiting for customer"]}
    assert settings.place_of_store() == str(tmp_path / "copy.db")


def test_a_secret_is_looked_up_only_when_it_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LEADS_URL", raising=False)
    settings = read_settings(written(tmp_path, RT))
    with pytest.raises(Failure, match="LEADS_URL is not set"):
        settings.channels({"leads", "others"})
    monkeypatch.setenv("LEADS_URL", "json://127.0.0.1/x\n")
    assert settings.channels({"leads", "others"}) == {"leads": "json://127.0.0.1/x"}
    assert settings.person_url() == "mailtos://x?to={email}"


def test_secrets_are_never_shown(tmp_path: Path) -> None:
    settings = read_settings(written(tmp_path, RT.replace('{ env = "RT_TOKEN" }', '"1-14-hush"')))
    assert "hush" not in repr(settings)
    assert "hush" not in str(Secret("hush"))


def test_a_store_can_be_a_secret_or_an_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORE", "postgresql://me:pw@db/makegood")
    settings = read_settings(written(tmp_path, 'store = { env = "STORE" }'))
    assert settings.place_of_store() == "postgresql://me:pw@db/makegood"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("store = 5", ":1: store: a text or { env ="),
        ("stor = 'x'", ':1: stor: "stor" is not a setting; did you mean store?'),
        ("folder = 'x'", ':1: folder: "folder" is not a setting'),
        ("[helpdesks.a]\npath = 'x'", ":1: helpdesks.a: kind is missing"),
        ("[helpdesks.a]\nkind = 'locl'", ':2: helpdesks.a.kind: there is no kind "locl"; did you mean local?'),
        ("[helpdesks.a]\nkind = 'local'", ":1: helpdesks.a: path is missing"),
        ("[helpdesks.a]\nkind = 'local'\npath = 'x'\nhistory = 'long'", ":4: helpdesks.a.history: a length of time"),
        ("[helpdesks.a]\nkind='local'\npath='x'\nallow_replys = true", "did you mean allow_replies?"),
        ("[helpdesks.a]\nkind='local'\npath='x'\nallow_replies = 'sometimes'", ":4: helpdesks.a.allow_replies:"),
        ("[helpdesks.a]\nkind='local'\npath='x'\n[helpdesks.a.words]\nstate = {}", ":5: helpdesks.a.words.state"),
        ("[helpdesks.a]\nkind='rt'\nbase_url='x'\ntoken={ envi = 'X' }", ":4: helpdesks.a.token: a text or"),
        ("helpdesks = 5", ":1: helpdesks: a table is wanted"),
        ("[helpdesks]\na = 5", "kind is missing"),
        ("[notify.leads]\nurll = 'x'", "did you mean url?"),
        ("a = ", "makegood.toml:1: invalid value"),
        ("a = \n", ":1:5: invalid value"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    assert said in refused(tmp_path, text)


def test_everything_wrong_is_said_at_once(tmp_path: Path) -> None:
    said = refused(tmp_path, "stor = 'x'\n[helpdesks.a]\nkind = 'local'\n[notify.b]\n")
    assert [line.split(":")[1] for line in said.splitlines()] == ["1", "2", "4"]


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="there is no"):
        read_settings(tmp_path / "none.toml")
    with pytest.raises(Failure, match="is a folder"):
        read_settings(tmp_path)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Failure, match="UTF-8"):
        read_settings(tmp_path / "binary")


def test_which_helpdesk_has_to_be_said_where_there_are_several() -> None:
    one = Local(kind="local", path="a.db")
    settings = Settings(helpdesks={"a": one, "support": RequestTracker(kind="rt", base_url="http://x")})
    assert settings.helpdesk("a") == ("a", one)
    with pytest.raises(Failure, match="several helpdesks: a, support") as several:
        settings.helpdesk(None)
    assert "--helpdesk" in several.value.hint
    with pytest.raises(Failure) as mistyped:
        settings.helpdesk("suport")
    assert mistyped.value.hint == "did you mean support?"
    with pytest.raises(Failure, match="names no helpdesk"):
        Settings().helpdesk(None)


@given(st.integers(0, 10_000), st.sampled_from(["seconds", "minutes", "hours", "days", "weeks"]), st.booleans())
def test_lengths_of_time_are_read_short_and_long(amount: int, unit: str, short: bool) -> None:
    text = f"{amount}{unit[0]}" if short else f"{amount} {unit}"
    assert span(text) == timedelta(**{unit: amount})


@pytest.mark.parametrize("text", ["", "5", "m", "five days", "5 fortnights", "-5m", "5 m m"])
def test_other_texts_are_no_length_of_time(text: str) -> None:
    with pytest.raises(ValueError, match="length of time"):
        span(text)


def test_the_line_of_a_key_is_found_in_dotted_and_quoted_tables() -> None:
    lines = ['[helpdesks."a b"]', "kind = 'x'", "words.status = {}", "[notify]", "leads.url = 5"]
    assert line_of(lines, ("helpdesks", "a b", "words", "status", "open")) == 3
    assert line_of(lines, ("notify", "leads", "url")) == 5
    assert line_of(lines, ("helpdesks", "a b", "path")) == 1
    assert line_of(lines, ("store",)) is None


def test_another_packages_connector_gets_its_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Pigeons:
        def __init__(self, **said: object) -> None:
            self.said = said

    entry = EntryPoint("pigeon", "nowhere:Pigeons", "makegood.connectors")
    monkeypatch.setattr(EntryPoint, "load", lambda _: Pigeons)
    monkeypatch.setattr("makegood.connectors._entries", lambda: EntryPoints([entry]))
    monkeypatch.setenv("WHISTLE", "tweet")
    text = "[helpdesks.loft]\nkind = 'pigeon'\nseed = 'corn'\nwhistle = { env = 'WHISTLE' }\nrobots = ['owl']\n"
    _, desk = read_settings(written(tmp_path, text)).helpdesk("loft")
    memory: Any = object()
    made = desk.connect(tmp_path, lambda: None, memory)  # type: ignore[arg-type, return-value]
    assert isinstance(made, Pigeons)
    assert memory not in made.said.values()
    assert (made.said["seed"], made.said["whistle"], made.said["robots"]) == ("corn", "tweet", ["owl"])


# --- Zendesk ----------------------------------------------------------------------------------------------------------

ZENDESK = """
[helpdesks.support]
kind = "zendesk"
subdomain = "acme"
client_id = "makegood"
client_secret = { env = "ZENDESK_CLIENT_SECRET" }
"""
BY_TOKEN = """
[helpdesks.support]
kind = "zendesk"
base_url = "http://127.0.0.1:9100"
email = "robot@acme.example"
token = { env = "ZENDESK_TOKEN" }
"""


def zendesk_of(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the connector is told."""
    monkeypatch.setattr("makegood.connectors.zendesk.Zendesk", lambda base_url, **said: said | {"base_url": base_url})
    _, desk = read_settings(written(folder, text)).helpdesk("support")
    memory: Any = "what we know"
    said: Any = desk.connect(folder, lambda: None, memory)  # type: ignore[arg-type, return-value]
    assert said.pop("now")() is None
    assert isinstance(said, dict)
    return said


def test_zendesk_is_entered_with_an_oauth_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZENDESK_CLIENT_SECRET", "hush")
    more = 'headroom = 0.25\nrobots = ["bot@acme.example"]\nignore_senders = ["mailer@*"]\nhistory = "30 days"\n'
    table = '[helpdesks.support.map]\npromise_due = "Follow up by"\n'
    assert zendesk_of(tmp_path, ZENDESK + more + table, monkeypatch) == {
        "base_url": "https://acme.zendesk.com",
        "client": ("makegood", "hush"),
        "account": None,
        "robots": ("bot@acme.example",),
        "ignore_senders": ("mailer@*",),
        "fields": {"promise_due": "Follow up by"},
        "history": timedelta(days=30),
        "headroom": 0.25,
        "memory": "what we know",
    }


def test_zendesk_is_entered_with_an_account_and_its_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZENDESK_TOKEN", "hush")
    said = zendesk_of(tmp_path, BY_TOKEN, monkeypatch)
    assert (said["base_url"], said["client"]) == ("http://127.0.0.1:9100", None)
    assert said["account"] == ("robot@acme.example", "hush")
    assert said["headroom"] == 0.5


def test_of_two_ways_into_zendesk_the_client_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZENDESK_CLIENT_SECRET", "hush")
    monkeypatch.delenv("ZENDESK_TOKEN", raising=False)
    said = zendesk_of(tmp_path, BY_TOKEN + ZENDESK.partition('"acme"')[2], monkeypatch)
    assert (said["client"], said["account"]) == (("makegood", "hush"), None)


@pytest.mark.parametrize(
    "name",
    ["acme", " Acme ", "acme.zendesk.com", "https://acme.zendesk.com", "http://ACME.zendesk.com/agent/dashboard?x=1"],
)
def test_a_subdomain_may_be_written_as_it_is_read(tmp_path: Path, name: str) -> None:
    _, desk = read_settings(written(tmp_path, ZENDESK.replace('"acme"', f'"{name}"'))).helpdesk(None)
    assert isinstance(desk, Zendesk)
    assert desk.subdomain == "acme"


@pytest.mark.parametrize(
    ("base_url", "address"),
    [("help.acme.example", "https://help.acme.example"), ("http://127.0.0.1:9100", "http://127.0.0.1:9100")],
)
def test_an_address_needs_no_scheme(tmp_path: Path, base_url: str, address: str) -> None:
    _, desk = read_settings(written(tmp_path, BY_TOKEN.replace("http://127.0.0.1:9100", base_url))).helpdesk(None)
    assert isinstance(desk, Zendesk)
    assert desk.base_url == address


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('subdomain = "acme"\n', "", ":2: helpdesks.support: subdomain is missing"),
        ('"acme"', '"help.acme.example"', ":4: helpdesks.support.subdomain: the part before .zendesk.com is wanted"),
        ('"acme"', '""', ":4: helpdesks.support.subdomain: the part before"),
        ('"acme"', "5", ":4: helpdesks.support.subdomain: the part before"),
        ('client_id = "makegood"\n', "", ":2: helpdesks.support: client_secret needs client_id beside it"),
        ("client_id", "email", ":2: helpdesks.support: client_secret needs client_id beside it"),
        ("client_secret", "token", ":2: helpdesks.support: client_id needs client_secret beside it"),
        ('client_id = "makegood"', "headroom = 1.0", ":5: helpdesks.support.headroom: "),
        ('client_id = "makegood"', "headroom = -0.1", ":5: helpdesks.support.headroom: "),
        (
            "kind",
            "words.status.pending = ['Waiting']\nkind",
            "words.status: the status categories of Zendesk are fixed",
        ),
        ("kind", "words.priority.low = ['P4']\nkind", "words.priority: the priorities of Zendesk are fixed"),
    ],
)
def test_what_is_wrong_with_zendesk_is_said(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert said in refused(tmp_path, ZENDESK.replace(old, new))


def test_words_that_zendesk_cannot_have_are_told_with_their_line(tmp_path: Path) -> None:
    more = '[helpdesks.support.words.status]\npending = ["Waiting"]\n'
    assert ":7: helpdesks.support.words.status: " in refused(tmp_path, ZENDESK + more)
    read_settings(written(tmp_path, ZENDESK + "[helpdesks.support.words.status]\n"))


def test_a_zendesk_without_a_way_in_is_told_the_best_one_first(tmp_path: Path) -> None:
    said = refused(tmp_path, '[helpdesks.support]\nkind = "zendesk"\nsubdomain = "acme"\n')
    assert said.index("client_id and client_secret") < said.index("email and token")
