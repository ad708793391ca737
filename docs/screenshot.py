"""Take a picture of a page that charrnn has made, in Chromium.

    python docs/screenshot.py surprise.html surprise.png text=n
    python docs/screenshot.py page.html page.png 900x665 start start?

After the two names come steps. `900x730` is the size of the window in pixels.
Others name an element of the page by its id: `ID` clicks it, `ID=KEYS` types
into it (`\\n` is a line end), and `ID?` only waits until it is shown, as all of
them do. Needs selenium (`pip install -e '.[test]'`) and chromedriver.
"""

import re
import shutil
import sys
from pathlib import Path

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

SIZE = 900, 620
SECONDS = 60  # that a step may wait


def main(page, picture, *steps):
    options = webdriver.ChromeOptions()
    options.add_argument("--headless")
    options.add_argument("--no-sandbox")  # root cannot start it with one
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    with webdriver.Chrome(options, service) as browser:
        browser.execute_cdp_cmd(
            "Emulation.setScrollbarsHidden", {"hidden": True}
        )
        resize(browser, *SIZE)
        browser.get(Path(page).resolve().as_uri())
        for step in steps:
            take(browser, step)
        browser.execute_script("document.activeElement.blur(); scrollTo(0, 0)")
        browser.save_screenshot(picture)


def resize(browser, width, height):
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {
            "width": width,
            "height": height,
            "deviceScaleFactor": 1,
            "mobile": False,
        },
    )


def take(browser, step):
    """Takes a step as soon as its element is there and shown."""
    if size := re.fullmatch(r"(\d+)x(\d+)", step):
        return resize(browser, *map(int, size.groups()))
    id, types, keys = step.partition("=")
    element = WebDriverWait(browser, SECONDS).until(
        lambda _: shown(browser, id.removesuffix("?"))
    )
    if types:
        element.send_keys(keys.replace("\\n", "\n"))
    elif not id.endswith("?"):
        element.click()


def shown(browser, id):
    """The element with this id if it is displayed, else `None`."""
    try:
        element = browser.find_element(By.ID, id)
        return element if element.is_displayed() else None
    except WebDriverException:
        return None


if __name__ == "__main__":
    main(*sys.argv[1:])
