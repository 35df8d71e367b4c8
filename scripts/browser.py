"""Open HTML reports in headless Chromium, hold them to what they promise, and keep pictures to look at.

Debian's chromium is driven by Playwright, which is installed from requirements/browser.txt into an environment of its
own under .work/browser. Pictures (light, dark, narrow, print) and the pages stay in .work/browser/pictures.

The last line is `browser: N checks as wanted`.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements" / "browser.txt"
WORK = ROOT / ".work" / "browser"
PICTURES = WORK / "pictures"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")

# What WCAG 2.2 AA demands of text (1.4.3), large text counting as the rest.
LEAST_CONTRAST = 4.5

CONTRAST = """() => {
  const channel = value => { value /= 255; return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4 };
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const parse = text => text.match(/[\\d.]+/g).map(Number);
  const behind = element => {
    for (let each = element; each; each = each.parentElement) {
      const color = parse(getComputedStyle(each).backgroundColor);
      if (color.length < 4 || color[3] > 0) return color;
    }
    return parse(getComputedStyle(document.documentElement).colorScheme === 'dark' ? 'rgb(0,0,0)' : 'rgb(255,255,255)');
  };
  const bad = [];
  for (const element of document.querySelectorAll('body *')) {
    if (![...element.childNodes].some(node => node.nodeType === 3 && node.data.trim())) continue;
    if (!element.checkVisibility()) continue;
    const front = luminance(parse(getComputedStyle(element).color)), back = luminance(behind(element));
    const ratio = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
    if (ratio < LEAST) bad.push(`${element.tagName}.${element.className} ${ratio.toFixed(2)}`);
  }
  return bad;
}""".replace("LEAST", str(LEAST_CONTRAST))

STRUCTURE = """() => {
  const all = selector => [...document.querySelectorAll(selector)];
  const levels = all('h1,h2,h3,h4').map(each => Number(each.tagName[1]));
  return {
    landmarks: ['header', 'main', 'footer'].map(name => all(`body > ${name}`).length),
    h1: all('h1').length,
    jumps: levels.filter((level, at) => at && level > levels[at - 1] + 1).length,
    tables: all('table').filter(each => !each.caption || !each.querySelector('thead th[scope=col]')).length,
    rows: all('tbody tr').filter(each => !each.querySelector('th[scope=row]')).length,
    names: all('section').filter(each => each.hasAttribute('aria-labelledby') &&
      !document.getElementById(each.getAttribute('aria-labelledby'))).length,
    pictures: all('svg').filter(each => each.getAttribute('role') !== 'img' ||
      !each.getAttribute('aria-labelledby').split(' ').every(id => document.getElementById(id)?.textContent)).length,
    duplicates: all('[id]').length - new Set(all('[id]').map(each => each.id)).size,
    dead: all('a[href^="#"]').filter(each => !document.querySelector(each.getAttribute('href'))).length,
    active: all('script, iframe, object, embed, link, img, form, base, [onclick], [style]').length,
    elsewhere: all('[src], [href]').filter(each => !(each.getAttribute('href') || '').startsWith('#')).length,
    lang: document.documentElement.lang,
    wider: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  };
}"""
WANTED_STRUCTURE = {
    "landmarks": [1, 1, 1],
    "h1": 1,
    **dict.fromkeys(
        (
            "jumps",
            "tables",
            "rows",
            "names",
            "pictures",
            "duplicates",
            "dead",
            "active",
            "elsewhere",
            "wider",
        ),
        0,
    ),
    "lang": "en",
}


# --------------------------------------------------------------------------- outside: pages and an environment


def main() -> int:
    """Return 0 when every page is as wanted; 2 where there is no browser to open them in."""
    browser = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if browser is None:
        print(
            "browser: chromium is not installed, so nothing was tested; on Debian: apt-get install chromium",
            file=sys.stderr,
        )
        return 2
    PICTURES.mkdir(parents=True, exist_ok=True)
    write_pages()
    command = [str(prepared()), str(Path(__file__)), "--inside", browser]
    return subprocess.run(command, check=False, timeout=300).returncode


def prepared() -> Path:
    """Return the interpreter of the environment that holds exactly what the lock names, making it where need be."""
    python, stamp = WORK / "bin" / "python", WORK / ".ready"
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != digest:
        venv.create(WORK, with_pip=True, symlinks=True)
        command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
        subprocess.run([*command, "-r", str(LOCK)], check=True)
        stamp.write_text(digest)
    return python


def write_pages() -> None:
    """Write the pages to open: reports with much, with nothing and with hostile texts, and the matrix alone."""
    sys.path.insert(0, str(ROOT))
    from stopper.report import html
    from tests.report.hostile import hostile
    from tests.report.samples import leaky, silenced, unlooked

    pages = {
        "report": html.render(silenced()),
        "graded": html.render(replace(leaky(), findings=(), failures=(), grade="A", score=100)),
        "unlooked": html.render(unlooked()),
        "hostile": html.render(hostile()),
        "matrix": html.render_matrix(leaky()),
    }
    given = os.environ.get("REPORT")
    if given:
        pages["given"] = Path(given).read_text("utf-8")
    for name, text in pages.items():
        (PICTURES / f"{name}.html").write_text(text, "utf-8")


# --------------------------------------------------------------------------- inside: the browser


def inside(executable: str) -> int:
    """Open every page and return 0 when all is as wanted."""
    from playwright.sync_api import sync_playwright

    wrong: list[str] = []
    checks = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        for path in sorted(PICTURES.glob("*.html")):
            for name, problem in opened(browser, path):
                checks += 1
                if problem:
                    wrong.append(f"{path.stem}: {name}: {problem}")
        browser.close()
    for line in wrong:
        print(f"browser: {line}", file=sys.stderr)
    print(f"browser: {checks - len(wrong)} of {checks} checks as wanted")
    return 1 if wrong else 0


def opened(browser: Any, path: Path) -> Iterator[tuple[str, str]]:
    """Yield the checks of one page, each with what is wrong, in four shapes; takes a picture of each."""
    shapes = {
        "light": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
        "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
        "narrow": {"viewport": {"width": 360, "height": 740}, "color_scheme": "light"},
    }
    for shape, options in shapes.items():
        page = browser.new_page(**options)
        told: list[str] = []
        page.on("console", lambda message, told=told: told.append(f"console: {message.text}"))
        page.on("pageerror", lambda error, told=told: told.append(f"error: {error}"))
        page.on("dialog", lambda dialog, told=told: (told.append("a dialog was opened"), dialog.dismiss()))
        page.on("request", lambda request, told=told: told.append(f"asked for {request.url[:80]}"))
        page.goto(path.as_uri())
        told = [line for line in told if line != f"asked for {path.as_uri()[:80]}"]
        yield f"{shape}: nothing is fetched, refused by the policy or run", "; ".join(told)
        page.evaluate("() => document.querySelectorAll('details').forEach(each => each.open = true)")
        found = page.evaluate(STRUCTURE)
        differs = {name: found[name] for name, wanted in WANTED_STRUCTURE.items() if found[name] != wanted}
        yield f"{shape}: structure", json.dumps(differs) if differs else ""
        yield f"{shape}: contrast", "; ".join(page.evaluate(CONTRAST)[:5])
        page.screenshot(path=str(PICTURES / f"{path.stem}-{shape}.png"), full_page=True)
        if shape == "light":
            yield from by_keyboard(page, path)
        page.close()
    yield from printed(browser, path)


def by_keyboard(page: Any, path: Path) -> Iterator[tuple[str, str]]:
    """Yield what a reader without a mouse meets: the skip link first, then every part that opens or scrolls."""
    page.goto(path.as_uri())
    page.keyboard.press("Tab")
    first = page.evaluate("() => document.activeElement.getAttribute('href')")
    yield "keyboard: the skip link is first", "" if first == "#main" else f"{first} is"
    page.keyboard.press("Enter")
    at = page.evaluate("() => document.activeElement.id")
    yield "keyboard: the skip link leads to the report", "" if at == "main" else f"it leads to {at}"
    summary = page.query_selector("details:not([open]) > summary")
    if summary:
        summary.focus()
        page.keyboard.press("Enter")
        open_now = summary.evaluate("each => each.parentElement.open")
        yield "keyboard: a part opens", "" if open_now else "it stays closed"


def printed(browser: Any, path: Path) -> Iterator[tuple[str, str]]:
    """Yield what print looks like: nothing is folded away or cut off at the page's edge."""
    page = browser.new_page(viewport={"width": 720, "height": 1000}, color_scheme="dark")
    page.goto(path.as_uri())
    page.emulate_media(media="print", color_scheme="dark")
    ground = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    yield "print: on white, whatever the scheme", "" if ground == "rgb(255, 255, 255)" else ground
    hidden = page.evaluate(
        "() => [...document.querySelectorAll('details > :not(summary)')].filter(e => !e.getClientRects().length).length"
    )
    yield "print: closed parts are printed", f"{hidden} are not" if hidden else ""
    wider = page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
    yield "print: fits the page", f"{wider} pixels too wide" if wider > 0 else ""
    yield "print: contrast", "; ".join(page.evaluate(CONTRAST)[:5])
    page.screenshot(path=str(PICTURES / f"{path.stem}-print.png"), full_page=True)
    page.pdf(path=str(PICTURES / f"{path.stem}.pdf"), format="A4")
    page.close()


if __name__ == "__main__":
    sys.exit(inside(sys.argv[2]) if sys.argv[1:2] == ["--inside"] else main())
