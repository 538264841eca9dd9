// Changes of the catalog that wait for their time, and those that were refused when it came: a list, and the way to take one back.
import { change, get, noted } from "./api.js";
import { confirm, may } from "./dialog.js";
import { h, table } from "./dom.js";
import { time } from "./format.js";

let who = "";

/** All that wait and all that were refused, of one name or of everybody, in the order of their times. */
export async function loadScheduled() {
  const pages = await Promise.all([all("waiting", "after"), all("refused", "before")]);
  return pages.flat().sort((one, other) => (one.at < other.at ? -1 : one.at > other.at ? 1 : one.number - other.number));
}

async function all(state, place) {
  const found = [];
  for (let next = ""; next !== null;) {
    const page = await get(`scheduled?state=${state}&limit=1000${who ? `&who=${encodeURIComponent(who)}` : ""}${next ? `&${place}=${next}` : ""}`);
    found.push(...page.scheduled);
    next = page.next;
  }
  return found;
}

const roleOf = (one) => (one.what === "pause" || one.what === "resume" ? "operator" : "trafficker");
const thing = (one) => (one.id ? `${one.kind} ${one.id}` : one.target ? `version ${one.target}` : "the catalog");

export function scheduledView(scheduled, me, read) {
  return [
    h("h2", null, "Scheduled changes"),
    h("div", { class: "filters" }, h("p", { class: "field" }, h("label", { for: "scheduled-who" }, "Sent by"), h("input", { id: "scheduled-who", value: who, onchange: (event) => {
      who = event.target.value.trim();
      read();
    } }))),
    table("Scheduled changes", [
      { label: "Number", number: true, of: (one) => one.number }, { label: "At", of: (one) => time(one.at) }, { label: "By", of: (one) => one.who },
      { label: "What", of: (one) => `${one.what} ${thing(one)}` }, { label: "Why", kind: "prose", of: (one) => one.note || "–" },
      { label: "State", kind: "prose", of: (one) => (one.state === "refused" ? h("span", { class: "badge bad" }, `refused: ${one.reason?.title ?? "no reason"}`) : "waits") },
      { label: "", kind: "act", of: (one) => may(me, roleOf(one))
        && h("button", { class: "quiet", type: "button", "aria-label": `${one.state === "refused" ? "Dismiss" : "Cancel"} scheduled change ${one.number}`, onclick: () => cancel(me, one, read) }, one.state === "refused" ? "Dismiss it" : "Cancel it") },
    ], scheduled, { empty: who ? "No change of this name waits for its time." : "No change waits for its time.", key: (one) => one.number }),
  ];
}

async function cancel(me, one, read) {
  const isRefused = one.state === "refused";
  const done = await confirm(me, {
    title: `${isRefused ? "Dismiss" : "Cancel"} scheduled change ${one.number}?`, role: roleOf(one), verb: isRefused ? "Dismiss it" : "Cancel it",
    attempt: () => h("p", null, isRefused ? `It was refused when its time came, and nothing of it was done: ${one.reason?.title ?? "no reason is given"}. It is not shown here any more.`
      : `${one.what} ${thing(one)} will not be made at ${time(one.at)}.`),
    perform: (note, key) => change("DELETE", `scheduled/${one.number}`, undefined, key, noted(note)),
  });
  if (done) read();
}
