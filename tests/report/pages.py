"""Pages as a reader has them: in a browser that says what went wrong and fetches nothing from a network."""

from contextlib import contextmanager

from playwright.sync_api import Browser, Page


@contextmanager
def opened(browser: Browser, width: int = 1400):
    """An empty tab, and what went wrong in it: errors, messages of the console, requests to a network."""
    page: Page = browser.new_page(viewport={"width": width, "height": 1000})
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("dialog", lambda dialog: (wrong.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    page.on("requestfailed", lambda request: wrong.append(f"failed: {request.url}"))
    page.on("request", lambda request: request.url.startswith("http") and wrong.append(f"network: {request.url}"))
    yield page, wrong
    page.close()
