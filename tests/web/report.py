"""Opens report pages in Chromium as a person would: desktop and phone, light and dark, with and
without scripts; checks what must hold everywhere and keeps screenshots.

    python tests/web/report.py PAGE.html... --screenshots DIR
"""

import argparse
import pathlib
import shutil
import sys

from playwright.sync_api import sync_playwright

SECTIONS = ["summary", "accuracy", "passes", "roofline", "timeline", "memory", "detections", "resources"]
VIEWS = [(name, width, height, scheme)
         for name, width, height in (("desktop", 1280, 900), ("phone", 390, 844))
         for scheme in ("light", "dark")]

# Elements that stick out of the page and of every frame that scrolls.
STICKING_OUT = """() => {
  const width = document.documentElement.clientWidth;
  return [...document.querySelectorAll("body *")].filter((element) => {
    const box = element.getBoundingClientRect();
    return box.width > 0 && box.right > width + 0.5 && !element.parentElement.closest(".scroll");
  }).map((element) => element.outerHTML.slice(0, 120));
}"""

# The keys of a column: numbers where cells have them, else their text.
COLUMN = """(table, column) => [...table.tBodies[0].rows].map((row) => {
  const cell = row.cells[column];
  return cell.dataset.key === undefined ? cell.textContent : Number(cell.dataset.key);
})"""

# Contrast of the text of an element against the background that is painted behind it.
CONTRAST = """(element) => {
  const numbers = (color) => color.match(/[0-9.]+/g).map(Number);
  const light = (color) => {
    const [r, g, b] = numbers(color).slice(0, 3).map((value) => {
      value /= 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  let behind = element;
  const painted = (one) => {
    const [, , , alpha] = numbers(getComputedStyle(one).backgroundColor);
    return alpha === undefined || alpha > 0;
  };
  while (behind.parentElement && !painted(behind)) behind = behind.parentElement;
  const pair = [getComputedStyle(element).color, getComputedStyle(behind).backgroundColor].map(light);
  return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
}"""


class Checks:
    """Counts what holds and lists what does not."""

    def __init__(self):
        self.passed, self.failures = 0, []

    def expect(self, holds, message):
        if holds:
            self.passed += 1
        else:
            self.failures.append(message)


def check_layout(page, checks, place):
    for section in SECTIONS:
        visible = page.locator(f"section#{section} h2").is_visible()
        checks.expect(visible, f"{place}: section {section} is not visible")
        filled = page.locator(f"section#{section} :not(h2)").count() > 0
        checks.expect(filled, f"{place}: section {section} is empty")
    width = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    checks.expect(width[0] <= width[1], f"{place}: the page scrolls sideways, {width[0]} > {width[1]}")
    outside = page.evaluate(STICKING_OUT)
    checks.expect(not outside, f"{place}: sticks out: {outside[:3]}")
    for selector in ("h1", ".lead", ".figure .name", ".figure .beside", "td", "th", "nav a", ".note", "summary"):
        for element in page.locator(selector).all()[:3]:
            contrast = element.evaluate(CONTRAST)
            checks.expect(contrast >= 4.5, f"{place}: contrast of {selector} is {contrast:.2f}")
    broken = page.evaluate("[...document.images].filter((i) => !i.complete || i.naturalWidth === 0).length")
    checks.expect(broken == 0, f"{place}: {broken} images are broken")


def check_sorting(page, checks, place):
    """Every column of every table that has buttons sorts, up and then down."""
    for number, table in enumerate(page.locator("table[data-sortable]").all()):
        buttons = table.locator("th button").all()
        columns = table.locator("th").count()
        checks.expect(len(buttons) == columns, f"{place}: table {number} has {len(buttons)} buttons")
        handle = table.element_handle()
        rows = sorted(map(str, page.evaluate(f"(table) => ({COLUMN})(table, 0)", handle)))
        for column, button in enumerate(buttons):
            for direction in ("ascending", "descending"):
                button.click()
                state = table.locator("th").nth(column).get_attribute("aria-sort")
                keys = table.evaluate(f"(table) => ({COLUMN})(table, {column})")
                right = is_sorted(keys, direction == "descending")
                name = f"{place}: table {number} column {column} {direction}"
                checks.expect(state == direction, f"{name}: says {state}")
                checks.expect(right, f"{name}: is not sorted: {keys[:6]}")
        after = sorted(map(str, page.evaluate(f"(table) => ({COLUMN})(table, 0)", handle)))
        checks.expect(rows == after, f"{place}: table {number} lost rows")
        for other in page.locator("table:not([data-sortable])").all():
            checks.expect(other.locator("button").count() == 0, f"{place}: a plain table has buttons")


def is_sorted(keys, falling):
    if not all(isinstance(key, (int, float)) for key in keys):
        return all(isinstance(key, str) for key in keys)  # text sorts by the language's rules
    pairs = zip(keys, keys[1:])
    return all(a >= b for a, b in pairs) if falling else all(a <= b for a, b in pairs)


def check_text_order(page, checks, place):
    """The rules of the language for text, on one column: digits by their number, else by letters."""
    table = page.locator("#memory table")
    table.locator("th button").first.click()
    names = table.evaluate(f"(table) => ({COLUMN})(table, 0)")
    ordered = page.evaluate(
        "(names) => [...names].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))", names)
    checks.expect(names == ordered, f"{place}: the names of tensors are not sorted")


def visit(browser, path, screenshots, checks):
    for name, width, height, scheme in VIEWS:
        place = f"{path.name}, {name}, {scheme}"
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, offline=True,
            device_scale_factor=2 if name == "phone" else 1)
        page = context.new_page()
        requests, troubles = [], []
        page.on("request", lambda request: requests.append(request.url))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
        page.goto(path.resolve().as_uri())
        check_layout(page, checks, place)
        outside = [url for url in requests if not url.startswith(("file:", "data:"))]
        checks.expect(not outside, f"{place}: asks for {outside[:3]}")
        page.screenshot(path=screenshots / f"{path.stem}-{name}-{scheme}.png", full_page=True)
        if scheme == "light":
            check_sorting(page, checks, place)
            check_text_order(page, checks, place)
        checks.expect(not troubles, f"{place}: {troubles[:3]}")
        context.close()
    context = browser.new_context(viewport={"width": 1280, "height": 900}, java_script_enabled=False)
    page = context.new_page()
    page.goto(path.resolve().as_uri())
    place = f"{path.name}, without scripts"
    for section in SECTIONS:
        checks.expect(page.locator(f"section#{section} h2").is_visible(), f"{place}: {section}")
    checks.expect(page.locator("th button").count() == 0, f"{place}: buttons that do nothing")
    page.emulate_media(media="print")
    page.pdf(path=screenshots / f"{path.stem}.pdf", format="A4")
    context.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pages", type=pathlib.Path, nargs="+")
    parser.add_argument("--screenshots", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    arguments.screenshots.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("there is no chromium; `make test-web` installs it")
    checks = Checks()
    with sync_playwright() as playwright:
        # Chromium refuses its sandbox to root; the pages are our own.
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for path in arguments.pages:
            visit(browser, path, arguments.screenshots, checks)
        browser.close()
    for failure in checks.failures:
        print(failure)
    print(f"{checks.passed} passed, {len(checks.failures)} failed")
    sys.exit(bool(checks.failures))


if __name__ == "__main__":
    main()
