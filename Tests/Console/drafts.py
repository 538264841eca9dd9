"""Steps of the console's check about what is not there yet: a forecast before a campaign is saved, and creatives as they would be served."""
import os


def drafts(page, until, must, say, pictures):
    """Both; answers the page of a creative, for who looks at all pages."""
    def picture(name):
        if pictures:
            os.makedirs(pictures, exist_ok=True)
            for look, dark, phone in [("light", False, False), ("dark", True, False), ("phone", False, True)]:
                page.browser.look(390 if phone else 1280, 844 if phone else 900, dark, phone)
                page.browser.picture(os.path.join(pictures, f"{name}-{look}.png"), whole=False)
            page.browser.look(1280, 900)
    foresee(page, until, must, say, picture)
    preview(page, must, say)
    path = page.browser.run("return location.hash").removeprefix("#/")
    page.sign_in("admin")
    return path


def foresee(page, until, must, say, picture):
    """A copy of a campaign: what it could have stands in the dialog before it is made, and leaving it makes nothing."""
    browser = page.browser
    page.sign_in("trafficker")
    page.go("campaigns/harvest-dinner/clone")
    browser.type("[name=id]", "harvest-late")
    browser.press("Check and save …")
    page.dialog("campaigns harvest-late is created")
    page.dialog("Places a day", 30)
    page.dialog("could be served")
    told = page.text("dialog")
    must("us-east" in browser.run("return document.querySelector('dialog .forecast').textContent"), told)
    picture("forecast")
    browser.key("Escape")
    page.is_closed()
    must("harvest-late" not in [one["document"]["id"] for one in page.api("campaigns?limit=1000")["campaigns"]], "leaving it has made it")
    line = next(line for line in told.splitlines() if "could be served" in line)
    said = page.command("campaign", "forecast", "Examples/campaign.json", role="trafficker")
    must("places a day" in said and "lakeside-premiere" in said, said)
    say(f"a forecast before it is saved: {line}")


def preview(page, must, say):
    browser = page.browser
    page.go("campaigns/aurora-launch")
    page.says("aurora-range-30")
    browser.run("document.querySelector('main a[href^=\"#/creatives/\"]').click()")
    page.says("As it is served")
    page.says("television")
    page.says("<VAST")
    page.says("given")
    must(browser.run("return document.querySelector('video, audio, img:not(header img), iframe, object, embed') === null"), "something of the creative is loaded")
    links = browser.run("return [...document.querySelectorAll('main td a, main th a')].map((one) => [one.rel, one.target])")
    must(links and all(rel == "noreferrer noopener" and target == "_blank" for rel, target in links), f"{links}")
    say("a creative is shown as three kinds of screens are served it, and nothing of it is loaded")
