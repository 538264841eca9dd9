// The audit log: who changed what, from what to what, the newest first.
import { get } from "./api.js";
import { may } from "./dialog.js";
import { h, table } from "./dom.js";
import { time } from "./format.js";

export const title = () => "Audit";
export const topics = ["audit", "leader"];

const filter = { kind: "", id: "", who: "" };
let pages = 1;

export async function load(_, me) {
  if (!may(me, "admin")) return null;
  const query = Object.entries(filter).filter(([, value]) => value).map(([name, value]) => `&${name}=${encodeURIComponent(value)}`).join("");
  const entries = [];
  let next = "";
  for (let page = 0; page < pages && next !== null; page += 1) {
    const found = await get(`audit?limit=50${query}${next ? `&before=${next}` : ""}`);
    entries.push(...found.entries);
    next = found.next;
  }
  return { entries, next };
}

export function view(data, { me, read }) {
  if (data === null) return [h("h1", null, "Audit"), h("p", { class: "refused" }, `The audit log takes the role admin. You are ${me.role}.`)];
  const field = (name, label) => h("p", { class: "field" }, h("label", { for: `audit-${name}` }, label), h("input", { id: `audit-${name}`, value: filter[name], onchange: (event) => {
    filter[name] = event.target.value.trim();
    pages = 1;
    read();
  } }));
  return [
    h("h1", null, "Audit"),
    h("div", { class: "filters" }, field("who", "Who"), field("kind", "Kind"), field("id", "Id")),
    table("Audit log", [
      { label: "At", of: (one) => time(one.at) }, { label: "Who", of: (one) => one.who }, { label: "What", of: (one) => one.what },
      { label: "Of", of: (one) => [one.kind, h("small", null, one.id)] }, { label: "Version", number: true, of: (one) => one.version },
      { label: "From what to what", kind: "prose", of: (one) => difference(one) },
    ], data.entries, { empty: "Nothing was changed by anybody of these.", key: (one) => one.ordinal }),
    data.next && h("p", { class: "buttons" }, h("button", { type: "button", onclick: () => {
      pages += 1;
      read();
    } }, "Older ones")),
  ];
}

function difference({ before, after }) {
  if (!before && !after) return null;
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])].filter((name) => JSON.stringify(before?.[name]) !== JSON.stringify(after?.[name]));
  const words = before && after ? `${names.length} ${names.length === 1 ? "field" : "fields"}: ${names.join(", ")}` : before ? "removed" : "created";
  return h("details", null, h("summary", null, words), h("ul", null, names.map((name) => h("li", null, h("code", null, name), ": ", h("del", null, JSON.stringify(before?.[name]) ?? "–"), " → ", h("ins", null, JSON.stringify(after?.[name]) ?? "–")))));
}
