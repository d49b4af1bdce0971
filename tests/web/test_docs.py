"""The documentation pages in a real browser that reaches nothing but this machine."""
import pytest

from chromium import Chromium

pytestmark = pytest.mark.xdist_group("documented")
OPERATION = "#operations-Prices-getSimplePrice"


@pytest.fixture(name="api")
def running_api(documented_api):
    return documented_api


@pytest.fixture
def browser(tmp_path):
    with Chromium(tmp_path) as started:
        yield started


def test_what_is_documented_can_be_tried_out(api, browser):
    documented = sum(len(item) for item in api.get("/openapi.json").json()["paths"].values())
    browser.open(api.url + "/docs")
    browser.wait_for(f"document.querySelectorAll('.opblock').length === {documented}")
    browser.click(f"{OPERATION} .opblock-summary-control")
    browser.wait_for(f"document.querySelector('{OPERATION} .try-out__btn')")
    browser.click(f"{OPERATION} .try-out__btn")
    browser.wait_for(f"document.querySelector('{OPERATION} .execute')")
    browser.click(f"{OPERATION} .execute")
    answer = browser.wait_for(f"document.querySelector('{OPERATION} .live-responses-table .response')?.innerText")
    assert answer.startswith("200") and "26186.48" in answer
    assert browser.complaints == []
    assert browser.asked_elsewhere(api.url) == []


def test_what_is_documented_can_be_read(api, browser):
    browser.open(api.url + "/redoc")
    browser.wait_for("document.querySelector('[data-section-id=\"tag/Prices/operation/getSimplePrice\"]')")
    assert browser.run("getComputedStyle(document.querySelector('.menu-content')).display") != "", "styles came through"
    assert browser.complaints == []
    assert browser.asked_elsewhere(api.url) == []
