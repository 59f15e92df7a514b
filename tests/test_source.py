"""Rule files as marked text: values stay what was written, places are exact, and nothing at all makes a traceback."""

import json
import time

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from makegood.rules import composer
from makegood.rules.diagnostics import Problems, excerpt
from makegood.rules.mistakes import quoted
from makegood.rules.source import LARGEST, Mapping, Refused, Scalar, Sequence, parse, read


def parsed(data, file="rules.yaml"):
    problems = Problems()
    return parse(data, file, problems).root, problems.items


def good(data):
    root, problems = parsed(data)
    assert problems == []
    return root


def codes(data):
    return [found.code for found in parsed(data)[1]]


def simple(node):
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Sequence):
        return [simple(item) for item in node.items]
    assert isinstance(node, Mapping)
    return {entry.key.text: simple(entry.value) for entry in node.entries}


# --- values and places ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    ["17:00", "no", "01067", "1e3", "1.10", "404", "2026-12-24", "0x1F", "1_000", "yes", "=", ".inf", "http://x.y/#z"],
)
def test_every_value_stays_what_was_written(value):
    assert simple(good(f"a: {value}")) == {"a": value}
    assert simple(good(f"a: [{value}, '{value}']")) == {"a": [value, value]}


def test_quotes_are_known_but_change_nothing():
    plain, double, block = good('[x, "x", y]').items
    assert (plain.text, plain.quoted) == ("x", False)
    assert (double.text, double.quoted) == ("x", True)
    assert block.text == "y"


def test_texts_of_several_lines():
    root = good("a: |\n  one\n  two\nb: >-\n  one\n  two\nc: one\n  two\n")
    assert simple(root) == {"a": "one\ntwo\n", "b": "one two", "c": "one two"}
    assert root.get("a").value.quoted


def test_places_count_from_one_in_characters():
    root = good("größe: x\r\nb: [é, 😀y]\n")
    assert root.get("größe").key.span == ("rules.yaml", 1, 1, 1, 6)
    assert root.get("b").value.items[1].span == ("rules.yaml", 2, 8, 2, 10)
    assert root.span == ("rules.yaml", 1, 1, 2, 11)
    assert root.get("c") is None


def test_a_block_ends_with_its_last_value():
    root = good("a:\n  b: c   \n  # said about d\n\nd: |\n  e\n\n")
    assert root.get("a").value.span == ("rules.yaml", 2, 3, 2, 7)
    assert root.get("d").value.span == ("rules.yaml", 5, 4, 6, 4)


def test_anchors_are_allowed():
    assert simple(good("a: &x [b, c]\nd: *x\n")) == {"a": ["b", "c"], "d": ["b", "c"]}
    assert simple(good("a: &x b\n*x : c\n")) == {"a": "b", "b": "c"}


def test_byte_order_mark_and_bytes():
    assert simple(good("\ufeffa: ü".encode())) == {"a": "ü"}
    assert simple(good("\ufeffa: ü")) == {"a": "ü"}


@settings(max_examples=60)
@given(
    st.recursive(
        st.text(min_size=1).filter(lambda text: text.isprintable() and "\ue000" not in text),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.from_regex(r"\A[a-z]{1,4}\Z"), inner, max_size=3)
        ),
        max_leaves=8,
    ).filter(lambda value: isinstance(value, dict | list))
)
def test_json_is_read(value):
    for text in (json.dumps(value), json.dumps(value, indent="\t", ensure_ascii=False)):
        assert simple(good(text)) == value


# --- refused ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "code", "place"),
    [
        (b"", "empty-file", (1, 1)),
        (b"# nothing\n", "empty-file", (1, 1)),
        (b"---\n", "empty-file", (1, 1)),
        (b"a: x\nb: \xff", "not-utf8", (2, 4)),
        (b"a: gr\xfc\xdfe", "not-utf8", (1, 6)),
        ("a: b".encode("utf-16"), "not-utf8", (1, 1)),
        (b"\x7fELF\x00\x01", "control-character", (1, 1)),
        (b"a: b\0c", "control-character", (1, 5)),
        ("a: b\u2028c", "control-character", (1, 5)),
        ("a: b\ue000c", "control-character", (1, 5)),
        (b"a" * (LARGEST + 1), "too-large", (1, 1)),
        ("[" * 60 + "]" * 60, "too-deep", (1, 51)),
        ("- " * 60 + "a", "too-deep", (1, 101)),
        ("a: &x [*x]", "alias-loop", (1, 8)),
    ],
)
def test_what_is_no_rule_file(data, code, place):
    _, problems = parsed(data)
    assert [(found.code, (found.span.line, found.span.column)) for found in problems] == [(code, place)]
    assert problems[0].hint


