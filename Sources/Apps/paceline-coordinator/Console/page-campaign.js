// One campaign: where its money is, how it stands against its plan and why, what competes for it, and what may be done to it.
import { get, getAll, getVersioned } from "./api.js";
import { curve, days, Samples } from "./curve.js";
import { delivery, save } from "./csv.js";
import { may } from "./dialog.js";
import { h, table } from "./dom.js";
import { amount, count, money, percent, precise, seconds, time } from "./format.js";
import { accounts, pause, places } from "./money.js";
import { standing } from "./page-campaigns.js";

export const title = ([id]) => id;
export const topics = ["catalog", "ledger", "leader"];
export const everySeconds = 5;

const samples = new Samples();

export async function load([id]) {
  const name = encodeURIComponent(id);
  const [{ document, etag }, all, pacing, lineItems, { movements }] = await Promise.all([
    getVersioned(`campaigns/${name}`), accounts(id), get("pacing").catch((error) => {
      if (error.status === 503) return null;
      throw error;
    }),
    getAll("lineItems", `&campaign=${name}`), get(`ledger/movements?limit=20&campaign=${name}`),
  ]);
  const plan = pacing?.campaigns.find((one) => one.campaign === id);
  const wanted = new Set(lineItems.flatMap(({ document: one }) => one.creatives ?? []));
  const creatives = wanted.size === 0 ? [] : (await getAll("creatives", `&advertiser=${encodeURIComponent(document.advertiser)}`)).filter((one) => wanted.has(one.document.id));
  return { campaign: document, etag, all, account: all.get(id), pacing, plan, past: plan && samples.note(plan), lineItems, creatives, movements };
}

export function view(data, { me, read }) {
  const { campaign, etag, all, account, plan } = data;
  const currency = campaign.currency ?? "USD";
  const link = `#/campaigns/${encodeURIComponent(campaign.id)}`;
  return [
    h("p", { class: "crumbs" }, h("a", { href: "#/campaigns" }, "Campaigns")),
    h("div", { class: "head" }, h("h1", null, campaign.name, h("small", null, campaign.id)),
      h("p", { class: "buttons" },
        h("button", { type: "button", onclick: () => save(`${campaign.id.replaceAll("/", "_")}.csv`, delivery(all)) }, "Delivery as CSV"),
        may(me, "trafficker") && [h("a", { class: "button", href: `${link}/clone` }, "Clone"), h("a", { class: "button", href: `${link}/edit` }, "Edit")],
        h("button", { type: "button", onclick: () => pause(me, campaign, !campaign.paused, read) }, campaign.paused ? "Resume" : "Pause"))),
    h("dl", { class: "facts" },
      fact("State", standing(data)), fact("Advertiser", campaign.advertiser),
      fact("Flight", `${time(campaign.flight.start)} to ${time(campaign.flight.end)}`),
      fact("Budget", money(campaign.lifetimeBudget, currency)), fact("A day", campaign.dailyBudget ? money(campaign.dailyBudget, currency) : "no limit"),
      fact("Pacing", campaign.pacing ?? "even"), fact("Goal", `${campaign.goal} at ${money(campaign.goalValue, currency)}`),
      fact("Changed in version", etag?.replaceAll('"', ""))),
    h("h2", null, "Money"),
    account?.lifetime ? [places(account.lifetime), account.lifetime.overhang > 0 && h("p", { class: "notice" }, `Its budget was cut below what was granted: ${money(account.lifetime.overhang, currency)} of overhang is paid off by what comes back.`),
      account.lifetime.late > 0 && h("p", { class: "notice" }, `Bills that came too late: ${money(account.lifetime.late, currency)}, outside the budget.`)]
      : h("p", { class: "muted" }, "No account is open: one is opened two days before the flight."),
    h("h2", null, "Against its plan"),
    against(data, currency),
    account?.days.length > 0 && [h("h2", null, "By day"), days(account.days, currency)],
    h("h2", null, "Line items"),
    table("Line items", [
      { label: "Line item", of: ({ document }) => [document.name, h("small", null, document.id)] },
      { label: "State", of: ({ document }) => (document.paused ? h("span", { class: "badge" }, "paused") : "competes") },
      { label: "Priority", of: ({ document }) => document.priority ?? "open" },
      { label: "Bid", number: true, of: ({ document }) => (document.bid ? `${money(document.bid, currency)} CPM` : "by its value") },
      { label: "Creatives", of: ({ document }) => (document.creatives ?? []).join(", ") },
      { label: "Targets", kind: "prose", of: ({ document }) => targets(document.targeting) },
    ], data.lineItems, { empty: "It has no line item, so nothing of it competes.", key: ({ document }) => document.id }),
    h("h2", null, "Creatives"),
    table("Creatives", [
      { label: "Creative", of: ({ document }) => [h("a", { href: `#/creatives/${encodeURIComponent(document.id)}` }, document.name), h("small", null, document.id)] },
      { label: "Audit", of: ({ document }) => h("span", { class: `badge ${document.audit === "approved" ? "good" : "warn"}` }, document.audit ?? "pending") },
      { label: "Length", number: true, of: ({ document }) => document.durationMilliseconds && `${document.durationMilliseconds / 1000} s` },
      { label: "Media", kind: "prose", of: ({ document }) => (document.mediaFiles ?? []).map((one) => h("div", null, h("a", { href: one.url, rel: "noreferrer noopener", target: "_blank" }, `${one.mime ?? "file"} ${one.width ?? "?"} × ${one.height ?? "?"}`))) },
      { label: "Leads to", kind: "prose", of: ({ document }) => document.clickThrough },
    ], data.creatives, { empty: "None.", key: ({ document }) => document.id }),
    h("h2", null, "Last movements of money"),
    table("Movements", [
      { label: "At", of: (one) => time(one.at) }, { label: "Day", of: (one) => one.day },
      { label: "From", of: (one) => one.from }, { label: "To", of: (one) => one.to },
      { label: "Amount", number: true, of: (one) => precise(one.amount, one.currency) },
    ], [...data.movements].reverse(), { empty: "None yet.", key: (one) => one.key }),
  ];
}

