// What the ledger and the plans say of campaigns, as pages need it: accounts by campaign, and what may be done to one.
import { change, get, noted, tryChange } from "./api.js";
import { confirm } from "./dialog.js";
import { h } from "./dom.js";
import { amount } from "./format.js";

/** All accounts, by campaign: { lifetime, days }. */
export async function accounts(campaign) {
  const all = new Map();
  const query = campaign ? `&list=1&campaign=${encodeURIComponent(campaign)}` : "";
  for (let after = null; ;) {
    const page = (await get(`ledger/accounts?limit=1000${query}${after === null ? "" : `&after=${after}`}`)).accounts;
    for (const one of page) {
      if (!all.has(one.campaign)) all.set(one.campaign, { lifetime: null, days: [] });
      if (one.day) all.get(one.campaign).days.push(one);
      else all.get(one.campaign).lifetime = one;
    }
    if (page.length < 1000) return all;
    after = page.at(-1).account;
  }
}

/** The database adds up all movements for it: asked once a minute at most, and not waited for when it takes long. */
const checkSeconds = 60;
const checkWaitMilliseconds = 1_000;
let check = null;
let checked = null;

/** Whether balances are what the movements come to, as it was found last; null before it was. Where it comes later than that, "late" is told. */
export async function verified() {
  if (check === null || performance.now() - check.at > 1_000 * checkSeconds) {
    const asked = { at: performance.now(), answer: get("ledger/verify"), isLate: false };
    check = asked;
    asked.answer.then((found) => {
      checked = found;
      if (asked.isLate) dispatchEvent(new CustomEvent("late"));
    }, () => {
      if (check === asked) check = null;
    });
  }
  const mine = check;
  const found = await Promise.race([mine.answer, new Promise((resolve) => setTimeout(resolve, checkWaitMilliseconds, null))]);
  mine.isLate = found === null;
  return found ?? checked;
}

/** Settled of a campaign in all: a day's money is granted to it out of the lifetime's, and settled there. */
export const settled = (account) => account?.lifetime?.settled ?? 0;

/** Where the money of an account is, as a bar with its words beside it. */
export function places(account) {
  const whole = Math.max(account.budget + account.overhang, 0.000001);
  let at = 0;
  const parts = [["settled", "settled"], ["granted", "granted"], ["suspense", "in suspense"], ["presumedSpent", "presumed spent"]].map(([name, words]) => {
    const wide = 100 * account[name] / whole;
    const part = h("rect", { class: name, x: at.toFixed(3), y: "0", width: Math.max(wide, 0).toFixed(3), height: "10" });
    at += wide;
    return { name, words, part, value: account[name] };
  });
  return h("div", { class: "places" },
    h("svg", { class: "bar", viewBox: "0 0 100 10", preserveAspectRatio: "none", role: "img", "aria-label": parts.map((one) => `${one.words} ${amount(one.value)}`).join(", ") }, parts.map((one) => one.part)),
    h("ul", { class: "legend" }, parts.filter((one) => one.value > 0 || one.name === "settled").map((one) => h("li", { class: one.name }, `${one.words} ${amount(one.value)}`)),
      h("li", { class: "free" }, `free ${amount(account.free)}`)));
}

/** Pauses or resumes a campaign, after saying what that does. */
export async function pause(me, campaign, pauses, read) {
  const path = `catalog/${pauses ? "pause" : "resume"}`;
  const body = { campaign: campaign.id };
  const done = await confirm(me, {
    title: `${pauses ? "Pause" : "Resume"} ${campaign.name}?`, role: "operator", verb: pauses ? "Pause it" : "Resume it", isGrave: pauses,
    about: h("p", null, pauses ? "Nothing of it wins any more, in any region, within about a second. Ads that were already promised may still be billed."
      : "Its line items compete again in all regions, within about a second."),
    attempt: () => tryChange("POST", path, body),
    perform: (note, key) => change("POST", path, body, key, noted(note)),
  });
  if (done) read();
}
