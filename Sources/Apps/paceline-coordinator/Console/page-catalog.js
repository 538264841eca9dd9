// What was published, catalogs and packages of models, who serves which, and the way back to a former version.
import { change, get, noted, tryChange } from "./api.js";
import { confirm, may } from "./dialog.js";
import { h, table } from "./dom.js";
import { bytes, seconds, time } from "./format.js";
import { loadScheduled, scheduledView } from "./scheduled.js";

export const title = () => "Catalog & models";
export const topics = ["catalog", "models", "leader", "audit"];
export const everySeconds = 5;

export async function load() {
  const [{ versions }, { versions: packages }, scheduled, nodes] = await Promise.all([
    get("catalog/versions?limit=50"), get("models/versions?limit=20"), loadScheduled(), get("models").catch((error) => {
      if (error.status === 503) return null;
      throw error;
    }),
  ]);
  return { versions, packages, scheduled, nodes };
}

export function view({ versions, packages, scheduled, nodes }, { me, read }) {
  return [
    h("h1", null, "Catalog and models"),
    h("h2", null, "Versions of the catalog"),
    table("Versions of the catalog", [
      { label: "Version", number: true, of: (one) => one.version }, { label: "At", of: (one) => time(one.at) }, { label: "By", of: (one) => one.who },
      { label: "What", of: (one) => one.what }, { label: "Why", kind: "prose", of: (one) => one.note || "–" }, { label: "Compiled", number: true, of: (one) => bytes(one.bytes) },
      { label: "", kind: "act", of: (one) => (one === versions[0] ? h("span", { class: "badge good" }, "published")
        : may(me, "trafficker") && h("button", { class: "quiet", type: "button", "aria-label": `Roll back to version ${one.version}`, onclick: () => rollBack(me, one, versions[0], read) }, "Roll back to it")) },
    ], versions, { empty: "No catalog is published.", key: (one) => one.version }),
    scheduledView(scheduled, me, read),
    h("h2", null, "Packages of models"),
    table("Packages of models", [
      { label: "Package", number: true, of: (one) => one.version }, { label: "At", of: (one) => time(one.at) }, { label: "By", of: (one) => one.who },
      { label: "Served by", of: (one) => (one.serves === "canary" ? `canary: ${one.nodes.join(", ")}` : one.serves ?? "nobody") },
      { label: "Last turn", of: (one) => one.turns[0] && `${one.turns[0].what}, ${time(one.turns[0].at)}` }, { label: "Size", number: true, of: (one) => bytes(one.bytes) },
      { label: "", kind: "act", of: (one) => one.serves !== "everybody" && one.isKept && one.turns.length > 0 && may(me, "operator")
        && h("button", { class: "quiet", type: "button", "aria-label": `Roll back to package ${one.version}`, onclick: () => rollBackModels(me, one, packages, nodes, read) }, "Roll back to it") },
    ], packages, { empty: "No package of models was published.", key: (one) => one.version }),
    h("h2", null, "Models on nodes"),
    nodes === null ? h("p", { class: "muted" }, "Nodes are only heard by the coordinator that leads.") : table("Models on nodes", [
      { label: "Node", of: (one) => one.name }, { label: "Region", of: (one) => one.region }, { label: "Package", number: true, of: (one) => one.package },
      { label: "Serves", of: (one) => one.models ?? "none" }, { label: "Refuses", kind: "prose", of: (one) => one.refused ?? "nothing" }, { label: "Heard", number: true, of: (one) => `${seconds(one.ageSeconds)} ago` },
    ], nodes.nodes, { empty: "No node that follows published models was heard in the last minute.", key: (one) => one.name }),
  ];
}

async function rollBack(me, one, newest, read) {
  const body = { version: one.version };
  // Of the catalog as it is seen here: another one that was published meanwhile is looked at first.
  const seen = { "if-match": `"${newest.version}"` };
  const done = await confirm(me, {
    title: `Roll back to version ${one.version}?`, role: "trafficker", verb: "Roll back", isGrave: true, isAlways: true,
    about: h("p", null, `The catalog becomes what it was at ${time(one.at)}, as a new version. Everything that was changed since then is undone.`),
    attempt: () => tryChange("POST", "catalog/rollback", body, seen),
    perform: (note, key) => change("POST", "catalog/rollback", body, key, { ...seen, ...noted(note) }),
  });
  if (done) read();
}

async function rollBackModels(me, one, packages, nodes, read) {
  const body = { version: one.version };
  // Of the turn as it is seen here; a list has the newest packages, and the leader the newest turn.
  const turn = Math.max(nodes?.published?.version ?? 0, ...packages.flatMap((each) => each.turns.map((made) => made.turn)));
  const now = packages.filter((each) => each.serves).map((each) => `package ${each.version} (${each.serves})`).join(" and ");
  const done = await confirm(me, {
    title: `Roll back to package ${one.version}?`, role: "operator", verb: "Roll back", isGrave: true,
    about: h("p", null, "Every node serves it again, and no node another one."),
    attempt: () => h("p", null, `Served now: ${now || "nothing"}. ${nodes ? `${nodes.nodes.filter((node) => node.package !== one.version).length} of ${nodes.nodes.length} nodes would change.` : "Which nodes would change only the leader knows."}`),
    perform: (note, key) => change("POST", "models/rollback", body, key, { "if-match": `"${turn}"`, ...noted(note) }),
  });
  if (done) read();
}
