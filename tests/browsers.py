"""Chromium without a window, for the tests of pages."""

import contextlib
import json
import shutil

import pytest

PHONE, SCREEN = (360, 740), (1600, 900)


@contextlib.contextmanager
def chromium():
    """A browser; it and its driver are Debian packages."""
    pytest.importorskip("selenium", reason="pip install selenium")
    from selenium import webdriver

    paths = [shutil.which(name) for name in ("chromium", "chromedriver")]
    if None in paths:
        pytest.skip("apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = paths[0]
    for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(flag)
    options.add_argument("--window-size=1280,900")
    options.set_capability(
        "goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"}
    )
    driver = webdriver.Chrome(options, webdriver.ChromeService(paths[1]))
    try:
        yield driver
    finally:
        driver.quit()


def resize(browser, size):
    """Gives the page a width and a height, on a phone's touch screen too."""
    width, height = size
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {
            "width": width,
            "height": height,
            "deviceScaleFactor": 1,
            "mobile": width < 600,
        },
    )


def prefer(browser, **features):
    """Sets what a user prefers, such as `color_scheme="dark"`."""
    listed = [
        {"name": f"prefers-{name.replace('_', '-')}", "value": value}
        for name, value in features.items()
    ]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": listed})


def check_silence(browser, address):
    """No message in the console, and no request but for the page itself."""
    assert browser.get_log("browser") == []
    for entry in browser.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            url = message["params"]["request"]["url"]
            assert url.startswith((address, "data:", "blob:")), url
