"""Our pages in a real browser: on a phone, in the dark, on paper, without scripts, and with nothing to complain about.

``LIVE_CHROMIUM`` is the browser; without it the one on the PATH. ``LIVE_VALIDATOR`` is the W3C's HTML validator, a Java archive.
Pictures are kept where ``--basetemp`` says.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from test_plan_page import everything, shown
from test_plan_view import plan
from test_report_page import made, nothing

from makegood.cli.report_page import report_page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.live
WIDTHS = (320, 360, 768, 1280)
PIECE = 3_000
OUTSIDE = """() => [...document.querySelectorAll("svg text")].filter(text => {
  const inner = text.getBoundingClientRect(), outer = text.closest("figure").getBoundingClientRect();
  return inner.left < outer.left || inner.right > outer.right || inner.top < outer.top || inner.bottom > outer.bottom;
}).map(text => text.textContent)"""
COLOURS = """() => [document.body, document.querySelector("h1"), document.querySelector("svg path, article")].map(
  each => [getComputedStyle(each).backgroundColor, getComputedStyle(each).color, getComputedStyle(each).fill].join())"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    path = os.environ.get("LIVE_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not path:
        _missing("no Chromium: tests/live/browser-up installs one")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=path, args=["--no-sandbox"] if os.geteuid() == 0 else [])
        yield running
        running.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Both pages as files; what stands in them are names that want to be HTML, or nothing at all."""
    folder = tmp_path_factory.mktemp("pages")
    texts = {"report": report_page(made(per_person=True)), "plan": shown(everything())}
    texts |= {"no report": report_page(nothing()), "no plan": shown(plan())}
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in texts}


@pytest.fixture(scope="module")
def validator() -> str:
    path = os.environ.get("LIVE_VALIDATOR")
    if not path:
        _missing("no HTML validator: tests/live/validator-up gets one")
    return str(path)


def _missing(what: str) -> None:
    (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(what)


class Seen:
    """A page in a window, with everything that the browser had to say about it."""

    def __init__(self, browser: Any, path: Path, width: int = 1280, scheme: str = "light", **more: Any) -> None:
        window = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
        self.context = browser.new_context(**window, **more)
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: self.said.append(dialog.message))
        self.page.on("request", lambda request: self.said.append(request.url) if request.url != path.as_uri() else None)
        self.page.goto(path.as_uri())

    def picture(self, path: Path) -> None:
        """The whole page as pictures, piece by piece: a browser has no room for one that is very tall."""
        width, height = self.page.evaluate("[innerWidth, document.documentElement.scrollHeight]")
        for number, top in enumerate(range(0, height, PIECE), 1):
            piece = {"x": 0, "y": top, "width": width, "height": min(PIECE, height - top)}
            self.page.screenshot(path=path.with_stem(f"{path.stem}-{number}"), full_page=True, clip=piece)


@pytest.mark.parametrize("name", ["report", "plan"])
@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_sticks_out(browser: Any, pages: dict[str, Path], name: str, width: int) -> None:
    seen = Seen(browser, pages[name], width)
    seen.picture(pages[name].with_name(f"{name}-{width}.png"))
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
    assert seen.page.evaluate(OUTSIDE) == []
    assert seen.said == []
    seen.context.close()


@pytest.mark.parametrize("name", ["report", "plan", "no report", "no plan"])
def test_the_validator_has_nothing_to_say(pages: dict[str, Path], validator: str, name: str) -> None:
    command = ["java", "-jar", validator, "--stdout", str(pages[name])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("name", ["report", "plan", "no report", "no plan"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_everybody_can_use_it(browser: Any, pages: dict[str, Path], name: str, scheme: str, width: int) -> None:
    """By all rules of axe-core, which are those of WCAG 2 and good practice, as far as a program can check them."""
    from axe_playwright_python.sync_playwright import Axe

    seen = Seen(browser, pages[name], width, scheme)
    found = Axe().run(seen.page).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
    seen.context.close()


@pytest.mark.parametrize("name", ["report", "plan"])
def test_in_the_dark_it_is_dark(browser: Any, pages: dict[str, Path], name: str) -> None:
    light, dark = (Seen(browser, pages[name], scheme=scheme) for scheme in ("light", "dark"))
    dark.picture(pages[name].with_name(f"{name}-dark.png"))
    pairs = zip(light.page.evaluate(COLOURS), dark.page.evaluate(COLOURS), strict=True)
    assert all(one != other for one, other in pairs)
    background = dark.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert sum(map(int, background.removeprefix("rgb(").removesuffix(")").split(","))) < 150
    assert light.said + dark.said == []
    light.context.close()
    dark.context.close()


@pytest.mark.parametrize("name", ["report", "plan"])
def test_on_paper_nothing_is_left_out(browser: Any, pages: dict[str, Path], name: str) -> None:
    seen = Seen(browser, pages[name])
    seen.page.pdf(path=pages[name].with_name(f"{name}.pdf"), format="A4", print_background=True)
    assert pages[name].with_name(f"{name}.pdf").stat().st_size > 20_000
    seen.page.emulate_media(media="print")
    heights = seen.page.evaluate(
        """() => [...document.querySelectorAll("details table, details ul")].map(each => each.getBoundingClientRect().height)"""
    )
    assert heights
    assert min(heights) > 10
    seen.context.close()


@pytest.mark.parametrize("name", ["report", "plan"])
def test_without_scripts_everything_can_be_read(browser: Any, pages: dict[str, Path], name: str) -> None:
    seen = Seen(browser, pages[name], java_script_enabled=False)
    assert seen.page.locator("h2").first.is_visible()
    assert not seen.page.locator("form").filter(has_text="Show only").is_visible()
    assert seen.page.locator("details > summary").first.is_visible()
    seen.context.close()


def test_a_plan_can_be_searched(browser: Any, pages: dict[str, Path]) -> None:
    seen = Seen(browser, pages["plan"])
    tickets, search = seen.page.locator("article:visible"), seen.page.get_by_label("Show only")
    assert tickets.count() == 1
    search.fill("nobody wrote this")
    assert tickets.count() == 0
    assert seen.page.locator("output").inner_text() == "0 of 1 tickets"
    search.fill("be KIND")
    assert tickets.count() == 1
    seen.page.get_by_label("what customers see").check()
    assert tickets.count() == 1
    assert seen.said == []
    seen.context.close()


def test_the_numbers_of_a_chart_open_with_the_keyboard(browser: Any, pages: dict[str, Path]) -> None:
    seen = Seen(browser, pages["report"])
    first = seen.page.locator("figure details").first
    first.locator("summary").focus()
    seen.page.keyboard.press("Enter")
    assert first.locator("table").is_visible()
    assert seen.page.get_by_role("img").count() > 5
    seen.context.close()
