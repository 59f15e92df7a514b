"""Every example of the pages that promise it runs, and every time of day they talk about stands in an example beside it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fake_cli import answer, call

DOCS = Path(__file__).resolve().parent.parent / "docs"
BLOCK = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TIME = re.compile(r"\b\d\d:\d\d\b")
SECTIONS = {
    part.partition("\n")[0]: part
    for page in ("time.md", "assignment.md", "recovery.md")
    for part in (DOCS / page).read_text(encoding="utf-8").split("\n## ")[1:]
}
EXAMPLES = [
    (f"{name} {place}", text) for name, part in SECTIONS.items() for place, text in enumerate(BLOCK.findall(part))
]


@pytest.mark.parametrize("text", [text for _, text in EXAMPLES], ids=[name for name, _ in EXAMPLES])
def test_an_example_runs_and_says_what_the_page_says(text: str, tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(text, encoding="utf-8")
    assert call("check", "--rules", str(path)).exit_code == 0
    found = answer("test", "--rules", str(path))["tests"]
    assert found
    assert [(test["name"], test["because"]) for test in found if not test["passed"]] == []


@pytest.mark.parametrize("section", SECTIONS)
def test_a_time_in_the_text_stands_in_an_example_of_its_section(section: str) -> None:
    text = SECTIONS[section]
    examples = "".join(BLOCK.findall(text))
    said = set(TIME.findall(BLOCK.sub("", text)))
    assert said - set(TIME.findall(examples)) == set()
