// A campaign's form: a new one, one that is changed, or a copy of one with its line items. What is refused stands at its field.
import { change, getAll, getVersioned, noted, tryChange } from "./api.js";
import { confirm, may, placeErrors, problemNode } from "./dialog.js";
import { h } from "./dom.js";
import { forecast } from "./forecast.js";
import { decimal, money } from "./format.js";
import { accounts } from "./money.js";

export const title = ([id, what]) => (id === "" ? "New campaign" : `${what === "clone" ? "Clone" : "Edit"} ${id}`);
export const topics = [];
/** What somebody is writing is not read anew. */
export const isForm = true;

const fields = [
  { name: "id", label: "Id", hint: "What line items, reports and commands call it. It stays.", isNeeded: true },
  { name: "name", label: "Name", isNeeded: true },
  { name: "advertiser", label: "Advertiser", isNeeded: true },
  { name: "flight.start", label: "Begins", hint: "As 2026-12-01T00:00:00Z, or with an offset such as -05:00.", isNeeded: true },
  { name: "flight.end", label: "Ends", hint: "The first instant after its flight.", isNeeded: true },
  { name: "currency", label: "Currency", hint: "USD where nothing stands here." },
  { name: "lifetimeBudget", label: "Budget, in all", kind: "number", isNeeded: true },
  { name: "dailyBudget", label: "Budget of a day", kind: "number", hint: "Without it only the whole budget bounds a day." },
  { name: "dayStartsAtMinutes", label: "Its days' offset from UTC, in minutes", kind: "number" },
  { name: "pacing", label: "Pacing", options: ["", "even", "traffic", "frontloaded", "asap"], hint: "even where nothing is chosen." },
  { name: "goal", label: "The advertiser pays for", options: ["cpm", "cpc", "cpcv", "cpa"], isNeeded: true },
  { name: "goalValue", label: "What one of it is worth", kind: "number", hint: "For cpm, of a thousand impressions.", isNeeded: true },
  { name: "paused", label: "Paused", kind: "flag" },
];

export async function load([id, what]) {
  const advertisers = (await getAll("advertisers")).map((one) => one.document);
  if (id === "") return { advertisers, document: { goal: "cpm" }, etag: null, lineItems: [] };
  const name = encodeURIComponent(id);
  const { document, etag } = await getVersioned(`campaigns/${name}`);
  if (what === "edit") return { advertisers, document, etag, lineItems: [] };
  const lineItems = (await getAll("lineItems", `&campaign=${name}`)).map((one) => one.document);
  return { advertisers, document: { ...document, id: "", name: `${document.name}, copy` }, etag: null, lineItems, from: id };
}

const valueOf = (document, name) => name.split(".").reduce((value, part) => value?.[part], document);

export function view(data, { me, parts: [id, what] }) {
  if (!may(me, "trafficker")) return [h("h1", null, title([id, what])), h("p", { class: "refused" }, `Changing campaigns takes the role trafficker. You are ${me.role}.`)];
  const { document, etag, lineItems } = data;
  const problem = h("div", { "aria-live": "polite" });
  const isEdit = etag !== null;
  const form = h("form", { class: "sheet", novalidate: true, onsubmit: (event) => {
    event.preventDefault();
    submit(event.currentTarget, problem, data, me);
  } },
    fields.map((one) => field(one, valueOf(document, one.name), isEdit, data.advertisers)),
    lineItems.length > 0 && h("p", { class: "muted" }, `With copies of its ${lineItems.length} line items, whose ids get the new id at their end.`),
    !isEdit && lineItems.length === 0 && h("p", { class: "muted" }, "Nothing of it competes before it has line items; they are added through the API, or with ", h("code", null, "paceline campaign create FILE"), "."),
    problem,
    h("p", { class: "buttons" }, h("a", { class: "button", href: id ? `#/campaigns/${encodeURIComponent(id)}` : "#/campaigns" }, "Leave it"),
      h("button", { class: "primary" }, "Check and save …")));
  return [h("p", { class: "crumbs" }, h("a", { href: "#/campaigns" }, "Campaigns")), h("h1", null, title([id, what])), form];
}

