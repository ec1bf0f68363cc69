"""The page of a report in a real browser: it loads without errors and without the network, and does what it offers."""

import http.server
import threading

import pytest
from reports import EVIL, GRID, NASTY, evil_workspace, run
from workspaces import MAYONNAISE

from nws.dataset import ReadOptions
from nws.report import report_dataset, report_global, report_run
from nws.report.facts import run_facts
from nws.report.files import write

HELD = "performance.getEntriesByType('resource').map((entry) => entry.name).filter((name) => !name.startsWith('data:'))"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("page é")
    workspace = evil_workspace(root)
    return workspace, run(workspace, root, GRID, run_name="a"), root


@pytest.fixture(scope="module")
def page(made):
    workspace, first, _ = made
    return write(workspace, report_run(workspace, first), forms=("html",))["html"]


@pytest.fixture(scope="module")
def browsers():
    """The browser of this file, once a test has started it."""
    started = []
    yield started
    for driver in started:
        driver.quit()


@pytest.fixture
def browser(tool, browsers, tmp_path_factory):
    """A browser without a window that keeps what its console says, as if it had just been started."""
    chromium, driver = tool("chromium"), tool("chromedriver")
    if not browsers:
        browsers.append(start(chromium, driver, tmp_path_factory.mktemp("profile")))
    (browser,) = browsers
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.get("about:blank")
    browser.get_log("browser")
    return browser