def test_an_alias_bomb_is_defused():
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))
    assert codes(bomb) == ["alias-bomb"]


def test_depth_counts_through_aliases():
    levels = "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 60))
    assert codes(f"a0: &a0 x\n{levels}") == ["too-deep"]


def test_a_refused_value_leaves_a_mark_and_a_refused_entry_a_hole():
    root, _ = parsed("a: null\nb: {c:d, e: f}\ng: h\n")
    assert isinstance(root.get("a").value, Refused)
    assert not root.get("b").value.whole
    assert simple(root.get("b").value) == {"e": "f"}
    assert root.whole
    assert root.get("g").value.text == "h"


def test_after_a_syntax_error_the_rest_is_still_read():
    root, problems = parsed("rules:\n  - name: @a\n    when: {b: c}\n  - [x\n  - name: d\nlimits: x\n")
    assert [(found.code, found.span.line) for found in problems] == [("must-quote", 2), ("unclosed", 4)]
    first, second, third = root.get("rules").value.items
    assert simple(first.get("when").value) == {"b": "c"}
    assert isinstance(first.get("name").value, Refused)
    assert isinstance(second, Refused)
    assert simple(third) == {"name": "d"}
    assert root.get("limits").value.text == "x"


def test_a_file_indented_with_tabs_is_told_once_and_read_on():
    root, problems = parsed("a:\n\tb:\n\t\tc: d\n\te: null\n")
    assert [(found.code, found.span.line) for found in problems] == [("tab", 2), ("null-value", 4)]
    assert "2 more lines" in problems[0].message
    assert simple(root.get("a").value.get("b").value) == {"c": "d"}


def test_nobody_reads_a_thousand_mistakes():
    found = codes("- ~\n" * 1000)
    assert len(found) == composer.MOST_REFUSED + 1
    assert found[-1] == "too-many"


@pytest.mark.parametrize("text", ["@x", 'say "hi"', r"\d+", "it's", "a: b", "{x} y", "# no", "both \"'s"])
def test_the_corrected_form_is_right(text):
    assert good(f"a: {quoted(text)}").get("a").value.text == text


def test_a_file_on_disk(tmp_path):
    path = tmp_path / "rules.yaml"
    path.write_text("a: b", "utf-8")
    source = read(path, Problems())
    assert (source.file, source.text, simple(source.root)) == (str(path), "a: b", {"a": "b"})
    assert read(path, Problems(), "mine.yaml").root.span.file == "mine.yaml"
    with pytest.raises(OSError, match="nowhere"):
        read(tmp_path / "nowhere.yaml", Problems())


def test_without_the_c_library_the_answers_are_the_same(monkeypatch):
    text = "a: [b, 'c']\nd: ticket #1\ne: {f:g}\nh: @i\nj: |\n  k\n"
    expected = parsed(text)
    monkeypatch.setattr(composer, "_LOADER", yaml.Loader)
    assert parsed(text) == expected


# --- anything at all --------------------------------------------------------------------------------------------------

PIECES = [*"a{}[],:#'\"\\|>@%`?~\té\ufeff", "  ", "b: ", "- ", "\n", "\n  ", "\n- ", " #", "&a ", "*a", "!t ", "? "]
PIECES += ["<<: ", "null", "---\n", "...", "\r\n", "> 5"]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_yaml_like_text_never_makes_a_traceback(text):
    root, problems = parsed(text)
    assert problems or not isinstance(root, Refused)
    for found in problems:
        assert excerpt(found, text)
        assert found.span.end_line >= found.span.line
        assert found.hint


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60))
def test_bytes_never_make_a_traceback(data):
    root, problems = parsed(data)
    assert problems or not isinstance(root, Refused)


SPACES = " " * 1_900_000


@pytest.mark.parametrize(
    "data",
    [
        f"a: x #b{SPACES}",
        f"a{SPACES}b\nc: d",
        f"a: [@{SPACES}b",
        "a: @\n" * 300_000,
        "- !x\n" * 300_000,
        "[{" * 900_000,
        "b: " * 600_000,
    ],
    ids=range(7),
)
def test_large_nonsense_is_refused_quickly(data):
    start = time.process_time()
    assert codes(data)
    assert time.process_time() - start < 3
