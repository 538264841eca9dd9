"""Decisions in the console: one that a node has just made is explained by its id, one that nobody made is not, and who may not is told so."""
import json, os, urllib.request

root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def made(fleet):
    """A bid that a node makes for a request of ours: its id."""
    with open(os.path.join(root, "Examples/ctv-pod.json"), "rb") as file:
        request = file.read()
    for member in fleet.members:
        if member["role"] != "node":
            continue
        asked = urllib.request.Request(f"{member['serves']}/openrtb2/bid", request, {"content-type": "application/json"})
        with urllib.request.urlopen(asked, timeout=5) as answer:
            text = answer.read()
            if answer.status == 200:
                return json.loads(text)["bidid"], member["name"]
    raise OSError("no node has bid")


def explain(page, until, must, say):
    browser = page.browser
    page.sign_in("viewer")
    page.go("decisions")
    page.says("takes the role operator")
    page.sign_in("operator")
    page.go("decisions")
    browser.type("#decision", "12xy")
    browser.press("Explain", "main")
    page.says("is no decision's id")
    id, node = made(page.fleet)
    browser.type("#decision", id)
    browser.press("Explain", "main")
    page.says("What each filter took", seconds=15)
    page.says(node)
    page.says("the same")
    must(browser.run("return location.hash") == f"#/decisions/{id}", "its address cannot be passed on")
    funnel = browser.run("""return [...document.querySelectorAll('main table')][0].querySelectorAll('tbody tr').length""")
    must(funnel >= 2, f"the funnel has {funnel} rows")
    must("Candidates of pod 0" in browser.run("return document.querySelector('main').textContent"), "no candidates are shown")
    browser.run("document.querySelectorAll('main details').forEach((one) => { one.open = true; })")
    page.says("has answered")
    # By the keyboard, and what nobody made.
    browser.type("#decision", "00000000000000aa")
    browser.key("Enter")
    page.says("no node has the decision among its latest", seconds=15)
    page.sign_in("admin")
    page.go("audit")
    page.says("explain")
    page.says(id)
    say(f"decision {id} is explained by {node}, and that somebody looked is in the audit log")
    return id
