// The fleet as the coordinator knows it: holders of money, regions and nodes with what they spend, and whether the money is safe.
import { get } from "./api.js";
import { h, table } from "./dom.js";
import { amount, count, money, seconds, time } from "./format.js";
import { verified } from "./money.js";
import { buttons, seen, standing } from "./regions.js";

export const title = () => "Fleet";
export const topics = ["leader", "ledger", "models", "catalog", "audit"];
export const everySeconds = 5;

/** What each node had spent, when this page heard it, to tell how fast it spends. */
const heard = new Map();
const windowSeconds = 60;
/** Nodes speak every five seconds. */
const silentAfter = 15;
/** A plan that no node has spoken of for so long is nobody's any more: its campaign was paused, or has spent all. */
const leftAfter = 60;
/** Whether a plan still says something of who has a part of it. */
const isAlive = (plan) => plan.endsInSeconds > 0 && plan.nodes.some((part) => part.silentSeconds <= leftAfter);
const isSilent = (node) => node.isExpected && node.age > silentAfter;

/** A question that only the leader answers says so, and the page shows the rest. */
const ofLeader = (path) => get(path).catch((error) => {
  if (error.status === 503) return null;
  throw error;
});

export async function load(_, me) {
  const [pacing, models, rotation, { sessions }, suspense, verify, audit, versions] = await Promise.all([
    ofLeader("pacing"), ofLeader("models"), ofLeader("regions"), get("ledger/sessions"), get("ledger/suspense"), verified(),
    get("ledger/audit"), get("catalog/versions?limit=1"),
  ]);
  const nodes = gather(pacing, models);
  note(nodes);
  // A session has its holder's number.
  for (const one of sessions) one.name = me.coordinator.holders[one.holder] ?? `holder ${one.holder}`;
  return { pacing, models, rotation: rotation?.regions ?? [], sessions, suspense: suspense.accounts, verify, audit, version: versions.versions[0], nodes };
}

/** By name: what plans say of a node, and what it says of its models. */
function gather(pacing, models) {
  const nodes = new Map();
  const of = (name) => {
    // Behind a broker a node is called by both.
    if (!nodes.has(name)) nodes.set(name, { name, region: null, holder: name.includes("/") ? name.split("/")[0] : null, spent: 0, campaigns: 0, age: Infinity, isExpected: false, isLost: false, models: null });
    return nodes.get(name);
  };
  for (const campaign of pacing?.campaigns ?? []) {
    const counts = isAlive(campaign);
    for (const part of campaign.nodes) {
      const node = of(part.node);
      node.spent += part.spent;
      node.region ??= part.region;
      node.campaigns += 1;
      node.age = Math.min(node.age, part.silentSeconds);
      node.isExpected ||= counts;
      node.isLost ||= counts && part.isLost;
    }
  }
  for (const one of models?.nodes ?? []) {
    const node = of(one.name);
    Object.assign(node, { region: one.region, holder: one.holder, models: one, isExpected: true });
    node.age = Math.min(node.age, one.ageSeconds);
  }
  // A plan loses whom it has not heard of late; of another plan the node may have spoken since.
  for (const node of nodes.values()) node.isLost &&= node.age > silentAfter;
  return [...nodes.values()].sort((one, other) => one.name.localeCompare(other.name));
}

function note(nodes) {
  const now = performance.now() / 1_000;
  for (const { name, spent } of nodes) {
    let all = heard.get(name) ?? [];
    // A new plan counts from its own beginning.
    if (all.length > 0 && spent < all.at(-1).spent) all = [];
    all = [...all, { at: now, spent }].filter((one) => one.at > now - windowSeconds);
    heard.set(name, all);
  }
}

/** A minute's worth; null before ten seconds of it were seen. */
function rate(name) {
  const all = heard.get(name) ?? [];
  const span = all.length > 1 ? all.at(-1).at - all[0].at : 0;
  return span < 10 ? null : 60 * (all.at(-1).spent - all[0].spent) / span;
}