function field(one, value, isEdit, advertisers) {
  const id = `field-${one.name.replaceAll(".", "-")}`;
  const shared = { id, name: one.name, required: one.isNeeded, readonly: isEdit && one.name === "id" };
  const options = one.name === "advertiser" ? advertisers.map(({ id: key, name }) => [key, `${name} (${key})`]) : one.options?.map((key) => [key, key || "–"]);
  const input = one.kind === "flag" ? h("input", { ...shared, type: "checkbox", checked: value === true })
    : options ? h("select", shared, options.map(([key, words]) => h("option", { value: key, selected: key === (value ?? "") }, words)))
      : h("input", { ...shared, value: value ?? "", inputmode: one.kind === "number" ? "decimal" : null, autocomplete: "off", spellcheck: "false" });
  return h("p", { class: one.kind === "flag" ? "field flag" : "field" }, h("label", { for: id }, one.label, !one.isNeeded && one.kind !== "flag" && h("span", { class: "muted" }, " (optional)")), input, one.hint && h("small", null, one.hint));
}

/** The document with what the form says; the rest of it stays as it was. */
function written(form, document) {
  const made = structuredClone(document);
  for (const one of fields) {
    const input = form.elements[one.name];
    const text = one.kind === "flag" ? "" : input.value.trim();
    const [outer, inner] = one.name.split(".");
    let value = text === "" ? undefined : text;
    if (one.kind === "flag") value = input.checked || (document.paused === undefined ? undefined : false);
    // What is no number goes as it stands, and the coordinator says what is wrong with it.
    else if (one.kind === "number" && value !== undefined) value = decimal(value) ?? value;
    if (inner) made[outer] = { ...made[outer], [inner]: value };
    else if (value === undefined) delete made[outer];
    else made[outer] = value;
  }
  return made;
}

async function submit(form, problem, data, me) {
  const { document, etag, lineItems, from } = data;
  const made = written(form, document);
  problem.replaceChildren();
  placeErrors(form, null);
  if (!made.id) {
    form.elements.id.setAttribute("aria-invalid", "true");
    problem.replaceChildren(h("p", { class: "refused", role: "alert" }, "It needs an id."));
    return form.elements.id.focus();
  }
  const copies = lineItems.map((one) => ({ ...one, campaign: made.id, id: one.id.includes(from) ? one.id.replaceAll(from, made.id) : `${one.id}-${made.id}` }));
  const request = copies.length > 0 ? ["POST", "catalog/add", { campaigns: [made], lineItems: copies }]
    : ["PUT", `campaigns/${encodeURIComponent(made.id)}`, made];
  const head = copies.length > 0 ? {} : etag ? { "if-match": etag } : { "if-none-match": "*" };
  let found;
  let account;
  try {
    found = await tryChange(...request, head);
    // As it is now: it may have spent much since the form was opened.
    if (etag) account = (await accounts(made.id)).get(made.id)?.lifetime;
  } catch (error) {
    const rest = placeErrors(form, error);
    if (rest) problem.replaceChildren(problemNode(rest));
    return;
  }
  const done = await confirm(me, {
    title: etag ? `Change ${made.name}?` : `Create ${made.name}?`, role: "trafficker", verb: etag ? "Change it" : "Create it",
    about: [account && moneyEffect(account, made), available(made, copies, etag)], attempt: () => found,
    perform: (note, key) => change(...request, key, { ...head, ...noted(note) }),
  });
  if (done) location.hash = `#/campaigns/${encodeURIComponent(made.id)}`;
}

/** Of a new one without line items there is nothing to ask. */
function available(made, copies, etag) {
  if (copies.length > 0) return forecast({ campaigns: [made], lineItems: copies });
  return etag ? forecast({ campaigns: [made] }) : h("p", { class: "muted" }, "It has no line items yet, so there is nothing to forecast.");
}

/** What may still be spent after a cut, before somebody confirms it: what is presumed spent is spent, as in what the ledger says of its budgets. */
function moneyEffect(account, made) {
  const spent = account.settled + account.presumedSpent;
  const billable = account.granted + account.suspense;
  if (typeof made.lifetimeBudget !== "number" || made.lifetimeBudget === account.budget) return null;
  if (made.lifetimeBudget >= spent + billable) return h("p", null, `${money(spent, account.currency)} is spent; ${money(made.lifetimeBudget - spent, account.currency)} could still be spent.`);
  return h("p", { class: "notice" }, `${money(spent + billable, account.currency)} is spent or granted already, which is more than the new budget. Nothing more is granted, and ${money(billable, account.currency)} may still be spent at most.`);
}
