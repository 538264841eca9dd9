// What a campaign could have, before it is saved: asked of nodes, which decide samples of their recorded requests with it.
import { ask } from "./api.js";
import { problemNode } from "./dialog.js";
import { h, table } from "./dom.js";
import { count, money, percent } from "./format.js";
import { nodes } from "./page-decision.js";

/** An element that says it as soon as it is known. The change does not wait for it. */
export function forecast(body) {
  const place = h("section", { class: "forecast", "aria-live": "polite", "aria-label": "Forecast" }, h("p", { class: "muted" }, "Nodes are asked what it could have …"));
  ask("POST", "catalog/forecast", { body }).then(
    ({ text }) => place.replaceChildren(...shown(JSON.parse(text))),
    (error) => place.replaceChildren(h("h3", null, "Forecast"), problemNode(error), nodes(error.body?.nodes) ?? ""));
  return place;
}

/** A sample knows three digits at best. */
const about = (value) => count(Number(Number(value).toPrecision(3)));
const range = (one, name) => `${about(one[name])} (${about(one[`${name}Least`])} to ${about(one[`${name}Most`])})`;

function shown(one) {
  const currency = one.currency;
  return [
    h("h3", null, "Forecast"),
    h("dl", { class: "facts" },
      fact("Places a day", range(one, "placesADay")), fact("In its flight", range(one, "places")),
      fact("A thousand cost", one.price === null ? "–" : money(one.price, currency)),
      fact("It would spend about", `${money(one.spend, currency)} of ${money(one.budget, currency)}${one.spent > 0 ? `, of which ${money(one.spent, currency)} is spent already` : ""}`),
      fact("Viewers, at least", about(one.viewersAtLeast)),
      fact("Samples", `${count(one.found)} of ${count(one.samples)} could be served`)),
    one.warnings.length > 0 && h("ul", { class: "notice" }, one.warnings.map((text) => h("li", null, `${text[0].toUpperCase()}${text.slice(1)}.`))),
    h("p", { class: "muted" }, "The range is that of 95 in 100 samples of so many requests; that traffic goes on as it was is taken for granted."),
    h("details", null, h("summary", null, "By region, by day, and what took the rest"),
      table("Regions", [
        { label: "Region", of: (row) => row.region }, { label: "Requests a second", number: true, of: (row) => row.requestsPerSecond.toFixed(1) },
        { label: "Places a day", number: true, of: (row) => range(row, "placesADay") },
        { label: "Worth more than what is shown there", number: true, of: (row) => (row.contestedShare === null ? "–" : percent(row.contestedShare, 1)) },
        { label: "A thousand cost", number: true, of: (row) => (row.price === null ? "–" : money(row.price, currency)) },
      ], one.regions, { key: (row) => row.region }),
      table("Days", [
        { label: "Day", of: (row) => row.date }, { label: "Places", number: true, of: (row) => about(row.places) },
        { label: "It would spend", number: true, of: (row) => money(row.spend, currency) },
      ], one.days, { key: (row) => row.date }),
      table("What became of its line items", [
        { label: "What", kind: "prose", of: (row) => row.why }, { label: "Of samples and line items", number: true, of: (row) => percent(row.share, 1) },
      ], one.outcomes, { key: (row) => row.outcome })),
    nodes(one.nodes) ?? "",
  ].filter(Boolean);
}

const fact = (label, value) => h("div", null, h("dt", null, label), h("dd", null, value));