const state = (node) => node.isLost ? h("span", { class: "badge bad" }, "lost")
  : node.age > silentAfter ? h("span", { class: node.isExpected ? "badge warn" : "badge" }, `silent for ${seconds(node.age)}`)
    : node.models?.refused ? h("span", { class: "badge bad" }, "refuses its models")
      : h("span", { class: "badge good" }, "heard");

export function view(data, { me, read }) {
  const { pacing, nodes, rotation, sessions, suspense, verify, audit, version } = data;
  const byRegion = new Map();
  for (const node of nodes) if (node.region) byRegion.set(node.region, [...byRegion.get(node.region) ?? [], node]);
  for (const one of rotation) if (!byRegion.has(one.region)) byRegion.set(one.region, []);
  const regions = [...byRegion];
  const turn = (name) => rotation.find((one) => one.region === name);
  return [
    h("h1", null, "Fleet"),
    tiles(data),
    attention(data),
    pacing === null && h("p", { class: "notice" }, "Plans and nodes are only told by the coordinator that leads."),
    regions.length > 0 && [h("h2", null, "Regions"), table("Regions", [
      { label: "Region", of: ([name]) => name },
      { label: "Nodes", number: true, of: ([, all]) => count(all.length) },
      { label: "Traffic", of: ([name]) => (turn(name) ? standing(turn(name)) : "not known here") },
      { label: "Seen", of: ([name]) => (turn(name) ? seen(turn(name)) : "…") },
      { label: "State", of: ([, all]) => (all.every((node) => node.age > silentAfter) ? h("span", { class: "badge bad" }, "no node is heard")
        : all.some(isSilent) ? h("span", { class: "badge warn" }, "some nodes are silent") : h("span", { class: "badge good" }, "all nodes are heard")) },
      { label: "Answers a second", number: true, of: ([name]) => (turn(name)?.requestsPerSecond === null ? "…" : turn(name) && `${count(Math.round(turn(name).requestsPerSecond))} of ${count(turn(name).carries)}`) },
      { label: "Spends a minute", number: true, of: ([, all]) => sum(all.map((node) => rate(node.name))) },
      { label: "", of: ([name]) => turn(name) && buttons(me, turn(name), read) },
    ], regions, { key: ([name]) => name })],
    h("h2", null, "Nodes"),
    table("Nodes", [
      { label: "Node", of: (node) => node.name },
      { label: "Region", of: (node) => node.region },
      { label: "State", of: state },
      { label: "Heard", number: true, of: (node) => `${seconds(node.age)} ago` },
      { label: "Plans", number: true, of: (node) => count(node.campaigns) },
      { label: "Spent of them", number: true, of: (node) => amount(node.spent) },
      { label: "Spends a minute", number: true, of: (node) => sum([rate(node.name)]) },
      { label: "Models", of: (node) => node.models?.package && `package ${node.models.package}` },
    ], nodes, { empty: "No node has spoken to this coordinator since it leads.", key: (node) => node.name }),
    h("h2", null, "Holders of money"),
    table("Holders of money", [
      { label: "Holder", of: (one) => one.name },
      { label: "State", of: (one) => h("span", { class: `badge ${{ open: "good", fenced: "warn", cloned: "bad", presumedSpent: "bad" }[one.state]}` }, { presumedSpent: "presumed spent" }[one.state] ?? one.state) },
      { label: "Since", of: (one) => time(one.openedAt) },
      { label: "Granted now", number: true, of: (one) => amount(one.granted) },
      { label: "Settled", number: true, of: (one) => amount(one.settled) },
    ], shown(sessions), { empty: "Nobody has asked for money yet.", key: (one) => one.session }),
    h("p", { class: "muted" }, `Sums over campaigns add up whatever their currencies. ${count(sessions.length)} sessions are known; of each holder the newest is shown, and older ones that still hold something. `,
      audit.waitsFor.length > 0 && `The audit waits for ${audit.waitsFor.join(", ")}.`,
      version ? `Catalog version ${version.version} was published ${time(version.at)} (${version.who}).` : "No catalog is published."),
  ];
}

