"""The pages in a real browser: layout, contrast, no JavaScript needed, nothing from elsewhere.

CWBRIDGE_PICTURES=docs/pictures renews the pictures of the documentation.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from cwbridge import errors
from cwbridge.queue.job import Enqueue
from cwbridge.queue.queue import Queue
from cwbridge.redis import Redis
from cwbridge.settings import Settings
from tests.operations.tools import program
from tests.support import page_scene
from tests.support.configured import configured
from tests.support.page_scene import DEAD
from tests.support.pages import Served, served
from tests.support.until import until

pytestmark = pytest.mark.operations
TOKEN = "a-token-of-more-than-16"
WIDTHS = {"desktop": 1280, "phone": 390, "small phone": 320}
PATHS = {"status": "/", "object": f"/objects/{DEAD}"}
LEAST_CONTRAST = 4.5
# The luminance of each text against the first opaque background behind it, as WCAG 2 defines it.
CONTRASTS = """() => {
  const channel = (value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const rgb = (text) => text.match(/[0-9.]+/g).map(Number);
  const luminance = ([r, g, b]) =>
    0.2126 * channel(r / 255) + 0.7152 * channel(g / 255) + 0.0722 * channel(b / 255);
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const [r, g, b, a] = rgb(getComputedStyle(one).backgroundColor);
      if (a === undefined || a === 1) return [r, g, b];
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const element of document.body.querySelectorAll("*")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || !element.checkVisibility()) continue;
    const [one, other] = [luminance(rgb(getComputedStyle(element).color)), luminance(behind(element))];
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    found.push([contrast, element.textContent.trim().slice(0, 40)]);
  }
  return found;
}"""
# Elements that reach over the right edge of the window, or whose text reaches over their own edge.
OVERFLOWS = """() => [...document.querySelectorAll("body *")].filter((element) => {
  if (!element.checkVisibility() || element.closest("thead")?.getBoundingClientRect().width === 1) return false;
  const scrolls = ["auto", "scroll"].includes(getComputedStyle(element).overflowX);
  return element.getBoundingClientRect().right > innerWidth + 1
    || (!scrolls && element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).display !== "inline");
}).map((element) => `${element.tagName}: ${element.textContent.trim().slice(0, 40)}`)"""


class Visit:
    """One browser window: its page, and everything that should not have happened in it."""

    def __init__(self, page: Any, url: str) -> None:
        self.page = page
        self.url = url
        self.requested: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.requested.append(request.url))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    async def open(self, path: str) -> None:
        await self.page.goto(self.url + path)

    def assert_clean(self) -> None:
        """Nothing was asked of another server, and the browser has complained of nothing, its content policy included."""
        assert [one for one in self.requested if not one.startswith(f"{self.url}/")] == []
        assert self.complaints == []


@pytest.fixture
async def browser() -> AsyncIterator[Any]:
    path = program("chromium")
    from playwright.async_api import async_playwright  # noqa: PLC0415 - installed for this suite only

    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=path)
        yield opened
        await opened.close()


@pytest.fixture
async def settings(redis: Redis, redis_url: str) -> AsyncIterator[Settings]:
    """The pictures name the namespace, so it is the same one each time."""
    yield configured(namespace="acme", redis={"url": redis_url}, **page_scene.SYSTEMS)
    names = [name async for name in redis.scan_iter(match="acme:*")]
    if names:
        await redis.delete(*names)


@pytest.fixture
async def pages(redis: Redis, settings: Settings) -> AsyncIterator[Served]:
    await page_scene.set_up(redis, settings)
    async with served(settings, redis) as opened:
        yield opened


@contextlib.asynccontextmanager
async def visiting(browser: Any, url: str, *, width: int = 1280, **options: Any) -> AsyncIterator[Visit]:
    context = await browser.new_context(viewport={"width": width, "height": 900}, **options)
    try:
        yield Visit(await context.new_page(), url)
    finally:
        await context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS.keys())
async def test_everything_fits_can_be_read_and_comes_from_here(
    browser: Any, pages: Served, width: int, scheme: str
) -> None:
    async with visiting(browser, pages.url, width=width, color_scheme=scheme) as visit:
        for path in (*PATHS.values(), "/objects/jetbuilt/project/98500"):
            await visit.open(path)
            for folded in await visit.page.locator("details > summary").all():
                await folded.click()
            assert await visit.page.evaluate("document.documentElement.scrollWidth") <= width, path
            assert await visit.page.evaluate(OVERFLOWS) == [], path
            contrasts = await visit.page.evaluate(CONTRASTS)
            assert len(contrasts) > 20
            assert [one for one in contrasts if one[0] < LEAST_CONTRAST] == [], path
        visit.assert_clean()


async def test_without_javascript_everything_is_there(browser: Any, pages: Served) -> None:
    async with visiting(browser, pages.url, java_script_enabled=False) as visit:
        await visit.open("/")
        said = await visit.page.inner_text("main")
        for part in (
            "on hold",
            "142 jobs",
            "cwbridge jobs requeue --state dead",
            "bss/invoice/4711",
            "5 of 42",
        ):
            assert part in said
        assert await visit.page.locator("noscript meta[http-equiv=refresh]").count() in {0, 1}
        assert 'http-equiv="refresh"' in await visit.page.content()
        await visit.page.click(f'a[href="/objects/{DEAD}"] >> nth=0')
        assert "Interactive Displays" in await visit.page.inner_text("main")
        visit.assert_clean()


async def test_javascript_brings_the_page_up_to_date_in_place(
    browser: Any, pages: Served, redis: Redis, settings: Settings
) -> None:
    queue = Queue(redis, namespace=settings.namespace, settings=settings.queue)
    async with visiting(browser, pages.url) as visit:
        await visit.page.clock.install()
        await visit.open("/")
        await visit.page.click("#waiting > summary")
        await visit.page.evaluate("window.loadedOnce = true")
        assert "37 jobs pending" not in await visit.page.inner_text(".verdict")
        await queue.enqueue(*(Enqueue(f"bss/payment/{number}", "billing") for number in range(1, 8)))

        async def is_shown() -> bool:
            await visit.page.clock.fast_forward(11_000)
            return "37 jobs pending" in await visit.page.inner_text(".verdict")

        assert await until(is_shown, what="the page shows the new jobs")
        assert await visit.page.evaluate("window.loadedOnce")
        assert await visit.page.locator("#waiting[open]").count() == 1
        visit.assert_clean()


async def test_a_page_that_cannot_be_brought_up_to_date_says_so(browser: Any, pages: Served) -> None:
    async with visiting(browser, pages.url) as visit:
        await visit.page.clock.install()
        await visit.open("/")

        async def is_stale() -> bool:
            await visit.page.clock.fast_forward(11_000)
            return bool(await visit.page.locator("body.stale").count())

        await visit.page.route("**/*", lambda route: route.abort())
        assert await until(is_stale, what="the page says that it is old")
        await visit.page.unroute("**/*")

        async def is_fresh() -> bool:
            return not await is_stale()

        assert await until(is_fresh, what="the page is up to date again")


async def test_a_command_that_is_being_copied_is_not_taken_away(browser: Any, pages: Served) -> None:
    async with visiting(browser, pages.url) as visit:
        await visit.page.clock.install()
        await visit.open("/")
        await visit.page.click("code.command >> nth=0")
        selected = await visit.page.evaluate("getSelection().toString()")
        assert selected.startswith("cwbridge jobs requeue --state dead --flow opportunity --group ")
        asked = len(visit.requested)
        await visit.page.clock.fast_forward(60_000)
        assert len(visit.requested) == asked
        assert await visit.page.evaluate("getSelection().toString()") == selected


async def test_a_person_logs_in_once_and_out_again(
    browser: Any, redis: Redis, redis_url: str, namespace: str
) -> None:
    guarded = configured(namespace=namespace, redis={"url": redis_url}, http={"token": TOKEN})
    async with served(guarded, redis) as pages, visiting(browser, pages.url) as visit:
        await visit.open("/objects/jetbuilt/project/7")
        await visit.page.fill("#token", "a wrong one")
        await visit.page.click("button")
        assert "The token is wrong" in await visit.page.inner_text("main")
        await visit.page.fill("#token", TOKEN)
        await visit.page.keyboard.press("Enter")
        await visit.page.wait_for_url("**/objects/jetbuilt/project/7")
        (cookie,) = await visit.page.context.cookies()
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
        assert await visit.page.evaluate("document.cookie") == ""
        await visit.open("/")
        await visit.page.click("text=Log out")
        await visit.page.wait_for_selector("#token")
        assert await visit.page.context.cookies() == []


async def test_hostile_names_are_text(browser: Any, redis: Redis, settings: Settings) -> None:
    hostile = [
        "<script>alert(1)</script><img src=x onerror=alert(2)>\"'><svg onload=alert(3)>",
        "\u202eesrever \u2066isolated\x1b[31m \x9b2J \x00",
        "<h1>" * 2_500,
        "W" * 10_000,
        "javascript:alert(4) {{ 7 * 7 }} {% raw %}",
    ]
    scene = {
        f"jetbuilt/project/{number}": errors.MappingRefused(name, detail=name, remedy=name)
        for number, name in enumerate(hostile, start=1)
    }
    await page_scene.fail(Queue(redis, namespace=settings.namespace, settings=settings.queue), scene)
    async with served(settings, redis) as pages, visiting(browser, pages.url, width=390) as visit:
        visit.page.on("dialog", lambda dialog: visit.complaints.append(dialog.message))
        for path in ("/", *(f"/objects/{key}" for key in scene)):
            await visit.open(path)
            assert await visit.page.locator("img, h1 h1, svg, body script").count() == 0
            assert await visit.page.evaluate("document.documentElement.scrollWidth") <= 390, path
            assert await visit.page.evaluate(OVERFLOWS) == [], path
            text = await visit.page.inner_text("body")
            assert not set(text) & {"\u202e", "\u2066", "\x1b", "\x9b", "\x00"}
        assert "{{ 7 * 7 }}" in text
        visit.assert_clean()


class Picture(NamedTuple):
    """A picture of the documentation."""

    name: str
    path: str
    width: int
    height: int
    scheme: str


@pytest.mark.parametrize(
    "picture",
    [
        Picture("status-desktop", "/", 1280, 2000, "light"),
        Picture("status-phone", "/", 390, 1600, "dark"),
        Picture("object-desktop", PATHS["object"], 1280, 1000, "dark"),
        Picture("object-phone", PATHS["object"], 390, 1200, "light"),
    ],
    ids=lambda picture: picture.name,
)
async def test_a_picture_is_taken(browser: Any, pages: Served, tmp_path: Path, picture: Picture) -> None:
    file = Path(os.environ.get("CWBRIDGE_PICTURES", tmp_path)) / f"{picture.name}.png"
    async with visiting(browser, pages.url, width=picture.width, color_scheme=picture.scheme) as visit:
        await visit.open(picture.path)
        shown = {"x": 0, "y": 0, "width": picture.width, "height": picture.height}
        await visit.page.screenshot(path=file, full_page=True, clip=shown)
    assert file.stat().st_size > 20_000
