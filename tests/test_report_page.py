"""The report in a real browser: clicks, keys, sorting, searching, a phone; and not one request to anywhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser import browser, missing, resize
from tests.test_report import LENGTH, ODD, film_input
from vidcolor.pipeline.report import write_report

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "")

SHOTS = 12


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of twelve shots, with names that ask for trouble, in a folder whose name does so too."""
    path = tmp_path_factory.mktemp("film's #1 & 100% «näm»") / "report.html"
    write_report(path, film_input((ODD, "harbour.png"), title=ODD, shots=SHOTS))
    return path


@pytest.fixture(scope="module")
def desktop() -> Iterator[Any]:
    """One browser for all tests."""
    with browser(1280, 900) as driver:
        yield driver


@pytest.fixture
def page(desktop: Any, page_file: Path) -> Iterator[Any]:
    """The report, freshly loaded; afterwards nobody has complained and nothing was asked for."""
    desktop.get("about:blank")
    desktop.get_log("browser")
    desktop.get_log("performance")
    desktop.get(page_file.as_uri())
    yield desktop
    assert [entry for entry in desktop.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")] == []
    messages = [json.loads(entry["message"])["message"] for entry in desktop.get_log("performance")]
    asked = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    assert {url.split(":")[0] for url in asked} <= {"file", "data", "about"}
    assert [url for url in asked if url.startswith("file")] == [page_file.as_uri()]


def js(driver: Any, code: str) -> Any:
    return driver.execute_script(f"return {code}")


def becomes(driver: Any, code: str, value: Any) -> bool:
    """True as soon as it is so, at the latest after ten seconds: a dialog tells of its end a moment later."""
    from selenium.webdriver.support.wait import WebDriverWait

    return bool(WebDriverWait(driver, 10, 0.05).until(lambda _: js(driver, code) == value))


def order(driver: Any) -> list[int]:
    """The shots that are shown, in order."""
    return js(driver, "[...document.querySelectorAll('#shots li:not([hidden])')].map(l => Number(l.dataset.shot))")


def press(driver: Any, *keys: str) -> None:
    from selenium.webdriver import ActionChains

    ActionChains(driver).send_keys(*keys).perform()


def choose(driver: Any, name: str) -> None:
    from selenium.webdriver.support.select import Select

    Select(driver.find_element("id", "order")).select_by_value(name)


def test_it_opens_with_the_worst_first_and_its_pictures(page: Any) -> None:
    """The title is the film's name as it is; the first card has a picture that can be seen."""
    assert page.find_element("tag name", "h1").text.startswith("</script><img")
    needs = js(page, "JSON.parse(document.getElementById('film').textContent).shots.map(s => s.need)")
    assert order(page) == sorted(range(SHOTS), key=lambda n: (-needs[n], n))
    assert {n % 4 for n in order(page)[:6]} == {1, 2}
    decoded = "const image = document.querySelector('#shots img'); image.decode().then(() => arguments[0]())"
    page.execute_async_script(decoded)
    assert js(page, "document.querySelector('#shots img').naturalWidth") > 50
    assert js(page, "document.getElementById('count').textContent") == f"{SHOTS} shots"


def test_orders_filters_and_searching(page: Any) -> None:
    """Every order shows all shots; filters and words show some."""
    from selenium.webdriver.common.by import By

    choose(page, "film")
    assert order(page) == list(range(SHOTS))
    choose(page, "flicker")
    assert {n % 4 for n in order(page)[:3]} == {1}
    for value in js(page, "[...document.getElementById('order').options].map(o => o.value)"):
        choose(page, value)
        assert sorted(order(page)) == list(range(SHOTS))
    page.find_element(By.CSS_SELECTOR, "input[value=flagged]").click()
    assert sorted(order(page)) == [2, 6, 10]
    page.find_element(By.CSS_SELECTOR, "input[value=all]").click()
    find = page.find_element("id", "find")
    for words, shots in (
        ("7", [7]),
        (f"f{3 * LENGTH}", [3]),
        ("00:00:01", [24 // LENGTH]),
        ("no reference fits", [2, 6, 10]),
        ("nowhere", []),
    ):
        find.clear()
        find.send_keys(words)
        assert sorted(order(page)) == shots
    assert page.find_element("id", "nothing").is_displayed()
    find.clear()
    find.send_keys("harbour")
    assert len(order(page)) > 3


def test_a_shot_opens_and_the_slider_moves_by_keys(page: Any) -> None:
    """Card, dialog, slider, map, entry, next, Escape: without a mouse."""
    from selenium.webdriver.common.keys import Keys

    title, slider = "document.getElementById('shot-title').textContent", "document.getElementById('slider').value"
    clip = "getComputedStyle(document.getElementById('after')).clipPath"
    choose(page, "film")
    page.execute_script("document.querySelector('#shots button').focus()")
    press(page, Keys.ENTER)
    assert becomes(page, title, "Shot 0")
    assert js(page, "document.getElementById('entry').textContent").startswith("- shot: 0\n  start: 0\n")
    assert page.find_element("id", "entry").is_displayed()
    page.execute_script("document.getElementById('slider').focus()")
    before = js(page, clip)
    press(page, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert becomes(page, slider, "53")
    assert js(page, clip) != before
    press(page, Keys.HOME)
    assert becomes(page, clip, "inset(0px 0px 0px 0%)")
    page.execute_script("document.getElementById('show-map').focus()")
    press(page, Keys.SPACE)
    assert becomes(page, "document.getElementById('map').checkVisibility()", True)
    page.execute_script("document.getElementById('next').focus()")
    press(page, Keys.ENTER)
    assert becomes(page, title, "Shot 1")
    press(page, Keys.ARROW_RIGHT)
    assert becomes(page, title, "Shot 2")
    assert "None fits" in js(page, "document.getElementById('references').textContent")
    assert not page.find_element("id", "map").is_displayed()
    press(page, Keys.ESCAPE)
    assert becomes(page, "document.getElementById('shot').open", False)
    assert becomes(page, "document.activeElement.closest('li')?.dataset.shot", "2")


def test_references_measures_and_the_way_back_by_address(page: Any, page_file: Path) -> None:
    """Chosen beside runner-up with their names as they are; the median; an address that opens the shot again."""
    page.execute_script("document.querySelector('li[data-shot=\"0\"] button').click()")
    captions = js(page, "[...document.querySelectorAll('#references figcaption')].map(c => c.firstChild.data)")
    assert captions == [ODD, "harbour.png"]
    assert js(page, "[...document.querySelectorAll('#references img')].every(i => i.alt && i.src.startsWith('data:'))")
    rows = js(page, "[...document.querySelectorAll('#measures tr')].map(r => [...r.cells].map(c => c.textContent))")
    assert len(rows) > 8
    assert all(len(row) == 3 and "undefined" not in "".join(row) for row in rows)
    assert js(page, "location.hash") == "#shot-0"
    page.execute_script("document.getElementById('close').click()")
    assert becomes(page, "location.hash", "")


def test_a_click_on_a_plot_opens_the_shot_there(page: Any) -> None:
    """Along the film's time."""
    from selenium.webdriver import ActionChains

    plot = page.find_element("css selector", ".plot svg")
    place = round(plot.size["width"] * (5.5 / SHOTS - 0.5))
    ActionChains(page).move_to_element_with_offset(plot, place, 0).perform()
    assert becomes(page, "document.getElementById('tip').textContent.startsWith('Shot 5')", True)
    ActionChains(page).move_to_element_with_offset(plot, place, 0).click().perform()
    assert becomes(page, "document.getElementById('shot-title').textContent", "Shot 5")


def test_everything_has_a_name_for_those_who_do_not_see_it(page: Any) -> None:
    """Chromium's own accessibility tree: no button, field or picture without a name."""
    page.execute_script("document.querySelector('#shots button').click()")
    nodes = page.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    named = ("button", "slider", "combobox", "searchbox", "radio", "checkbox", "dialog", "image")
    seen = [node for node in nodes if node.get("role", {}).get("value") in named and not node["ignored"]]
    assert len(seen) > 5
    assert [node for node in seen if not node.get("name", {}).get("value")] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(page: Any, scheme: str) -> None:
    """At least 4.5 to 1 (WCAG 2.2, 1.4.3), in the light and in the dark."""
    page.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    colours = js(
        page,
        "Object.fromEntries(['page','card','text','soft','first','look','fine','focus','on-level'].map("
        "n => [n, getComputedStyle(document.documentElement).getPropertyValue('--' + n).trim()]))",
    )
    for ground in ("page", "card"):
        for text in ("text", "soft", "first", "look", "fine"):
            assert contrast(colours[text], colours[ground]) >= 4.5, (scheme, text, ground)
        assert contrast(colours["focus"], colours[ground]) >= 3
    for level in ("first", "look"):
        assert contrast(colours["on-level"], colours[level]) >= 4.5


def contrast(one: str, other: str) -> float:
    """Ratio of two colours as WCAG defines it."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    digits = digits if len(digits) == 6 else "".join(2 * digit for digit in digits)
    linear = []
    for k in (0, 2, 4):
        code = int(digits[k : k + 2], 16) / 255
        linear.append(code / 12.92 if code <= 0.04045 else ((code + 0.055) / 1.055) ** 2.4)
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_a_phone_shows_it_without_scrolling_sideways(page: Any) -> None:
    """At 360 pixels, the page and an open shot; what is touched is large enough."""
    resize(page, 360, 740, mobile=True)
    try:
        assert js(page, "document.documentElement.scrollWidth") <= 360
        page.execute_script("document.querySelector('#shots button').click()")
        assert js(page, "document.getElementById('shot').scrollWidth") <= 360
        buttons = "[...document.querySelectorAll('.moves button')]"
        assert min(js(page, f"{buttons}.map(b => Math.min(b.offsetWidth, b.offsetHeight))")) >= 44
    finally:
        resize(page, 1280, 900)