/** What somebody has to look at, with the runbook that says what to do; alerts have the same names. */
function attention({ verify, suspense, audit, nodes, pacing, rotation, sessions }) {
  const all = [];
  const add = (words, runbook, link) => all.push(h("li", null, link ? h("a", { href: link }, words) : words, runbook && [": ", h("code", null, `paceline runbook show ${runbook}`)]));
  if (verify?.imbalances.length > 0) add("Balances are not what the movements come to", null, "#/ledger");
  if (audit.waitsFor.length > 0) add(`An audit waits for ${audit.waitsFor.join(", ")}`, "RootAuditWaits", "#/ledger");
  for (const one of suspense) if (!one.day && one.presumedSpent > 0) add(`${money(one.presumedSpent, one.currency)} of ${one.campaign} is presumed spent`, "PresumedSpent", "#/ledger");
  for (const one of sessions) if (one.state === "cloned") add(`Two processes have used a session of ${one.name}`, "EvidenceRefused");
  for (const node of nodes) {
    if (isSilent(node)) add(`${node.name} is not heard`, "NodeDown");
    else if (node.models?.refused) add(`${node.name} refuses its models`, "ModelRefused", "#/catalog");
  }
  for (const one of rotation) if (one.state !== "healthy" && one.asked === "serve") add(`${one.region} is ${one.state}`, "RegionMoved");
  if (nodes.length > 0 && nodes.every((node) => node.age > leftAfter)) add("No node was heard for a minute", "NodeDown");
  for (const one of pacing?.campaigns ?? []) if (one.cannotDeliver && isAlive(one)) add(`${one.campaign} cannot deliver`, "CampaignsBehind", `#/campaigns/${encodeURIComponent(one.campaign)}`);
  return all.length > 0 && h("section", { class: "notice", "data-key": "attention" }, h("h2", null, "Needs attention"), h("ul", null, all.slice(0, 20), all.length > 20 && h("li", null, `and ${all.length - 20} more`)));
}

function tiles({ verify, suspense, audit, nodes, pacing }) {
  const byCurrency = new Map();
  // A lifetime account's has its days' in it; what is only claimed so far is none.
  for (const one of suspense) if (!one.day && one.suspense > 0) byCurrency.set(one.currency, (byCurrency.get(one.currency) ?? 0) + one.suspense);
  const plans = (pacing?.campaigns ?? []).filter(isAlive);
  const behind = plans.filter((one) => one.cannotDeliver).length;
  const expected = nodes.filter((node) => node.isExpected);
  const silent = expected.filter(isSilent).length;
  const tile = (label, value, kind, link) => h("div", { class: `tile ${kind ?? ""}` }, h("dt", null, label), h("dd", null, link ? h("a", { href: link }, value) : value));
  return h("dl", { class: "tiles" },
    verify === null ? tile("Ledger", "is being added up", null, "#/ledger")
      : tile("Ledger", verify.imbalances.length === 0 ? "balances agree" : `${verify.imbalances.length} imbalances`, verify.imbalances.length === 0 ? "good" : "bad", "#/ledger"),
    tile("Audit", audit.waitsFor.length === 0 ? "none waits" : `waits for ${audit.waitsFor.length}`, audit.waitsFor.length === 0 ? "good" : "warn"),
    tile("In suspense", byCurrency.size === 0 ? "nothing" : [...byCurrency].map(([currency, sum]) => money(sum, currency)).join(", "), null, "#/ledger"),
    tile("Nodes", pacing === null ? "not known here" : `${expected.length - silent} of ${expected.length} heard`, silent > 0 ? "warn" : null),
    tile("Cannot deliver", pacing === null ? "not known here" : `${behind} of ${plans.length} plans`, behind > 0 ? "warn" : null, "#/campaigns"));
}

function sum(all) {
  const known = all.filter((one) => one !== null);
  return known.length === 0 ? "…" : amount(known.reduce((one, other) => one + other, 0));
}

function shown(sessions) {
  const newest = new Map();
  for (const one of sessions) newest.set(one.holder, one);
  return sessions.filter((one) => newest.get(one.holder) === one || one.granted > 0 || one.state === "cloned")
    .sort((one, other) => one.name.localeCompare(other.name) || other.openedAt.localeCompare(one.openedAt)).slice(0, 200);
}
