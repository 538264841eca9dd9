// One decision by its id: what each filter took, what competed and at which price, what would have stood there otherwise, and what money and
// pacing said. The node that made it answers; each showing is in the audit log, so nothing of it is read again by itself.
import { get } from "./api.js";
import { may, problemNode } from "./dialog.js";
import { h, table } from "./dom.js";
import { amount, count, seconds, time } from "./format.js";

export const title = ([id]) => (id ? `Decision ${id}` : "Decisions");
export const topics = [];
export const isForm = true;

const shape = /^[0-9a-f]{16}$/;

export async function load([id], me) {
  if (!id || !may(me, "operator") || !shape.test(id)) return {};
  try {
    return { found: await get(`explain?id=${id}`) };
  } catch (error) {
    if (error.status === 0 || error.status === 401) throw error;
    return { error };
  }
}

export function view({ found, error }, { me, parts: [id] }) {
  if (!may(me, "operator")) return [h("h1", null, "Decisions"), h("p", { class: "refused" }, `To look at single decisions takes the role operator, as they may tell of a viewer. You are ${me.role}.`)];
  const wrong = id && !shape.test(id);
  const input = h("input", { id: "decision", name: "decision", value: id ?? "", required: true, autocomplete: "off", spellcheck: "false", "aria-invalid": wrong ? "true" : null });
  const form = h("form", { class: "inline", onsubmit: (event) => {
    event.preventDefault();
    const asked = event.target.elements.decision.value.trim().toLowerCase();
    const path = `#/decisions/${encodeURIComponent(asked)}`;
    // The same once more: an address that stays the same says nothing.
    if (location.hash === path) dispatchEvent(new HashChangeEvent("hashchange"));
    else location.hash = path;
  } },
  h("p", { class: "field" }, h("label", { for: "decision" }, "The decision's id"), input, h("small", null, "Sixteen hexadecimal digits: an answer's bidid, its head paceline-decision, or the id of one of its bids.")),
  h("p", { class: "buttons" }, h("button", { class: "primary" }, "Explain")));
  return [
    h("h1", null, title([found && id])), form,
    !id && h("p", { class: "muted" }, "All nodes are asked, and whoever has the decision in its journal answers within seconds. That somebody looked is in the audit log. The address of what is shown may be passed on: it takes the same role."),
    wrong && h("p", { class: "refused", role: "alert" }, `${id} is no decision's id: sixteen digits from 0 to 9 and a to f.`),
    error && [problemNode(error), nodes(error.body.nodes)],
    found && explained(found),
  ];
}

function explained(found) {
  const one = found.explanation;
  const way = one.explanation;
  return [
    h("dl", { class: "facts" },
      fact("It came to", way ? (way.bid ? `a bid with ${plural(one.ads.length, "ad")}` : `no bid: ${way.reason}`) : `${plural(one.ads.length, "ad")}`),
      fact("At", time(one.at)), fact("By", [found.answeredBy, h("small", null, ` shard ${one.shard}, segment ${one.segment}, record ${one.record}`)]),
      fact("Catalog", h("code", null, one.catalog)), fact("Settings", h("code", null, one.settings)),
      fact("Made again", one.same === null ? one.notMadeAgain : one.same ? `the same ${count(one.answerBytes)} bytes` : h("span", { class: "badge bad" }, "other bytes"))),
    one.test && h("p", { class: "notice" }, "A test: nothing was put aside, billed or counted for its ads."),
    one.same === false && h("p", { class: "notice bad" }, "It comes out otherwise now: what follows is not how it was decided."),
    one.leftOut?.length > 0 && h("p", { class: "notice" }, `Left out, as it was longer than an answer may be: ${one.leftOut.join(", ")}. paceline explain on the node has all of it.`),
    h("h2", null, "What each filter took"),
    way ? funnel(way) : recorded(one),
    one.ads.length > 0 && [h("h2", null, "Ads that won"), table("Ads", [
      { label: "Line item", of: (ad) => [ad.lineItem, h("small", null, ad.creative)] },
      { label: "Pod", number: true, of: (ad) => ad.pod }, { label: "Length", number: true, of: (ad) => `${ad.seconds} s` },
      { label: "Price", number: true, of: (ad) => money(ad.price) }, { label: "At most", number: true, of: (ad) => money(ad.most) },
      { label: "Floor", number: true, of: (ad) => money(ad.floor) }, { label: "Priced", of: (ad) => ad.basis },
      { label: "Put aside", kind: "prose", of: (ad) => (one.test || ad.reservation === 0 && ad.mark === 0 ? "nothing" : `reservation ${ad.reservation} under mark ${ad.mark}, held ${seconds(ad.heldSeconds)}`) },
    ], one.ads, { key: (ad) => ad.bid })],
    (way?.pods ?? []).map(pod),
    h("h2", null, "Budget and pacing"),
    h("ul", null, h("li", null, one.pacing.heldBack === 0 ? "No line item was held back." : `${plural(one.pacing.heldBack, "line item")} held back, as their campaigns spend as fast as they are to.`),
      h("li", null, one.pacing.underPrice === 0 ? "None brought less than its campaign's money is to bring." : `${plural(one.pacing.underPrice, "line item")} brought less than their campaigns' money is to bring.`)),
    way?.models && h("details", null, h("summary", null, "Models"), h("pre", null, JSON.stringify(way.models, null, 1))),
    way?.outcomes && reasons(way.outcomes),
    nodes(found.nodes),
  ];
}

