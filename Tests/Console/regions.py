"""The console's step in which a region is taken out of service and put back, for `check`."""


def move_a_region(page, until, must, say):
    """Drained after a dry run, by whoever may; then put back."""
    browser = page.browser
    page.go("fleet")
    row = "[...[...document.querySelectorAll('main table')][0].querySelectorAll('tbody tr')].find((one) => one.innerText.includes('us-west'))"
    # Until the leader has counted what each region answers.
    until("regions are counted", 40, lambda: all(one["requestsPerSecond"] is not None for one in page.api("regions")["regions"]), page.text)
    press = lambda text: browser.run(f"[...{row}.querySelectorAll('button')].find((one) => one.innerText === '{text}').click()")
    until("it can be drained", 10, lambda: "Drain" in browser.run(f"return {row}.innerText"), page.text)
    press("Drain")
    page.dialog("It takes the role operator")
    page.dialog("the others have room for")
    page.dialog("us-east")
    must(page.api("regions")["regions"][1]["asked"] == "serve", "a dry run has drained it")
    note = "work on its power"
    browser.type("#note", note)
    browser.press("Drain it", "dialog")
    page.is_closed()
    until("it is shown", 8, lambda: "drain by admin" in browser.run(f"return {row}.innerText"), page.text)
    one = page.api("regions")["regions"][1]
    must(one["region"] == "us-west" and one["share"] == 0 and one["why"] == note and one["who"] == "admin", f"{one}")
    press("Restore")
    page.dialog("All of its traffic is back")
    browser.press("Restore it", "dialog")
    page.is_closed()
    until("it is back", 60, lambda: page.api("regions")["regions"][1]["state"] == "healthy", page.text)
    until("that is shown", 10, lambda: "healthy" in browser.run(f"return {row}.innerText"), page.text)
    page.go("audit")
    page.says("drain")
    say("a region was drained after a dry run, and restored")