function against({ pacing, plan, past, campaign, lineItems }, currency) {
  if (pacing === null) return h("p", { class: "muted" }, "Plans are only told by the coordinator that leads.");
  if (!plan) {
    return h("p", { class: "muted" }, campaign.paused ? "It is paused, so nobody plans it." : campaign.pacing === "asap" ? "It spends as fast as it can: there is no plan to be behind of."
      : lineItems.length === 0 ? "Nothing of it competes, so no node asks for a plan." : "No node has asked for a plan of it since this coordinator leads.");
  }
  const share = plan.due > 0 ? plan.spent / plan.due : 1;
  return [
    plan.why ? h("p", { class: "notice bad" }, h("strong", null, "Cannot deliver: "), plan.why, ".")
      : share < 0.95 ? h("p", { class: "notice" }, `It is behind: ${money(plan.due - plan.spent, currency)} less than is due by now is spent, and nodes let more through to catch up.`) : null,
    h("dl", { class: "facts" },
      fact("Due by now", money(plan.due, currency)), fact("Spent of the plan", `${money(plan.spent, currency)} (${percent(plan.spent, plan.due)})`),
      fact("Planned in all", money(plan.planned, currency)), fact("The plan ends in", seconds(plan.endsInSeconds)),
      fact("A unit of its money must bring", amount(plan.price))),
    curve(past, currency),
    table("Nodes of the plan", [
      { label: "Node", of: (one) => one.node },
      { label: "Its part spent", number: true, of: (one) => money(one.spent, currency) },
      { label: "Scale", number: true, of: (one) => one.scale.toFixed(2) },
      { label: "Competes for", number: true, of: (one) => percent(one.competesFor, 1) },
      { label: "Heard", number: true, of: (one) => (one.isLost ? "lost" : `${seconds(one.silentSeconds)} ago`) },
    ], plan.nodes, { empty: "No node has a part of it.", key: (one) => one.node }),
  ];
}

const fact = (label, value) => h("div", null, h("dt", null, label), h("dd", null, value));

function targets(targeting) {
  if (!targeting) return "everything";
  const all = Object.entries(targeting).map(([name, value]) => `${name} ${Array.isArray(value) && value.every((one) => typeof one !== "object") ? value.join(", ") : JSON.stringify(value)}`).join("; ");
  return all.length > 300 ? `${all.slice(0, 300)} … (${count(all.length)} characters)` : all;
}
