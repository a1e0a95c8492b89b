"""Make the pictures of the documents from the real pages: `nox -s pictures`.

A run of a sample project is written by the pipeline's own writer, its report is stored by the
dashboard's own code in a new database, and Chromium shows both. Nothing is drawn by hand.
"""

from __future__ import annotations

import base64
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "app")]
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
# The only database is a file of this process.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

from playwright.sync_api import Browser, Page, Route, sync_playwright  # noqa: E402

from tests.browser import chromium, sample  # noqa: E402
from towpath.core.errors import TowpathError  # noqa: E402
from towpath.tasks.context import guarded, workspace  # noqa: E402

FOLDER = ROOT / "docs"
WIDTH, SCALE, QUALITY = 1200, 2, 0.8
HERE = "http://127.0.0.1/"
# The letters of the pictures, where the machine has them: Debian's package fonts-inter.
FONTS = """<?xml version="1.0"?>
<fontconfig>
  <include>/etc/fonts/fonts.conf</include>
  <match target="pattern">
    <test name="family"><string>sans</string></test>
    <edit name="family" mode="prepend" binding="strong"><string>Inter</string></edit>
  </match>
  <match target="pattern">
    <test name="family"><string>system-ui</string></test>
    <edit name="family" mode="prepend" binding="strong"><string>Inter</string></edit>
  </match>
</fontconfig>
"""
# Chromium itself writes WebP, a third of the size of PNG.
ENCODE = """async ([png, quality]) => {
    const picture = new Image();
    picture.src = 'data:image/png;base64,' + png;
    await picture.decode();
    const canvas = Object.assign(document.createElement('canvas'),
        {width: picture.width, height: picture.height});
    canvas.getContext('2d').drawImage(picture, 0, 0);
    return canvas.toDataURL('image/webp', quality).split(',')[1];
}"""
# When the runs before those of the sample were, and what they were.
EARLIER = (("2026-11-29T15:20:41Z", "2.13.4"), ("2026-11-28T09:02:10Z", "2.13.3"))


def main() -> int:
    """Write every picture and say its size; return an exit code."""
    paths: list[str] = []
    try:
        guarded(lambda: paths.append(chromium.ensure(workspace())))
    except TowpathError as error:
        return error.code
    with tempfile.TemporaryDirectory() as folder, opened(paths[0], Path(folder)) as browser:
        pages = {name: sample.RUNS[name](Path(folder) / name) for name in ("released", "failed")}
        report = pages["released"].as_uri()
        with shown(browser, report) as page:
            save(page, "report.webp", 760)
        with shown(browser, pages["failed"].as_uri(), dark=True) as page:
            save(page, "report-failed.webp", 760)
        fill(Path(folder) / "db.sqlite3", pages)
        with shown(browser, HERE, serve=True) as page:
            save(page, "dashboard.webp", 640)
    return 0


@contextmanager
def opened(path: str, folder: Path) -> Iterator[Browser]:
    """Start Chromium with the letters of the pictures."""
    fonts = folder / "fonts.conf"
    fonts.write_text(FONTS)
    env = {**os.environ, "FONTCONFIG_FILE": str(fonts)}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=chromium.options(), env=env)
        yield browser
        browser.close()


@contextmanager
def shown(browser: Browser, url: str, *, dark: bool = False, serve: bool = False) -> Iterator[Page]:
    """Open a page; with `serve` Django answers each request in this process."""
    context = browser.new_context(
        viewport={"width": WIDTH, "height": 800},
        device_scale_factor=SCALE,
        color_scheme="dark" if dark else "light",
    )
    page = context.new_page()
    if serve:
        page.route("**/*", _answer)
    page.goto(url)
    yield page
    context.close()


def save(page: Page, name: str, height: int) -> None:
    """Write the top of a page as WebP."""
    clip = {"x": 0, "y": 0, "width": WIDTH, "height": height}
    png = page.screenshot(full_page=True, clip=clip)
    blank = page.context.new_page()
    text = blank.evaluate(ENCODE, [base64.b64encode(png).decode(), QUALITY])
    (FOLDER / name).write_bytes(base64.b64decode(text))
    sys.stderr.write(f"docs/{name}: {len(text) * 3 // 4096} KiB\n")


def fill(database: Path, pages: dict[str, Path]) -> None:
    """Store the reports of these pages, and of runs before them, in a new database."""
    import django
    from django.conf import settings
    from django.core.management import call_command

    settings.DATABASES["default"]["NAME"] = database
    django.setup()
    call_command("migrate", verbosity=0)
    known = {
        name: json.loads((page.parent / "report.json").read_bytes()) for name, page in pages.items()
    }
    for number, (moment, version) in enumerate(reversed(EARLIER)):
        stages = {
            name: {key: row for key, row in stage.items() if key not in ("started", "steps")}
            for name, stage in known["released"]["stages"].items()
        }
        run = f"00000000-0000-4000-8000-00000000000{number}"
        earlier = {"run": run, "timestamp": moment, "version": version, "stages": stages}
        _store({**known["released"], **earlier}, sample.PREVIOUS)
    _store(known["released"])
    _store({**known["failed"], "timestamp": "2026-11-30T08:05:33Z", "version": "2.15.0"})


def _store(report: dict[str, Any], digest: str = sample.DIGEST) -> None:
    """Store a report as one that was sent, with another digest of its image."""
    from releases import storage
    from releases.ingest import parse

    text = json.dumps(report).replace(sample.DIGEST, digest)
    storage.store(parse(text.encode()))


def _answer(route: Route) -> None:
    from django.test import Client

    path = route.request.url.removeprefix(HERE.rstrip("/"))
    found = Client(headers={"host": "127.0.0.1"}).get(path)
    body = b"".join(found) if found.streaming else found.content
    route.fulfill(status=found.status_code, headers=dict(found.headers), body=body)


if __name__ == "__main__":
    sys.exit(main())