def start(chromium, driver, profile):
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    options = Options()
    options.binary_location = chromium
    words = (
        "headless=new",
        "no-sandbox",
        "disable-gpu",
        "disable-dev-shm-usage",
        "window-size=1280,1000",
        f"user-data-dir={profile}",
    )
    for word in words:
        options.add_argument(f"--{word}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options, service=Service(driver))


@pytest.fixture
def opened(browser, page):
    browser.get(page.as_uri())
    return browser


def texts(driver, selector):
    return driver.execute_script(
        "return [...document.querySelectorAll(arguments[0])].filter((one) => one.checkVisibility())"
        ".map((one) => one.textContent)",
        selector,
    )


def complaints(driver):
    return [entry["message"] for entry in driver.get_log("browser")]


def find(driver, selector):
    from selenium.webdriver.common.by import By

    return driver.find_element(By.CSS_SELECTOR, selector)


def board(driver, place=0):
    """Return the rows of a leaderboard that are seen: the cells of each."""
    return driver.execute_script(
        "return [...document.querySelectorAll('table[data-name=leaderboard]')[arguments[0]].tBodies[0].rows]"
        ".filter((row) => row.checkVisibility()).map((row) => [...row.cells].map((cell) => cell.textContent))",
        place,
    )


def choose(driver, selector, text):
    """Choose the option that begins with a text, as a person does."""
    from selenium.webdriver.support.ui import Select

    select = Select(find(driver, selector))
    option = next(option for option in select.options if option.text.startswith(text))
    select.select_by_visible_text(option.text)


def test_every_report_loads_without_a_complaint_and_without_the_network(browser, made, page):
    workspace, _, _ = made
    others = [report_dataset(workspace, "two"), report_global(workspace)]
    pages = [page, *(write(workspace, report, forms=("html",))["html"] for report in others)]
    for path in pages:
        browser.get(path.as_uri())
        assert browser.title.endswith("· nws")
        assert complaints(browser) == []
        assert browser.execute_script(f"return {HELD}") == []
        # A picture that is not loaded or not drawn has no width.
        browser.execute_script("document.querySelectorAll('img').forEach((image) => { image.loading = 'eager'; })")
        browser.execute_async_script(
            "Promise.all([...document.images].map((image) => image.decode())).then(arguments[0], arguments[0])"
        )
        assert browser.execute_script("return [...document.images].every((image) => image.naturalWidth > 100)")
    assert len(texts(browser, "h2")) > 3


def test_on_paper_headings_stand_without_their_buttons(opened):
    opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    words = opened.execute_script(
        "return [...document.querySelectorAll('table[data-name=leaderboard] th[aria-sort]')].map("
        "(head) => [getComputedStyle(head, '::before').content, head.querySelector('button').checkVisibility()])"
    )
    opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert ['"RMSECV"', False] in words
    assert not any(seen for _, seen in words)


def test_a_page_that_tries_is_stopped_by_its_policy(browser, page, tmp_path):
    asked = []

    class Server(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    there = f"http://127.0.0.1:{server.server_port}"
    attack = f"<img src='{there}/i.png'><link rel=stylesheet href='{there}/s.css'><script src='{there}/s.js'></script>"
    attack += "<script>document.title = 'taken'</script><img src=x onerror=\"document.title = 'taken'\">"
    text = page.read_text(encoding="utf-8")
    (tmp_path / "attacked.html").write_text(text.replace("<main", f"{attack}<main"), encoding="utf-8")
    browser.get((tmp_path / "attacked.html").as_uri())
    browser.execute_script(f"fetch('{there}/f').catch(() => 0)")
    server.shutdown()
    server.server_close()
    assert asked == []
    assert browser.title != "taken"
    assert len(complaints(browser)) >= 5


def test_names_that_look_like_markup_are_text(opened):
    assert EVIL in " ".join(texts(opened, "h2"))
    assert NASTY in " ".join(texts(opened, "caption"))
    assert opened.title != "1"
    assert opened.execute_script("return document.querySelectorAll('main b, main i, img[src=x]').length") == 0


def test_a_heading_sorts_and_says_so(opened):
    head = "table[data-name=leaderboard] th:nth-child(4)"
    before = [float(row[3]) for row in board(opened)]
    assert before == sorted(before)
    button = find(opened, f"{head} button")
    assert button.text == "RMSECV"
    button.click()
    assert find(opened, head).get_attribute("aria-sort") == "ascending"
    button.click()
    assert [float(row[3]) for row in board(opened)] == before[::-1]
    assert find(opened, head).get_attribute("aria-sort") == "descending"
    button = find(opened, "table[data-name=leaderboard] th:nth-child(3) button")
    button.send_keys("\n")
    names = [row[2] for row in board(opened)]
    assert names == sorted(names)
    assert find(opened, head).get_attribute("aria-sort") == "none"


def test_the_leaderboard_is_filtered(opened):
    from selenium.webdriver.common.by import By

    search = find(opened, "input[type=search]")
    search.send_keys("alpha=1.0 scaler")
    (row,) = board(opened)
    assert row[-2:] == ["StandardScaler", "Ridge(alpha=1.0)"]
    assert texts(opened, "output")[0] == "1 of 4 pipelines"
    search.clear()
    search.send_keys(" ")
    before = opened.find_elements(By.CSS_SELECTOR, ".controls select")[1]
    before.send_keys("none")
    assert {row[-2] for row in board(opened)} == {"none"}
    assert len(board(opened, 1)) == 4


def test_a_point_says_which_sample_it_is(opened, made):
    from selenium.webdriver import ActionChains

    best = run_facts(made[1]).ranked(EVIL)[0]
    choose(opened, "#choose-first", best.name)
    lines = best.pipeline.file("predictions.csv").decode().splitlines()
    point = find(opened, "svg .val.point")
    ActionChains(opened).move_to_element(point).perform()
    (tip,) = texts(opened, ".tip")
    sample, partition, measured, predicted, error = tip.split("\n")
    (row,) = [line.split(",") for line in lines if line.startswith(f"{sample.removeprefix('sample ')},val,")]
    assert partition == f"val, fold {int(row[2]) + 1}"
    true, guess = float(row[4]), float(row[5])
    for said, value in ((measured, true), (predicted, guess), (error, guess - true)):
        assert float(said.split()[1]) == pytest.approx(value, rel=1e-3, abs=1e-5)
    assert find(opened, ".chart [aria-live]").get_attribute("textContent") == tip


def test_points_are_walked_with_the_keyboard(opened):
    chart = find(opened, ".chart svg")
    told = []
    for _ in range(3):
        chart.send_keys("\ue014")  # the arrow to the right
        told.append(texts(opened, ".tip")[0])
    assert len(set(told)) == 3
    measured = [float(text.split("measured ")[1].split()[0]) for text in told]
    assert measured == sorted(measured)
    chart.send_keys("\ue00c")
    assert texts(opened, ".tip") == []


def test_two_pipelines_are_compared(opened, made):
    first, second = run_facts(made[1]).ranked(EVIL)[:2]
    choose(opened, "#choose-first", first.name)
    choose(opened, "#choose-second", second.name)
    assert len(texts(opened, ".keys li")) == 2
    count = opened.execute_script(
        "return ['first', 'second'].map((side) => document.querySelectorAll(`.${side}.point`).length)"
    )
    assert count == [30, 30]
    (line,) = [
        row
        for row in opened.execute_script(
            "return [...document.querySelectorAll('#figures tbody tr')].map((row) => [...row.cells].map((cell) => cell.textContent))"
        )
        if row[0] == "RMSE (val)"
    ]
    assert [float(cell) for cell in line[1:]] == pytest.approx(
        [first.score, second.score, second.score - first.score], rel=1e-3
    )
    assert bold(opened, "RMSE (val)") == [False, True, False, False]
    assert 1 <= len(texts(opened, "#differences tbody tr")) <= 10
    pressed = opened.execute_script(
        "return [...document.querySelectorAll('[aria-pressed=true]')].map((one) => one.ariaLabel)"
    )
    assert pressed == [f"{first.name} as A", f"{second.name} as B"]


def bold(driver, figure):
    """Return which cells of a figure are marked as the better one."""
    return driver.execute_script(
        "return [...document.querySelectorAll('#figures tbody tr')].filter((row) => row.cells[0].textContent === arguments[0])"
        ".flatMap((row) => [...row.cells].map((cell) => cell.classList.contains('better')))",
        figure,
    )


def test_the_better_figure_is_marked_whichever_side_it_is_on(opened, made):
    first, second = run_facts(made[1]).ranked(EVIL)[:2]
    choose(opened, "#choose-first", second.name)
    choose(opened, "#choose-second", first.name)
    assert bold(opened, "RMSE (val)") == bold(opened, "R² (val)") == [False, False, True, False]


def test_pipelines_of_two_targets_are_not_put_side_by_side(opened, made):
    facts = run_facts(made[1])
    choose(opened, "#choose-first", facts.ranked(EVIL)[0].name)
    choose(opened, "#choose-second", facts.ranked(EVIL)[1].name)
    choose(opened, "#choose-first", facts.ranked(NASTY)[0].name)
    assert len(texts(opened, ".keys li")) == 1
    assert complaints(opened) == []


def test_errors_stand_in_place_of_predictions_and_parts_can_be_left_out(opened):
    boxes = {text: place for place, text in enumerate(texts(opened, ".controls fieldset label"))}
    assert list(boxes) == ["● val", "▲ test", "○ train", "residuals instead of predictions"]
    for place in (0, 3):
        opened.execute_script("document.querySelectorAll('.controls fieldset input')[arguments[0]].click()", place)
    assert opened.execute_script("return document.querySelectorAll('.point').length") == 6
    assert "predicted minus measured" in " ".join(texts(opened, ".chart text"))


def test_classes_have_a_matrix_that_names_its_samples(browser, made):
    workspace, _, root = made
    workspace.datasets.add("oil", [MAYONNAISE], ReadOptions())
    (root / "oil.json").write_text('["sklearn.neighbors.KNeighborsClassifier"]')
    (result,) = workspace.run("oil", root / "oil.json")
    browser.get(write(workspace, report_run(workspace, result.run), forms=("html",))["html"].as_uri())
    counts = [int(text) for text in texts(browser, ".matrix td.n")]
    assert sum(counts) == 162
    button = find(browser, ".matrix td button")
    button.click()
    (said,) = texts(browser, ".matrix .hint")
    assert len(said.split(": ")[1].split(", ")) == int(button.text)
    assert complaints(browser) == []


def test_dark_and_narrow(opened):
    def ground():
        return opened.execute_script("return getComputedStyle(document.body).backgroundColor")

    colours = set()
    for scheme in ("light", "dark"):
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        opened.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        colours.add(ground())
    assert len(colours) == 2
    narrow = {"width": 360, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    opened.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", narrow)
    assert opened.execute_script("return document.documentElement.scrollWidth") == 360


def test_without_its_script_everything_but_the_charts_is_there(browser, page):
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    browser.get(page.as_uri())
    text = find(browser, "main").text
    assert "drawn by the page's script, which is not running" in text
    assert "Ridge(alpha=0.1)" in text
    assert "Find" not in text


def test_tables_have_captions_and_headings_and_pictures_have_words(opened):
    unnamed = "return [...document.querySelectorAll('main table')].filter((table) => !table.caption || !table.querySelector('th[scope]')).length"
    assert opened.execute_script(unnamed) == 0
    assert opened.execute_script("return [...document.images].filter((image) => !image.alt).length") == 0
    ids = opened.execute_script("return [...document.querySelectorAll('[id]')].map((one) => one.id)")
    assert len(ids) == len(set(ids))
    assert opened.execute_script("return document.documentElement.lang") == "en"
