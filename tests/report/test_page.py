"""The report, in a real browser: it loads, draws, sorts, answers to hovering, and asks for nothing.

Skipped where no chromium is.
"""

import json
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import setpoint
from contracts.cases import continuous, every_kind, every_tuner
from contracts.test_tuners import fitted
from report.test_plots import searched
from setpoint import Real
from setpoint.report.page.parallel import MOST_LINES, parallel
from setpoint.report.record import Record

pytest.importorskip("plotly")

NASTY = "</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def search():
    X, y = continuous("classification")
    grid = {"C": [0.01, 0.1, 1.0, 10.0], "gamma": [0.01, 0.1, 1.0], "kernel": ["rbf", "sigmoid"]}
    return setpoint.GridSearchCV(setpoint.SVC(), grid, cv=3, return_train_score=True).fit(X, y)


@pytest.fixture(scope="module")
def browser():
    webdriver = pytest.importorskip("selenium.webdriver")
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("needs chromium and chromedriver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.ChromeService(driver)
    running = webdriver.Chrome(options=options, service=service)
    yield running
    running.quit()


@pytest.fixture
def opened(browser, search, tmp_path):
    """Open the page and wait until it is drawn."""

    def open_at(width=1200, dark=False, of=search):
        path = tmp_path / "report.html"
        of.report(path)
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": scheme})
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        browser.get_log("browser")
        browser.get_log("performance")
        browser.get(path.as_uri())
        wait = pytest.importorskip("selenium.webdriver.support.ui").WebDriverWait(browser, 60)
        wait.until(lambda b: b.execute_script("return document.documentElement.dataset.drawn"))
        return browser

    return open_at


def run(browser, script, *arguments):
    return browser.execute_script(f"return {script}", *arguments)


@pytest.mark.parametrize("width", [1200, 390])
@pytest.mark.parametrize("dark", [False, True])
def test_it_loads_and_draws(opened, width, dark):
    browser = opened(width, dark)
    assert browser.get_log("browser") == []
    drawn = run(
        browser,
        "[...document.querySelectorAll('.chart')]"
        ".map(c => c.querySelectorAll('.point, .hm, .lines').length)",
    )
    assert len(drawn) >= 8 and min(drawn) > 0
    assert run(browser, "document.documentElement.scrollWidth") <= width
    fits = "[...document.querySelectorAll('.main-svg')].every(s => s.clientWidth <= innerWidth)"
    assert run(browser, fits)
    red = run(browser, "getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0]")
    assert (int(red) < 60) == dark
    ink = "getComputedStyle(document.querySelector('.chart text')).fill.match(/\\d+/)[0]"
    assert (int(run(browser, ink)) > 180) == dark


def test_many_candidates_across_all_hyperparameters():
    """Of many candidates some of all ranks are drawn, the best and the worst among them."""
    found = setpoint.maximize(
        lambda p: p["x"] - p["y"], {"x": Real(0, 1), "y": Real(0, 1)}, n_trials=8, random_state=0
    )
    few = Record.of_optimum(found)
    many = replace(few, params=few.params * 60, folds=np.tile(few.folds, (60, 1)))
    for record, n in ((few, 8), (many, MOST_LINES)):
        *lines, best, dots = parallel(record, ["x", "y"]).data
        assert sum(line["x"].count(0) for line in lines) == n == len(dots["x"])
        assert best["y"][2] == max(dots["y"]) == 1.0 and min(dots["y"]) == 0.0
        assert len(lines) <= 7


def test_where_it_cannot_be_written(search, tmp_path):
    for path, why in ((tmp_path, "it is a folder"), (tmp_path / "no" / "r.html", "there is no")):
        with pytest.raises(OSError, match=f"can't write '.*': {why}"):
            search.report(path)
    assert [*tmp_path.iterdir()] == []


def test_it_asks_for_nothing(opened):
    """From disk, without a network: the page itself is the only request."""
    events = [json.loads(entry["message"])["message"] for entry in opened().get_log("performance")]
    asked = [
        event["params"]["request"]["url"]
        for event in events
        if event["method"] == "Network.requestWillBeSent"
    ]
    assert [url for url in asked if not url.startswith(("data:", "blob:", "file:"))] == []
    assert sum(url.startswith("file:") for url in asked) == 1


def test_tables_sort(opened, search):
    browser = opened()
    column = (
        "[...document.querySelectorAll('#candidates tbody tr')].map(r => r.cells[1].dataset.key)"
    )
    header = "document.querySelectorAll('#candidates th button')[1]"
    expected = sorted(search.cv_results_["mean_test_score"])
    for scores in (expected, expected[::-1]):
        browser.execute_script(f"{header}.click()")
        np.testing.assert_allclose([float(key) for key in run(browser, column)], scores)
    visible = "document.querySelectorAll('#candidates tbody tr:not(.hidden)').length"
    assert run(browser, visible) == 10
    browser.execute_script("document.querySelector('.more').click()")
    assert run(browser, visible) == len(expected)


def test_hovering_says_what_a_point_is(opened, search):
    browser = opened()
    chains = pytest.importorskip("selenium.webdriver").ActionChains(browser)
    star = browser.find_elements("css selector", "#chart-history .trace:last-child .point")[-1]
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", star)
    chains.move_to_element(star).perform()
    wait = pytest.importorskip("selenium.webdriver.support.ui").WebDriverWait(browser, 10)
    said = wait.until(
        lambda b: b.find_elements("css selector", "#chart-history .hoverlayer .hovertext")
    )
    assert f"C={search.best_params_['C']:g}" in said[0].text
    assert f"{search.best_score_:.4g} ±" in said[0].text


def test_light_and_dark_by_hand(opened):
    browser = opened()
    before = run(browser, "getComputedStyle(document.body).backgroundColor")
    browser.execute_script("document.getElementById('theme').click()")
    assert run(browser, "getComputedStyle(document.body).backgroundColor") != before


def test_values_are_text(opened):
    """What a candidate is called is shown and not run."""
    found = setpoint.minimize(
        lambda p: len(p["x"]) + p["n"], {"x": [NASTY, "b", "c"], "n": [1, 2, 3]}, random_state=0
    )
    browser = opened(of=found)
    assert browser.get_log("browser") == []
    assert run(browser, "document.querySelectorAll('img').length") == 0
    assert "<img" in browser.find_element("id", "candidates").get_attribute("textContent")


@every_tuner
@every_kind
def test_a_page_of_every_search(tuner, kind, tmp_path):
    X, y = continuous(kind.task)
    search = fitted(tuner(kind.small(), searched(kind), cv=3), X, y)
    search.report(tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text("utf-8")
    for part in ("summary", "best", "history", "fit", "time", "model", "data"):
        assert f'<section id="{part}"' in text
    charts, texts = (
        json.loads(re.search(f'id="{name}">(.*?)</script>', text)[1])
        for name in ("charts", "texts")
    )
    assert len(set(texts)) == len(texts)
    assert set(charts) == set(re.findall(r'id="chart-([\w-]+)"', text)) and "history" in charts
    assert re.search(r'(?:src|href)="(?!data:)', text) is None
    learned = f"{search.best_estimator_.parameters_.total:,} parameters were learned"
    assert learned in text


@pytest.mark.parametrize("scaled", [False, True])
def test_it_says_what_was_searched_of_one_of_several_models(scaled, tmp_path):
    X, y = continuous("classification")
    model = make_pipeline(StandardScaler(), setpoint.SVC()) if scaled else setpoint.SVC()
    name = "svc__C" if scaled else "C"
    models = setpoint.OneOf([("tree", setpoint.RandomForestClassifier(2)), ("svm", model)])
    space = {"tree": {"max_depth": [1]}, "svm": {name: [1.0, 10.0]}}
    search = setpoint.GridSearchCV(models, space, cv=3).fit(X, y)
    assert search.best_params_["model"] == "svm"
    search.report(tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text("utf-8")
    rows = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in re.findall(r"<tr.*?</tr>", text)]
    origin = {row[0]: row[3] for row in rows if len(row) == 5}
    assert origin["C"] == "searched" and origin["gamma"] == "default"
