"""Take a picture of a page that charrnn has made, in Chromium.

    python docs/screenshot.py surprise.html surprise.png n

The keys after the two names are typed into the page's text: `n` chooses the
next surprise. Needs selenium (`pip install -e '.[test]'`) and chromedriver.
"""

import shutil
import sys
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.common.by import By

SIZE = {"width": 900, "height": 620, "deviceScaleFactor": 1, "mobile": False}


def main(page, picture, keys=""):
    options = webdriver.ChromeOptions()
    options.add_argument("--headless")
    options.add_argument("--no-sandbox")  # root cannot start it with one
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    with webdriver.Chrome(options, service) as browser:
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", SIZE)
        browser.get(Path(page).resolve().as_uri())
        if keys:
            browser.find_element(By.ID, "text").send_keys(keys)
            browser.execute_script(
                "document.activeElement.blur(); scrollTo(0, 0)"
            )
        browser.save_screenshot(picture)


if __name__ == "__main__":
    main(*sys.argv[1:])
