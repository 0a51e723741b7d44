"""The pages in a real browser: no errors, nothing fetched, nothing too wide, and everything reachable by keyboard.

Skipped where there is no Chromium (Debian: ``apt-get install chromium``).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tap import synth
from tap.report.page import render
from tap.report.picture.measure import FAMILY, width
from tests.report.browser import NAMES as BROWSERS
from tests.report.browser import Tab, browser, installed

CHROMIUM = installed()
SYSTEMS = synth.system_names()
A4 = 688
"""The pixels (96 to an inch) between the margins of a sheet that is 210 mm wide."""
SEEN = "[...document.querySelectorAll('#resources .resource')].filter((e) => e.offsetParent).map((e) => e.id)"

pytestmark = pytest.mark.skipif(
    not CHROMIUM, reason=f"no {' or '.join(BROWSERS)} here; on Debian: apt-get install chromium"
)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    found = {}
    for name in SYSTEMS:
        system = synth.load(name)
        found[name] = folder / f"{name}.html"
        found[name].write_text(render(system, synth.emit(system, ("stack",))), encoding="utf-8")
    return found


@pytest.fixture(scope="module")
def tab() -> Iterator[Tab]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile, browser(CHROMIUM, Path(profile)) as made:
        yield made


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("name", SYSTEMS)
def test_it_opens_and_is_not_too_wide(tab: Tab, pages: dict[str, Path], name: str, width: int, dark: bool) -> None:
    tab.load(pages[name], width=width, dark=dark)
    assert tab.run("innerWidth") == width
    assert tab.run("document.documentElement.scrollWidth") == width
    # What is wider than the window can be scrolled by itself.
    inside = "!e.closest('.wide, pre, nav ul, .skip, thead, [hidden]')"
    wide = f"(e) => {inside} && e.getBoundingClientRect().right > innerWidth + 1"
    found = f"[...document.body.querySelectorAll('*')].filter({wide}).map((e) => e.outerHTML.slice(0, 80))"
    assert tab.run(found) == []
    assert tab.complaints == [] and tab.requests == []


def search(tab: Tab, words: str) -> None:
    """Put words into the search field, as if they were typed."""
    tab.run(f"(i => {{ i.value = {words!r}; i.dispatchEvent(new Event('input')) }})(document.getElementById('search'))")


@pytest.mark.parametrize("name", SYSTEMS)
def test_search_leaves_what_fits(tab: Tab, pages: dict[str, Path], name: str) -> None:
    tab.load(pages[name])
    count = len(tab.run(SEEN))
    search(tab, "PRIVATE subnet")
    found = tab.run(SEEN)
    assert "r-PrivateSubnetA" in found and "r-DatabaseCluster" not in found
    assert tab.run("document.querySelector('.search output').textContent") == f"{len(found)} of {count}"
    empty = "(e) => e.offsetParent && !e.querySelector('.resource:not([hidden])')"
    assert tab.run(f"[...document.querySelectorAll('#resources .tier')].some({empty})") is False
    search(tab, "nothing is called so")
    assert tab.run(SEEN) == []
    search(tab, "")
    assert len(tab.run(SEEN)) == count
    assert tab.complaints == []


def test_a_link_to_what_the_search_hides_shows_it(tab: Tab, pages: dict[str, Path]) -> None:
    tab.load(pages["payments"])
    search(tab, "bucket")
    tab.run(
        "new Promise((done) => { addEventListener('hashchange', () => setTimeout(done)); location.hash = '#r-Vpc' })"
    )
    assert tab.run("document.getElementById('r-Vpc').open && Boolean(document.getElementById('r-Vpc').offsetParent)")
    assert tab.run("document.getElementById('search').value") == ""


@pytest.mark.parametrize("script", [True, False], ids=["scripts", "no scripts"])
def test_a_box_of_the_picture_shows_its_resources(tab: Tab, pages: dict[str, Path], script: bool) -> None:
    tab.load(pages["payments"], script=script)
    shown = "[...document.querySelectorAll('.box')].filter((e) => e.getClientRects().length).map((e) => e.id)"
    assert tab.run(shown) == []
    place = tab.run(
        "(() => { const text = document.querySelector('a[href=\"#box-BackendService\"] text');"
        " text.scrollIntoView({ block: 'center' });"
        " const r = text.getBoundingClientRect(); return [r.x + 4, r.y + 4] })()"
    )
    for kind in ("mousePressed", "mouseReleased"):
        tab.call("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1)
    assert tab.run(shown) == ["box-BackendService"]
    told = tab.run("document.getElementById('box-BackendService').innerText")
    assert "BackendTaskDefinition" in told and "FrontendTaskDefinition" not in told


def test_everything_is_reached_by_keyboard(tab: Tab, pages: dict[str, Path]) -> None:
    tab.load(pages["payments"])
    reached = []
    for _ in range(45):
        tab.press("Tab")
        reached.append(tab.run("document.activeElement.getAttribute('href') || document.activeElement.tagName"))
    assert reached[0] == "#main"
    assert {"#parameters", "#source", "#box-Distribution", "#box-LoadBalancer"} <= {*reached}


def test_without_scripts_all_is_there_and_the_search_is_not(tab: Tab, pages: dict[str, Path]) -> None:
    tab.load(pages["ecommerce"])
    all_of_it = tab.run(SEEN)
    tab.load(pages["ecommerce"], script=False)
    assert tab.run(SEEN) == all_of_it
    assert tab.run("Boolean(document.querySelector('.search').offsetParent)") is False


@pytest.fixture(scope="module")
def helvetica(tab: Tab, pages: dict[str, Path]) -> None:
    """A font with Helvetica's metrics (Debian: ``fonts-liberation``), for which the picture is laid out."""
    tab.load(pages["payments"])
    real = tab.run(
        f"(c => {{ c.font = `100px {FAMILY}`; return c.measureText('iiiiiMMMMM').width }})"
        "(document.createElement('canvas').getContext('2d'))"
    )
    if abs(real - 100 * (5 * 0.222 + 5 * 0.833)) > 5:
        pytest.skip("no font with Helvetica's metrics here; on Debian: apt-get install fonts-liberation")


