"""The HTML report in a real browser: three pairs, two schemes, a desk and a telephone."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.chromium import CHROMIUM, SCHEMES, measured, pictured
from tests.cli.commands import Pair

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not CHROMIUM and not os.environ.get("CONVERGE_REQUIRE_BROWSER"),
        reason="needs Debian's chromium; .ci/run installs it",
    ),
]

PUT = r"printf 'PUT row\nQUIT\n' | nc -w 60 192.168.1.50 3306"


def in_sync(pair: Pair) -> str:
    return "As desired"


def degraded(pair: Pair) -> str:
    """hastb is off; somebody has meddled before, and a run has put that right."""
    pair("drift")
    pair.on("hasta", "sysrc hastd_enable=NO")
    pair.lab("advance", "60s")
    pair("apply", "--trigger", "cron")
    pair.lab("advance", "60s")
    pair("drift")
    pair.on("hasta", "chmod 755 /usr/local/etc/rc.d/mysql-server")
    pair.lab("fault", "power-off", "hastb")
    pair.lab("advance", "60s")
    pair.on("hasta", PUT)
    pair.lab("advance", "60s")
    return "Redundancy is lost"


def split_brain(pair: Pair) -> str:
    """Both were written in a partition, and hear each other again."""
    pair.lab("fault", "cut", "hasta")
    pair.lab("advance", "5s")
    pair("apply", "--wait", "-q", "--trigger", "devd", nodes=("hastb",))
    for node in ("hasta", "hastb"):
        pair.on(node, PUT)
    pair.lab("fault", "heal", "hasta")
    pair.lab("advance", "30s")
    return "Redundancy is lost"


@pytest.mark.parametrize("story", [in_sync, degraded, split_brain])
def test_a_report_in_the_browser(story: Callable[[Pair], str], pair: Pair, tmp_path: Path) -> None:
    headline = story(pair)
    report = tmp_path / f"{story.__name__}.html"
    pair("drift", "--format", "html", "-o", str(report))
    page = report.read_text()
    assert headline in page
    if story is split_brain:
        assert page.index("split-brain: both copies were written apart") < page.index("The pair")
    assert not re.search(r"<script|<link|<img|\bsrc=|\bhref=|url\(|@import|http:|https:", page)
    backgrounds = set()
    for scheme in SCHEMES:
        for width in (360, 1280):
            seen = measured(report, width, scheme)
            said = seen.measures
            assert seen.console == ()
            assert (said["requests"], said["unnamed"], said["wide"]) == (0, 0, [])
            assert said["width"] <= said["room"] == width
            assert said["dark"] is (scheme == "dark")
            assert said["title"].startswith("article: ")
            assert said["height"] > 500
            backgrounds.add((scheme, said["background"]))
    assert len({colour for _, colour in backgrounds}) == 2
    picture = tmp_path / f"{story.__name__}.png"
    pictured(report, picture, 1280, 1600, "dark")
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size > 20_000


def test_the_measure_finds_what_is_wrong(tmp_path: Path) -> None:
    """A page that is too wide, loads something and complains is found out."""
    page = tmp_path / "bad.html"
    page.write_text(
        '<!doctype html><title>bad</title><body><div style="width:900px">wide</div><svg></svg>'
        '<img src="https://example.org/x.png"><script>console.error("no")</script>'
    )
    seen = measured(page, 360, "light")
    assert seen.console
    assert seen.measures["width"] > seen.measures["room"]
    assert seen.measures["wide"]
    assert seen.measures["unnamed"] == 1
    assert seen.measures["requests"] == 1
