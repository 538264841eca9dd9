// All campaigns, with what they have spent of what they may, and which of them are behind their plans.
import { get, getAll } from "./api.js";
import { delivery, save } from "./csv.js";
import { may } from "./dialog.js";
import { h, table } from "./dom.js";
import { amount, date, money, percent } from "./format.js";
import { accounts, pause, settled } from "./money.js";

export const title = () => "Campaigns";
export const topics = ["catalog", "ledger", "leader"];
export const everySeconds = 5;

let wanted = "";

export async function load() {
  const [campaigns, money, pacing] = await Promise.all([
    getAll("campaigns"), accounts(), get("pacing").catch((error) => {
      if (error.status === 503) return null;
      throw error;
    }),
  ]);
  const plans = new Map((pacing?.campaigns ?? []).map((one) => [one.campaign, one]));
  return { money, rows: campaigns.map(({ document }) => ({ campaign: document, account: money.get(document.id), plan: plans.get(document.id) })) };
}

export function standing({ campaign, account, plan }) {
  const now = Date.now();
  if (campaign.paused) return h("span", { class: "badge" }, "paused");
  if (Date.parse(campaign.flight.end) <= now) return h("span", { class: "badge" }, "over");
  if (Date.parse(campaign.flight.start) > now) return h("span", { class: "badge" }, "not begun");
  if (account?.lifetime?.hasEnded || account?.lifetime?.isPaused) return h("span", { class: "badge warn" }, "its account is stopped");
  if (plan?.cannotDeliver) return h("span", { class: "badge bad", title: plan.why }, "cannot deliver");
  if (plan && plan.spent < 0.95 * plan.due) return h("span", { class: "badge warn" }, "behind");
  if (plan && plan.spent > 1.05 * plan.due) return h("span", { class: "badge" }, "ahead");
  return plan ? h("span", { class: "badge good" }, "on plan") : h("span", { class: "badge" }, "no plan");
}

export function view({ rows, money: all }, { me, read, redraw }) {
  const found = rows.filter(({ campaign }) => `${campaign.id} ${campaign.name} ${campaign.advertiser}`.toLowerCase().includes(wanted.toLowerCase()));
  return [
    h("div", { class: "head" }, h("h1", null, "Campaigns"),
      h("p", { class: "buttons" },
        h("button", { type: "button", onclick: () => save("delivery.csv", delivery(all)) }, "Delivery as CSV"),
        may(me, "trafficker") && h("a", { class: "button", href: "#/bulk" }, "Many by CSV"),
        may(me, "trafficker") && h("a", { class: "button primary", href: "#/new" }, "New campaign"))),
    h("p", { class: "field" }, h("label", { for: "filter" }, "Filter"),
      h("input", { id: "filter", type: "search", value: wanted, placeholder: "id, name or advertiser", oninput: (event) => {
        wanted = event.target.value;
        redraw();
      } })),
    table("Campaigns", [
      { label: "Campaign", of: ({ campaign }) => [h("a", { href: `#/campaigns/${encodeURIComponent(campaign.id)}` }, campaign.name), h("small", null, campaign.id)] },
      { label: "State", of: standing },
      { label: "Flight", of: ({ campaign }) => `${date(campaign.flight.start)} to ${date(campaign.flight.end)}` },
      { label: "Budget", number: true, of: ({ campaign }) => money(campaign.lifetimeBudget, campaign.currency ?? "USD") },
      { label: "Settled", number: true, of: ({ account }) => amount(settled(account)) },
      { label: "of it", number: true, of: ({ campaign, account }) => percent(settled(account), campaign.lifetimeBudget) },
      { label: "Spent of due now", number: true, of: ({ plan }) => plan && percent(plan.spent, plan.due) },
      { label: "", kind: "act", of: ({ campaign }) => may(me, "operator") && h("button", { class: "quiet", type: "button", "aria-label": `${campaign.paused ? "Resume" : "Pause"} ${campaign.name}`, onclick: () => pause(me, campaign, !campaign.paused, read) }, campaign.paused ? "Resume" : "Pause") },
    ], found, { empty: rows.length === 0 ? "The catalog has no campaigns." : "None matches.", key: ({ campaign }) => campaign.id }),
  ];
}
