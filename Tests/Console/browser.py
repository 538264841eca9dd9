"""browser: a real Chromium as chromedriver steers it, by the WebDriver protocol and nothing else. It knows nothing of the console."""
import base64, json, os, shutil, socket, subprocess, tempfile, time, urllib.error, urllib.request

# The name that the protocol gives to a reference of an element.
reference = "element-6066-11e4-a52e-4f735466cecf"
keys = {"Escape": "\ue00c", "Enter": "\ue007", "Tab": "\ue004"}


def programs():
    """Chromium and its driver; nil where one of them is not here."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    return (chromium, driver) if chromium and driver else None


class Refused(Exception):
    """What the driver says of a command that it did not take."""


class Browser:
    def __init__(self, wide=1280, high=900):
        chromium, driver = programs()
        self.folder = tempfile.mkdtemp(prefix="paceline-console-")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.log = open(os.path.join(self.folder, "driver.log"), "wb")
        self.process = subprocess.Popen([driver, f"--port={port}"], stdout=self.log, stderr=self.log)
        self.address = f"http://127.0.0.1:{port}"
        options = {
            "binary": chromium,
            # Without a sandbox as tests run as root; nothing but this machine's own pages is opened.
            "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", f"--window-size={wide},{high}",
                     f"--user-data-dir={self.folder}/profile"],
            "prefs": {"download.default_directory": self.folder, "download.prompt_for_download": False}}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}
        deadline = time.monotonic() + 20
        while True:
            try:
                made = self.call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
                break
            except urllib.error.URLError:
                if time.monotonic() > deadline:
                    self.end()
                    raise
                time.sleep(0.05)
        self.session = f"/session/{made['sessionId']}"

    def call(self, method, path, body=None):
        request = urllib.request.Request(
            self.address + path, method=method, data=None if method == "GET" else json.dumps(body or {}).encode(),
            headers={"content-type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            value = json.load(error)["value"]
            raise Refused(f"{value['error']}: {value['message'].splitlines()[0]}") from None

    def ask(self, method, path, body=None):
        return self.call(method, self.session + path, body)

    def developer(self, command, **parameters):
        """A command of Chromium's own protocol."""
        return self.ask("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def open(self, address):
        self.ask("POST", "/url", {"url": address})

    def run(self, script, *arguments):
        return self.ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def text(self, selector="main"):
        return self.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def find(self, selector):
        return self.ask("POST", "/element", {"using": "css selector", "value": selector})[reference]

    def button(self, words, within="body"):
        """The button, link or summary that says this, by its words or by its label; one that can be seen."""
        found = self.run("""
            const all = [...document.querySelectorAll(`${arguments[1]} :is(button, a, summary)`)];
            const said = (one) => [one.innerText.trim(), one.getAttribute("aria-label")];
            return all.find((one) => one.getClientRects().length > 0 && said(one).includes(arguments[0])) ?? null""", words, within)
        if found is None:
            raise Refused(f"no button says '{words}'")
        return found[reference]

    def press(self, words, within="body"):
        self.ask("POST", f"/element/{self.button(words, within)}/click")

    def type(self, selector, text):
        element = self.find(selector)
        self.ask("POST", f"/element/{element}/clear")
        self.ask("POST", f"/element/{element}/value", {"text": text})

    def key(self, name):
        strokes = [{"type": kind, "value": keys[name]} for kind in ("keyDown", "keyUp")]
        self.ask("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": strokes}]})

    def look(self, wide, high, dark=False, phone=False):
        self.developer("Emulation.setDeviceMetricsOverride", width=wide, height=high, deviceScaleFactor=1, mobile=phone)
        self.developer("Emulation.setScrollbarsHidden", hidden=True)
        self.developer("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def picture(self, file, whole=True):
        taken = self.developer("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        with open(file, "wb") as out:
            out.write(base64.b64decode(taken["data"]))

    def complaints(self):
        """What the page's scripts and its policy have complained of since the last call."""
        return [one["message"] for one in self.ask("POST", "/se/log", {"type": "browser"}) if one["level"] == "SEVERE"]

    def requests(self):
        """Addresses that were asked for since the last call."""
        found = []
        for one in self.ask("POST", "/se/log", {"type": "performance"}):
            message = json.loads(one["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                found.append(message["params"]["request"]["url"])
        return found

    def end(self):
        try:
            if hasattr(self, "session"):
                self.ask("DELETE", "")
        except (Refused, OSError):
            pass
        self.process.terminate()
        self.process.wait(10)
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)
