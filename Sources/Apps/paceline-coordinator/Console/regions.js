// Regions that are taken out of service and put back: what it would come to first, and who may.
import { change, noted, tryChange } from "./api.js";
import { confirm, may } from "./dialog.js";
import { h } from "./dom.js";
import { count, money, seconds, time } from "./format.js";

const kinds = { healthy: "good", suspect: "warn", draining: "warn", lost: "bad", rejoining: "warn" };

/** Where it stands, and by whose word. */
export function standing(one) {
  return [h("span", { class: `badge ${kinds[one.state]}` }, one.state, one.share < 1_000 && one.share > 0 ? ` at ${one.share / 10} %` : ""),
    one.asked !== "serve" && h("small", null, `${one.asked} by ${one.who}, ${time(one.askedAt)}${one.why ? `: ${one.why}` : ""}${one.isForced ? " (forced)" : ""}`)];
}

export function seen(one) {
  return h("span", { class: one.inside && one.outside !== false ? "badge good" : "badge bad" },
    `${one.inside ? "brokers speak" : "brokers are silent"}, ${one.outside === null ? "no probe" : one.outside ? "probes answered" : "probes not answered"}`);
}

/** Whoever may not sees no button: the dialog would say so, and nothing else. */
export function buttons(me, one, read) {
  const button = (deed) => h("button", { type: "button", onclick: () => ask(me, one, deed, read) }, deed === "drain" ? "Drain" : "Restore");
  return may(me, "operator") && (one.asked === "serve" ? button("drain") : button("restore"));
}

async function ask(me, one, deed, read) {
  const drains = deed === "drain";
  const path = `regions/${deed}`;
  const force = h("input", { type: "checkbox", id: "force" });
  const headers = { "if-match": `"${one.version}"` };
  const done = await confirm(me, {
    title: `${drains ? "Drain" : "Restore"} ${one.region}?`, role: "operator", verb: drains ? "Drain it" : "Restore it", isGrave: drains,
    about: h("p", null, drains ? "Its nodes say within a second that they are not ready, so that traffic goes to the other regions. What still comes is answered, and bills count."
      : "It gets its traffic by and by, as long as its brokers and probes answer."),
    attempt: async () => outcome((await tryChange("POST", path, { region: one.region }, headers)).effects, drains, force),
    perform: (note, key) => change("POST", path, drains ? { region: one.region, force: force.checked } : { region: one.region }, key, { ...headers, ...noted(note) }),
  });
  if (done) read();
}

const rate = (value) => (value === null ? "not counted yet" : `${count(Math.round(value))} a second`);

function outcome(effects, drains, force) {
  if (!drains) return h("p", null, `All of its traffic is back ${seconds(effects.takesSeconds)} after its first share.`);
  const leased = effects.leased.map((one) => money(one.amount, one.currency)).join(", ") || "Nothing";
  return h("div", null,
    h("p", null, `It answers ${rate(effects.requestsPerSecond)}; the others have room for ${rate(effects.spare)}.`),
    h("ul", { class: "effects" }, effects.others.map((one) => h("li", null, h("strong", null, one.region), ` takes ${rate(one.takes)} beside ${rate(one.requestsPerSecond)}, of ${rate(one.carries)}`))),
    h("p", null, `${leased} is leased there and not known to be spent: what is idle comes back while its brokers speak, else it waits for the fences, ${seconds(effects.leaseSeconds)} after the last renewal.`),
    !effects.fits && h("p", { class: "refused" }, "The others could not carry it. ", force, h("label", { for: "force" }, "Drain it all the same; the audit log keeps that")));
}
