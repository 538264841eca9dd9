// Many campaigns at once, as comma-separated values: read, tried on the whole catalog, and published as one version.
import { change, get, noted, tryChange } from "./api.js";
import { campaigns, columns, read, save } from "./csv.js";
import { confirm, may, problemNode } from "./dialog.js";
import { h } from "./dom.js";

export const title = () => "Campaigns by CSV";
export const topics = [];
export const isForm = true;

/** The number first: where another version is published in between, the change is refused by it. What is said of the lines is kept beside it. */
export async function load() {
  const { versions } = await get("catalog/versions?limit=1");
  return { version: versions[0]?.version ?? null, catalog: await get("catalog"), said: null };
}

/** @param data is what the lines are written for: read when the page is opened, when it is saved as a file, and after a change; not before one. */
export function view(data, { me, redraw }) {
  const { catalog, version } = data;
  const said = h("div", { "aria-live": "polite" }, data.said?.());
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
    h("p", { class: "buttons" }, h("button", { type: "button", onclick: () => write(data, redraw) }, `What is there as CSV (${(catalog.campaigns ?? []).length})`)),
    may(me, "trafficker") ? h("form", { class: "sheet wide", onsubmit: (event) => {
      event.preventDefault();
      submit(event.currentTarget, data, me, redraw);
    } },
      h("p", { class: "field" }, h("label", { for: "csv-file" }, "A file"), file),
      h("p", { class: "field" }, h("label", { for: "csv" }, "Or lines, pasted"), text),
      said, h("p", { class: "buttons" }, h("button", { class: "primary" }, "Try it …")))
      : h("p", { class: "refused" }, `Changing campaigns takes the role trafficker. You are ${me.role}.`),
    h("p", { class: "muted" }, version === null ? "No catalog is published yet." : `Lines change the catalog of version ${version}, as it was when this page was opened or last saved as CSV. Where somebody has published since, they are refused.`),
  ];
}

/** The newest, as a file; lines are changes of it from then on. */
async function write(data, redraw) {
  try {
    Object.assign(data, await load());
    save("campaigns.csv", campaigns(data.catalog.campaigns ?? []));
  } catch (error) {
    data.said = () => problemNode(error);
  }
  redraw();
}

async function submit(form, data, me, redraw) {
  const say = (node) => {
    data.said = node;
    redraw();
  };
  say(null);
  const { version, catalog } = data;
  const lines = lined(form.elements.csv.value, catalog);
  if (lines.wrong.length > 0) return say(() => refused(lines.wrong));
  const changed = new Map(lines.documents.map((one) => [one.id, one]));
  const kept = (catalog.campaigns ?? []).map((one) => changed.get(one.id) ?? one);
  const whole = { ...catalog, campaigns: [...kept, ...lines.documents.filter((one) => !kept.includes(one))] };
  const head = version === null ? { "if-none-match": "*" } : { "if-match": `"${version}"` };
  try {
    const tried = await tryChange("POST", "catalog/import", whole, head);
    const done = await confirm(me, {
      title: `Publish ${lines.documents.length} ${lines.documents.length === 1 ? "campaign" : "campaigns"}?`, role: "trafficker", verb: "Publish",
      attempt: () => tried, perform: (note, key) => change("POST", "catalog/import", whole, key, { ...head, ...noted(note) }),
    });
    if (!done) return;
    const published = () => h("p", { class: "notice good", role: "status" }, `Published as version ${done.published}.`);
    say(published);
    Object.assign(data, await load(), { said: published });
    redraw();
  } catch (error) {
    say(() => [problemNode(error), error.status === 412 && h("p", null, "Save what is there as CSV again, and write your changes into that.")]);
  }
}

function lined(text, catalog) {
  try {
    return read(text, new Map((catalog.campaigns ?? []).map((one) => [one.id, one])));
  } catch (error) {
    return { documents: [], wrong: [{ line: "", column: "", why: error.message }] };
  }
}

const refused = (wrong) => h("div", { class: "refused", role: "alert" }, h("p", null, "It was not sent:"),
  h("ul", null, wrong.slice(0, 50).map((one) => h("li", null, one.line && `line ${one.line}`, one.column && h("code", null, ` ${one.column}`), one.line && ": ", one.why)),
    wrong.length > 50 && h("li", null, `and ${wrong.length - 50} more`)));