function funnel(way) {
  const most = Math.max(1, way.lineItems);
  let left = way.lineItems;
  const rows = way.funnel.map((step) => {
    if (step.filter !== "won") left -= step.lineItems;
    return { ...step, left };
  });
  return [
    h("p", null, `${plural(way.lineItems, "line item")} in the catalog; the numbers add up to them.`),
    table("Funnel", [
      { label: "Filter", of: (one) => one.filter }, { label: "Took", number: true, of: (one) => count(one.lineItems) },
      { label: "Left", number: true, of: (one) => count(one.left) },
      { label: "", kind: "wide", of: (one) => h("progress", { max: most, value: one.left, "aria-label": `${one.left} of ${most} left` }) },
      { label: "Why", kind: "prose", of: (one) => one.reason },
    ], rows, { key: (one) => `${one.filter} ${one.reason}` }),
  ];
}

/** Where the request was not kept only the counts are there. */
const recorded = (one) => [
  h("p", null, `${plural(one.lineItems, "line item")} in the catalog; of single ones nothing is known: ${one.notMadeAgain ?? "it was not made again"}.`),
  table("Outcomes", [{ label: "Outcome", of: ([name]) => name }, { label: "Line items", number: true, of: ([, number]) => count(number) }], Object.entries(one.outcomes ?? {}), { key: ([name]) => name }),
];

function pod(one) {
  const ranked = [...(one.candidates ?? [])].sort((a, b) => (a.position ?? 1e9) - (b.position ?? 1e9) || b.rank - a.rank);
  return [
    h("h2", null, `Pod ${one.pod}`, h("small", { class: "muted" }, ` ${one.media.join(" or ")}, worth ${money(one.worth)}, at most ${money(one.bound)} of these candidates, found in ${plural(one.steps, "step")}`)),
    table(`Candidates of pod ${one.pod}`, [
      { label: "Line item", of: (ad) => [ad.lineItem, h("small", null, ad.creative)] },
      { label: "Place", of: (ad) => (ad.position ? h("span", { class: "badge good" }, `${ad.position}`) : ad.why ?? "–") },
      { label: "Tier", of: (ad) => [ad.tier, ad.deal && h("small", null, `deal ${ad.deal}`)] },
      { label: "Length", number: true, of: (ad) => `${ad.seconds} s` },
      { label: "Worth", number: true, of: (ad) => money(ad.worth) }, { label: "Price", number: true, of: (ad) => money(ad.price) },
      { label: "Sold", kind: "prose", of: (ad) => ad.sale && `${ad.sale.basis}, bid ${money(ad.sale.bid)}, floor ${money(ad.sale.floor)}${ad.sale.nextBidOf ? `, next is ${ad.sale.nextBidOf}` : ""}` },
      { label: "Its money must bring", kind: "prose", of: (ad) => ad.budget && `${ad.budget.price}; it brings ${money(ad.budget.brings)} for ${money(ad.budget.cost)}` },
      { label: "Predicted", kind: "prose", of: (ad) => ad.prediction && `${ad.prediction.goal} ${ad.prediction.probability === null ? "by the settings' prior" : Number(ad.prediction.probability).toPrecision(3)} (${ad.prediction.tier})` },
    ], ranked, { empty: "Nothing competed.", key: (ad) => `${ad.lineItem} ${ad.creative}` }),
    one.alternatives.length > 0 && h("ul", null, one.alternatives.map((other) => h("li", null, `Without ${other.without} it would be worth ${money(other.worth)}: `, other.lineItems.join(", ") || "nothing", "."))),
  ];
}

/** Thousands in a large catalog: by reason, and named up to so many. */
const namedMost = 50;
function reasons(outcomes) {
  const by = new Map();
  for (const [id, reason] of Object.entries(outcomes)) by.set(reason, [...(by.get(reason) ?? []), id]);
  return h("details", null, h("summary", null, "Every line item"), h("ul", null, [...by].map(([reason, ids]) => h("li", null, h("strong", null, reason), ": ", ids.slice(0, namedMost).join(", "), ids.length > namedMost && ` and ${count(ids.length - namedMost)} more`))));
}

export const nodes = (all) => (all?.length > 0 ? h("details", { open: all.some((one) => ["late", "silent", "failed", "unknownKind"].includes(one.standing)) }, h("summary", null, "Nodes that were asked"), table("Nodes", [
  { label: "Node", of: (one) => one.node }, { label: "Region", of: (one) => one.region },
  { label: "Standing", of: (one) => h("span", { class: `badge ${{ known: "good", nothing: "", notAwaited: "" }[one.standing] ?? "warn"}` }, { known: "answered", nothing: "has nothing", unknownKind: "of a version before", notAwaited: "not waited for" }[one.standing] ?? one.standing) },
  { label: "It", kind: "prose", of: (one) => one.said },
], all, { key: (one) => `${one.region} ${one.node}` })) : null);

const fact = (label, value) => h("div", null, h("dt", null, label), h("dd", null, value ?? "–"));
const money = (value) => (value === null || value === undefined ? "–" : amount(value));
const plural = (number, word) => `${count(number)} ${word}${number === 1 ? "" : "s"}`;
