// The console's frame: who is signed in, which page is open, and when it is read again.
import { ask, get, Problem, token } from "./api.js";
import { problemNode } from "./dialog.js";
import { h, show } from "./dom.js";
import { listen, stop } from "./live.js";
import * as fleet from "./page-fleet.js";
import * as campaigns from "./page-campaigns.js";
import * as campaign from "./page-campaign.js";
import * as creative from "./page-creative.js";
import * as edit from "./page-edit.js";
import * as bulk from "./page-bulk.js";
import * as ledger from "./page-ledger.js";
import * as catalog from "./page-catalog.js";
import * as decision from "./page-decision.js";
import * as audit from "./page-audit.js";

/** Each page: title(parts), load(parts, me), view(data, tools); topics that make it read again, and every so many seconds. */
const pages = [
  [/^fleet$/, fleet], [/^campaigns$/, campaigns], [/^campaigns\/([^/]+)$/, campaign],
  [/^campaigns\/([^/]+)\/(edit|clone)$/, edit], [/^new()$/, edit], [/^creatives\/([^/]+)$/, creative], [/^bulk$/, bulk], [/^ledger$/, ledger],
  [/^catalog$/, catalog], [/^decisions(?:\/([^/]+))?$/, decision], [/^audit$/, audit],
];
const sections = [["fleet", "Fleet"], ["campaigns", "Campaigns"], ["ledger", "Ledger"], ["catalog", "Catalog"], ["decisions", "Decisions"], ["audit", "Audit"]];

const place = (id) => document.getElementById(id);
let me = null;
let open = null;
let standing = { word: "asking", since: new Date() };
/** A page that takes long is read seldom: it waits for so many times as long. */
const pauseTimes = 4;

