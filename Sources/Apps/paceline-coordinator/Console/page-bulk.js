// Many campaigns at once, as comma-separated values: read, tried on the whole catalog, and published as one version.
import { change, get, tryChange } from "./api.js";
import { campaigns, columns, read, save } from "./csv.js";
import { confirm, may, problemNode } from "./dialog.js";
import { h } from "./dom.js";

export const title = () => "Campaigns by CSV";
export const topics = [];
export const isForm = true;

/** The number first: where another version is published in between, the change is refused by it. */
export async function load() {
  const { versions } = await get("catalog/versions?limit=1");
  return { version: versions[0]?.version ?? null, catalog: await get("catalog") };
}

export function view({ catalog, version }, { me }) {
  const said = h("div", { "aria-live": "polite" });
  const text = h("textarea", { id: "csv", rows: "12", spellcheck: "false", placeholder: columns.join(",") });
  const file = h("input", { id: "csv-file", type: "file", accept: ".csv,text/csv", onchange: async (event) => {
    const chosen = event.target.files[0];
    if (chosen) event.target.form.elements.csv.value = await chosen.text();
  } });
  text.name = "csv";
  return [
    h("p", { class: "crumbs" }, h("a", { href: "#/campaigns" }, "Campaigns")),
    h("h1", null, title()),
    h("p", null, "One line a campaign, under a first line with the columns' names: ", h("code", null, columns.join(", ")), ". An id that is there is changed, another one is created. An empty cell leaves as it is what is there; nothing is removed."),
    h("p", { class: "buttons" }, h("button", { type: "button", onclick: () => save("campaigns.csv", campaigns(catalog.campaigns ?? [])) }, `What is there as CSV (${(catalog.campaigns ?? []).length})`)),
    may(me, "trafficker") ? h("form", { class: "sheet wide", onsubmit: (event) => {
      event.preventDefault();
      submit(event.currentTarget, event.currentTarget.querySelector("[aria-live]"), me);
    } },
      h("p", { class: "field" }, h("label", { for: "csv-file" }, "A file"), file),
      h("p", { class: "field" }, h("label", { for: "csv" }, "Or lines, pasted"), text),
      said, h("p", { class: "buttons" }, h("button", { class: "primary" }, "Try it …")))
      : h("p", { class: "refused" }, `Changing campaigns takes the role trafficker. You are ${me.role}.`),
    h("p", { class: "muted" }, version === null ? "No catalog is published yet." : `The catalog is of version ${version} here.`),
  ];
}

async function submit(form, said, me) {
  said.replaceChildren();
  try {
    const { version, catalog } = await load();
    let found;
    try {
      found = read(form.elements.csv.value, new Map((catalog.campaigns ?? []).map((one) => [one.id, one])));
    } catch (error) {
      found = { documents: [], wrong: [{ line: "", column: "", why: error.message }] };
    }
    if (found.wrong.length > 0) {
      return said.replaceChildren(h("div", { class: "refused", role: "alert" }, h("p", null, "It was not sent:"), h("ul", null, found.wrong.slice(0, 50).map((one) =>
        h("li", null, one.line && `line ${one.line}`, one.column && h("code", null, ` ${one.column}`), one.line && ": ", one.why)), found.wrong.length > 50 && h("li", null, `and ${found.wrong.length - 50} more`))));
    }
    const changed = new Map(found.documents.map((one) => [one.id, one]));
    const kept = (catalog.campaigns ?? []).map((one) => changed.get(one.id) ?? one);
    const whole = { ...catalog, campaigns: [...kept, ...found.documents.filter((one) => !kept.includes(one))] };
    const head = version === null ? { "if-none-match": "*" } : { "if-match": `"${version}"` };
    const tried = await tryChange("POST", "catalog/import", whole, head);
    const done = await confirm(me, {
      title: `Publish ${found.documents.length} ${found.documents.length === 1 ? "campaign" : "campaigns"}?`, role: "trafficker", verb: "Publish",
      attempt: () => tried, perform: (note) => change("POST", "catalog/import", whole, note ? { ...head, "paceline-note": note } : head),
    });
    if (done) said.replaceChildren(h("p", { class: "notice good", role: "status" }, `Published as version ${done.published}.`));
  } catch (error) {
    said.replaceChildren(problemNode(error));
  }
}
