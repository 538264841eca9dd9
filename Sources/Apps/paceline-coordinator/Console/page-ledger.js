// The ledger: where all money is, what waits for evidence, and whether balances are what the movements say.
import { get } from "./api.js";
import { h, table } from "./dom.js";
import { amount, count, money, precise, time } from "./format.js";
import { accounts, verified } from "./money.js";

export const title = () => "Ledger";
export const topics = ["ledger", "leader"];

export async function load() {
  const [all, { accounts: suspense }, { movements }, verify, audit] = await Promise.all([
    accounts(), get("ledger/suspense"), get("ledger/movements?limit=50"), verified(), get("ledger/audit"),
  ]);
  return { all: [...all.values()].flatMap((one) => [one.lifetime].filter(Boolean)), suspense: suspense.filter((one) => one.suspense !== 0 || one.presumedSpent !== 0), movements, verify, audit };
}

export function view({ all, suspense, movements, verify, audit }) {
  const currencies = new Map();
  for (const one of all) {
    const sum = currencies.get(one.currency) ?? { currency: one.currency, budget: 0, overhang: 0, free: 0, granted: 0, settled: 0, suspense: 0, presumedSpent: 0, late: 0 };
    for (const name of Object.keys(sum)) if (name !== "currency") sum[name] += one[name];
    currencies.set(one.currency, sum);
  }
  const places = [["budget", "Budget"], ["overhang", "Overhang"], ["free", "Free"], ["granted", "Granted"], ["settled", "Settled"], ["suspense", "Suspense"], ["presumedSpent", "Presumed spent"], ["late", "Late bills"]]
    .map(([name, label]) => ({ label, number: true, of: (one) => amount(one[name]) }));
  return [
    h("h1", null, "Ledger"),
    verify === null ? h("p", { class: "notice" }, "All movements are being added up …") : verify.imbalances.length === 0
      ? h("p", { class: "notice good" }, `All balances are what the ${count(verify.movements)} movements of ${count(verify.accounts)} accounts come to. They are added up once a minute at most.`)
      : h("div", { class: "notice bad" }, h("p", null, h("strong", null, "Balances are not what the movements come to. This is an alarm.")),
        h("ul", null, verify.imbalances.map((one) => h("li", null, `account ${one.account}, ${one.place}: says ${amount(one.says)}, movements come to ${amount(one.comesTo)}`)))),
    audit.waitsFor.length > 0 && h("div", { class: "notice" }, h("p", null, `An audit waits for ${audit.waitsFor.join(", ")}; ${count(audit.accounts)} accounts grant nothing until they have said what they were granted.`),
      audit.notTaken.map((one) => h("p", null, `${one.holder}: ${one.cause}`))),
    h("h2", null, "By currency, all lifetime accounts"),
    table("Sums by currency", [{ label: "Currency", of: (one) => one.currency }, ...places], [...currencies.values()], { empty: "No account is open.", key: (one) => one.currency }),
    h("h2", null, "In suspense or presumed spent"),
    h("p", { class: "muted" }, "Money whose holder has not said yet what became of it. Evidence frees or settles it; what none comes for is presumed spent, and never invoiced."),
    table("Suspense", [
      { label: "Campaign", of: (one) => h("a", { href: `#/campaigns/${encodeURIComponent(one.campaign)}` }, one.campaign) }, { label: "Day", of: (one) => one.day ?? "lifetime" },
      { label: "In suspense", number: true, of: (one) => money(one.suspense, one.currency) }, { label: "Presumed spent", number: true, of: (one) => money(one.presumedSpent, one.currency) },
    ], suspense, { empty: "Nothing waits for evidence.", key: (one) => one.account }),
    h("h2", null, "Accounts"),
    table("Accounts", [
      { label: "Campaign", of: (one) => h("a", { href: `#/campaigns/${encodeURIComponent(one.campaign)}` }, one.campaign) }, { label: "Currency", of: (one) => one.currency },
      ...places, { label: "State", of: (one) => (one.hasEnded ? "ended" : one.isPaused ? "paused" : "open") },
    ], all, { empty: "No account is open.", key: (one) => one.account }),
    h("h2", null, "Last movements"),
    table("Movements", [
      { label: "At", of: (one) => time(one.at) }, { label: "Campaign", of: (one) => one.campaign }, { label: "Day", of: (one) => one.day },
      { label: "From", of: (one) => one.from }, { label: "To", of: (one) => one.to }, { label: "Amount", number: true, of: (one) => precise(one.amount, one.currency) },
    ], [...movements].reverse(), { empty: "None yet.", key: (one) => one.key }),
  ];
}