function route() {
  const path = location.hash.replace(/^#\/?/, "") || "fleet";
  for (const [pattern, page] of pages) {
    const found = path.match(pattern);
    if (!found) continue;
    try {
      return { path, page, parts: found.slice(1).map((part) => part && decodeURIComponent(part)) };
    } catch {
      // An address that nobody has written so, such as %.
    }
  }
  return { path: "fleet", page: fleet, parts: [] };
}

async function navigate() {
  if (me === null) return;
  const asked = open = { ...route(), data: null, isReading: false, isStale: false, notBefore: 0, timer: null };
  document.title = `${open.page.title(open.parts)} – Paceline`;
  frame();
  show(place("main"), h("p", { class: "muted" }, "Reading …"));
  await read();
  if (asked !== open) return;
  place("main").focus({ preventScroll: true });
  scrollTo(0, 0);
}

/** Reads the open page again; what is asked for meanwhile is read once afterwards. */
async function read() {
  const asked = open;
  if (asked === null) return;
  if (asked.isReading) {
    asked.isStale = true;
    return;
  }
  asked.isReading = true;
  const began = performance.now();
  const tools = { me, parts: asked.parts, read, redraw };
  let isAnswered = true;
  try {
    const data = await asked.page.load(asked.parts, me);
    if (asked === open) {
      show(place("main"), asked.page.view(data, tools));
      asked.data = data;
    }
  } catch (error) {
    isAnswered = error.status !== 0;
    // What was read before stays: who looks at an incident needs the last that was known.
    if (asked === open && error.status !== 401) {
      let old = h("h1", null, asked.page.title(asked.parts));
      try {
        if (asked.data) old = asked.page.view(asked.data, tools);
      } catch {
        // The title does.
      }
      show(place("main"), problemNode(error), old);
    }
  } finally {
    asked.isReading = false;
    const ended = performance.now();
    // Who has not answered is asked again as soon as it does.
    asked.notBefore = isAnswered ? ended + pauseTimes * (ended - began) : ended;
  }
  if (asked === open && asked.isStale) {
    asked.isStale = false;
    await read();
  }
}

/** For what has changed elsewhere, when the page may be read again. */
function readSoon() {
  const asked = open;
  if (asked === null || asked.page.isForm || asked.timer !== null) return;
  const wait = asked.notBefore - performance.now();
  if (!asked.isReading && wait <= 0) return read();
  asked.timer = setTimeout(() => {
    asked.timer = null;
    if (asked === open) readSoon();
  }, asked.isReading ? 1_000 : wait);
}

/** With what is known, after something that only this page knows has changed. */
function redraw() {
  if (open?.data) show(place("main"), open.page.view(open.data, { me, parts: open.parts, read, redraw }));
}

async function identify() { me = await get("me"); }

let isIdentifying = false;

/** Roles, tokens and leaders change with no event of their own. */
async function identifyAgain() {
  const before = me;
  if (before === null || isIdentifying) return;
  isIdentifying = true;
  try {
    const found = await get("me");
    // Somebody may have signed out meanwhile, or in.
    if (me !== before || JSON.stringify(found) === JSON.stringify(before)) return;
    me = found;
    frame();
    readSoon();
  } catch {
    // It stays as it was: who is not known any more signs in, and of silence the events tell.
  } finally {
    isIdentifying = false;
  }
}

async function heard(names) {
  if (names.includes("leader")) await identifyAgain();
  if (open && names.some((name) => open.page.topics.includes(name))) readSoon();
}

function stand(word) {
  if (word === standing.word) return;
  standing = { word, since: new Date() };
  frame();
}

function frame() {
  const path = open?.path ?? "";
  show(place("header"),
    h("a", { class: "brand", href: "#/fleet" }, h("img", { src: "icon.svg", alt: "", width: "22", height: "22" }), "Paceline"),
    h("nav", { "aria-label": "Pages" }, sections.map(([name, label]) => h("a", {
      href: `#/${name}`, "aria-current": path === name || path.startsWith(`${name}/`) || name === "campaigns" && (path === "new" || path === "bulk" || path.startsWith("creatives/")) ? "page" : null,
    }, label))),
    h("div", { class: "who" },
      h("span", { class: `live ${standing.word}`, title: `since ${standing.since.toISOString().slice(11, 19)} UTC` },
        { live: "live", lost: "no answer", asking: "…" }[standing.word]),
      me && h("span", null, `${me.who}, ${me.role}`),
      me && token.get() && h("button", { class: "quiet", type: "button", onclick: signOut }, "Sign out")));
  const coordinator = me?.coordinator;
  show(place("notices"),
    standing.word === "lost" && h("p", { class: "notice bad" }, `No answer since ${standing.since.toISOString().slice(11, 19)} UTC. What is shown is from before; it is asked again.`),
    me && !me.needsToken && h("p", { class: "notice" }, "There are no tokens yet: whoever reaches this address may do everything. Make an admin's with ", h("code", null, "paceline token create NAME --role admin"), "."),
    coordinator && !coordinator.leads && h("p", { class: "notice" }, `${coordinator.name} does not lead. `,
      coordinator.leader ? ["Changes are made at the leader: ", h("a", { href: `${coordinator.leader.address}/console/${location.hash}` }, `${coordinator.leader.name}'s console`), "."] : "Nobody does at the moment."));
  show(place("footer"), coordinator && h("p", null, `${coordinator.name}, version ${coordinator.version}, epoch ${coordinator.epoch}. All times are UTC. `,
    h("a", { href: "/api/v1/openapi.json" }, "The API")));
}

function signOut() {
  token.forget();
  stop();
  location.reload();
}

function signIn(why) {
  stop();
  me = null;
  open = null;
  frame();
  const input = h("input", { id: "token", name: "token", type: "password", autocomplete: "off", required: true, size: "40", spellcheck: "false" });
  const said = h("p", { class: "refused", role: "alert" }, token.get() || why?.includes("certificate") ? why : null);
  const form = h("form", { class: "signin" },
    h("h1", null, "Sign in"),
    h("p", null, "With a token, as ", h("code", null, "paceline token create NAME --role ROLE"), " prints it. It stays in this tab, and is over when the tab is closed."),
    h("p", { class: "field" }, h("label", { for: "token" }, "Token"), input), said,
    h("p", { class: "buttons" }, h("button", { class: "primary" }, "Sign in")));
  token.forget();
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    token.set(input.value.trim());
    try {
      await ask("GET", "me");
      begin();
    } catch (error) {
      token.forget();
      said.textContent = error.message;
      input.select();
    }
  });
  place("main").replaceChildren(form);
  input.focus();
}

let isSigningIn = false;
addEventListener("signin", (event) => {
  // The form says itself what is wrong with a token that was typed into it.
  if (isSigningIn || place("main").querySelector(".signin")) return;
  isSigningIn = true;
  queueMicrotask(() => {
    isSigningIn = false;
    signIn(event.detail);
  });
});
addEventListener("hashchange", navigate);

async function begin() {
  try {
    await identify();
  } catch (error) {
    if (error.status !== 401 && !error.body?.certificate) {
      show(place("main"), problemNode(error instanceof Problem ? error : new Problem(0, { title: String(error) })));
      setTimeout(begin, 2_000);
    }
    return;
  }
  await navigate();
  listen(heard, stand);
}

// What was asked for with a page and has come after it was shown.
addEventListener("late", readSoon);
setInterval(() => {
  if (document.hidden || open === null || standing.word !== "live") return;
  identifyAgain();
  if (open.page.everySeconds) readSoon();
}, 5_000);
frame();
begin();
