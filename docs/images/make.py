"""Make the pictures of the documents anew: a demo workspace, its charts, and its report as Chromium shows it.

It is a part of `make docs`; look at what it made before you commit it.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from selenium import webdriver

from nws import Workspace
from nws.report.pictures import draw, draw_run

HERE = Path(__file__).parent
NWS = [sys.executable, "-m", "nws"]
WIDTH, HEIGHT = 1200, 1440
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-background-networking")
LEADERBOARD = "[...document.querySelectorAll('h2')].find(head => head.textContent == 'Leaderboard').scrollIntoView()"
# The best pipeline that has something to show in the spectra after each step.
SHOWN = "SavitzkyGolay"


def main() -> None:
    """Write `*.png` beside this file."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "demo"
        subprocess.run([*NWS, "demo", root], check=True, capture_output=True)
        workspace = Workspace.open(root)
        (run,) = workspace.runs.list()
        best = workspace.predictions.query_best(dataset="gasoline", metric="rmsecv", n=None)
        record = next(row["record"] for row in best.iter_rows(named=True) if SHOWN in row["preprocessing"])
        pictures = {**draw(workspace.resolve(record)), **draw_run(workspace, run)}
        # The demo has one kind of model.
        del pictures["chart_model_preprocessing.png"]
        for name, data in pictures.items():
            (HERE / name).write_bytes(data)
        (page,) = (root / "exports" / "session_reports").glob("*.html")
        photograph(page, HERE / "report.png")


def photograph(page: Path, to: Path) -> None:
    """Choose two pipelines on the page of a report, and write what is seen of the leaderboard and their predictions."""
    options = webdriver.ChromeOptions()
    for flag in (*FLAGS, f"--window-size={WIDTH},{HEIGHT + 150}"):
        options.add_argument(flag)
    options.binary_location = shutil.which("chromium") or "chromium"
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
    try:
        browser.get(page.as_uri())
        buttons = browser.find_elements("xpath", "//button[normalize-space()='B']")
        buttons[2].click()
        browser.execute_script(LEADERBOARD)
        browser.save_screenshot(str(to))
    finally:
        browser.quit()


if __name__ == "__main__":
    main()
