"""A page in a real headless Chromium: its picture, its measures, what it said on the console.

`--dump-dom` prints what a page has become. The page under test has no script, so it is put into a
frame of a page that has one: that measures it, and a frame may be as narrow as a telephone.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
    "--no-first-run", "--disable-extensions", "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr", "--log-level=0",
)  # fmt: skip
SCHEMES = {"dark": "0", "light": "1"}

MEASURE = """
<!doctype html><meta charset="utf-8"><style>body{margin:0}iframe{border:0;display:block}</style>
<iframe width="%d" height="900" srcdoc="%s"></iframe><pre id="said"></pre><script>
addEventListener("load", () => {
  const page = document.querySelector("iframe").contentWindow, root = page.document.documentElement
  const dark = page.matchMedia("(prefers-color-scheme: dark)").matches
  const wide = [...page.document.querySelectorAll("body *")].filter(e => !e.closest("svg") &&
    !e.parentElement.closest(".scroll") && e.getBoundingClientRect().right > root.clientWidth + 1)
  document.getElementById("said").textContent = JSON.stringify({
    width: root.scrollWidth, room: root.clientWidth, height: root.scrollHeight, dark,
    requests: page.performance.getEntriesByType("resource").length,
    background: page.getComputedStyle(page.document.body).backgroundColor,
    wide: wide.map(e => e.outerHTML.slice(0, 80)), title: page.document.title,
    unnamed: [...page.document.querySelectorAll("svg")].filter(e => !e.ariaLabel).length,
  })
})
</script>
"""


@dataclass(frozen=True)
class Seen:
    """What a page measured, and the lines of its console."""

    measures: dict[str, Any]
    console: tuple[str, ...]


def measured(report: Path, width: int, scheme: str) -> Seen:
    """The page in a frame so wide (CSS pixels)."""
    frame = report.with_name(f"{report.stem}-{width}-{scheme}.frame.html")
    frame.write_text(MEASURE % (width, escape(report.read_text())))
    done = _run("--dump-dom", scheme, frame)
    found = re.search(r'<pre id="said">(.*?)</pre>', done.stdout, re.DOTALL)
    assert found, done.stderr
    text = found[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return Seen(json.loads(text), _console(done.stderr))


def pictured(report: Path, picture: Path, width: int, height: int, scheme: str) -> None:
    """A screenshot, by way of a frame: a window of Chromium is never narrower than 500."""
    frame = report.with_name(f"{report.stem}-{width}-{scheme}.picture.html")
    page = f'<iframe width="{width}" height="{height}" srcdoc="{escape(report.read_text())}">'
    frame.write_text(f"<style>*{{margin:0;border:0}}</style>{page}")
    _run(f"--screenshot={picture}", scheme, frame, f"--window-size={width},{height}")


def _run(verb: str, scheme: str, page: Path, *more: str) -> subprocess.CompletedProcess[str]:
    argv = [
        CHROMIUM, *FLAGS, f"--user-data-dir={page.with_suffix('.profile')}",
        f"--blink-settings=preferredColorScheme={SCHEMES[scheme]}", verb, *more, page.as_uri(),
    ]  # fmt: skip
    return subprocess.run(argv, capture_output=True, text=True, check=True, timeout=120)


def _console(stderr: str) -> tuple[str, ...]:
    return tuple(line for line in stderr.splitlines() if "CONSOLE" in line)
