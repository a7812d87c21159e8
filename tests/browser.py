"""A real browser for the tests of the report: Debian's Chromium, driven by Selenium, cut off from every network."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


def missing() -> str | None:
    """Why there is no browser here; None where there is one."""
    try:
        import selenium  # noqa: F401
    except ImportError:
        return "selenium is not installed (pip install '.[test]')"
    if not any(map(shutil.which, PROGRAMS)) or not shutil.which("chromedriver"):
        return "there is no Chromium with its driver (apt-get install chromium chromium-driver)"
    return None


@contextmanager
def browser(width: int = 1280, height: int = 900, mobile: bool = False, dark: bool = False) -> Iterator[Any]:
    """A headless browser whose page is so large, in CSS pixels; it may run as root.

    It asks for reduced motion: to the driver, what is still fading in has no text.
    """
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = next(filter(None, map(shutil.which, PROGRAMS)))
    switches = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
    switches += ("--disable-dev-shm-usage", "--hide-scrollbars", "--force-prefers-reduced-motion")
    for switch in (*switches, f"--window-size={width},{height}"):
        options.add_argument(switch)
    if dark:
        options.add_argument("--force-dark-mode")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        driver.set_page_load_timeout(120)
        resize(driver, width, height, mobile)
        if dark:
            feature = {"name": "prefers-color-scheme", "value": "dark"}
            driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
        yield driver
    finally:
        driver.quit()


def resize(driver: Any, width: int, height: int, mobile: bool = False) -> None:
    """Make the page so large, in CSS pixels."""
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def shoot(driver: Any, path: Path) -> None:
    """A picture of what the window shows."""
    driver.save_screenshot(str(path))