@pytest.mark.usefixtures("helvetica")
@pytest.mark.parametrize("name", SYSTEMS)
def test_no_text_of_the_picture_leaves_its_box_with_real_fonts(tab: Tab, pages: dict[str, Path], name: str) -> None:
    tab.load(pages[name])
    outside = """[...document.querySelectorAll('.picture a')].flatMap((box) => {
      const room = box.querySelector('rect').getBBox();
      return [...box.querySelectorAll('text')].filter((text) => {
        const own = text.getBBox();
        return own.x < room.x || own.x + own.width > room.x + room.width;
      }).map((text) => text.textContent);
    })"""
    assert tab.run(outside) == []


@pytest.mark.usefixtures("helvetica")
@pytest.mark.parametrize("name", SYSTEMS)
def test_text_is_as_wide_as_the_layout_takes_it_to_be(tab: Tab, pages: dict[str, Path], name: str) -> None:
    """What the tests of the layout measure is what a browser draws: never wider, and not much narrower."""
    tab.load(pages[name])
    drawn = tab.run(
        "[...document.querySelectorAll('.picture text')].map((e) => [e.textContent,"
        " Number(e.getAttribute('font-size')), e.getAttribute('font-weight') === '700', e.getComputedTextLength()])"
    )
    assert len(drawn) > 50
    for text, size, bold, real in drawn:
        taken = width(text, size, bold=bold)
        assert real <= taken + 0.5, text
        assert real >= 0.85 * taken, text


def test_colours_are_those_of_the_scheme(tab: Tab, pages: dict[str, Path]) -> None:
    colours = []
    for dark in (False, True):
        tab.load(pages["payments"], dark=dark)
        colours.append(tab.run("getComputedStyle(document.body).backgroundColor"))
    assert colours == ["rgb(255, 255, 255)", "rgb(16, 22, 31)"]


def test_it_prints_light_and_without_what_only_a_screen_needs(tab: Tab, pages: dict[str, Path]) -> None:
    tab.load(pages["payments"], dark=True)
    assert tab.printed().startswith(b"%PDF-")
    tab.load(pages["payments"], width=A4)
    tab.call("Emulation.setEmulatedMedia", media="print", features=[])
    wide = "[...document.querySelectorAll('table')].filter((e) => e.getBoundingClientRect().right > innerWidth)"
    assert tab.run(f"{wide}.map((e) => e.outerHTML.slice(0, 80))") == []
    assert tab.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    hidden = (
        "[...document.querySelectorAll('nav, .search, #source, .skip')].filter((e) => e.getClientRects().length).length"
    )
    assert tab.run(hidden) == 0
    assert len(tab.run(SEEN)) > 100
