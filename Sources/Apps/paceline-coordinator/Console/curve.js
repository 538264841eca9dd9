// Curves and bars as SVG, drawn anew with what is known; each says in words what it shows.
import { h } from "./dom.js";
import { amount } from "./format.js";

const wide = 640;
const high = 180;
const margin = { left: 8, right: 8, top: 22, bottom: 20 };
/** Nodes speak every five seconds: half an hour of that. */
const apartMilliseconds = 4_500;
const samplesMost = 400;

/** Samples of a campaign since this page looks at it. A new plan begins anew. */
export class Samples {
  #all = new Map();

  note(plan) {
    let all = this.#all.get(plan.campaign) ?? [];
    if (all.length > 0 && (all[0].plan !== plan.plan && plan.spent < all.at(-1).spent)) all = [];
    // The newest one is of now, until the next one is so far from the one before it.
    if (all.length > 1 && Date.now() - all.at(-2).at < apartMilliseconds) all = all.slice(0, -1);
    all = [...all, { at: Date.now(), plan: plan.plan, due: plan.due, spent: plan.spent }].slice(-samplesMost);
    this.#all.set(plan.campaign, all);
    return all;
  }
}

/** Spent beside due, over the time in which this page has looked. */
export function curve(samples, currency) {
  if (samples.length < 2 || samples.at(-1).at - samples[0].at < apartMilliseconds) return h("p", { class: "muted" }, "The curve begins with the next look, in five seconds.");
  const [first, last] = [samples[0].at, samples.at(-1).at];
  const values = samples.flatMap((one) => [one.due, one.spent]);
  const low = Math.min(...values);
  const top = Math.max(...values, low + 0.000001);
  const x = (at) => (margin.left + (wide - margin.left - margin.right) * (at - first) / Math.max(last - first, 1)).toFixed(1);
  const y = (value) => (high - margin.bottom - (high - margin.top - margin.bottom) * (value - low) / (top - low)).toFixed(1);
  const line = (name) => h("polyline", { class: `line ${name}`, points: samples.map((one) => `${x(one.at)},${y(one[name])}`).join(" ") });
  const clock = (at) => new Date(at).toISOString().slice(11, 19);
  return h("figure", { class: "curve" },
    h("figcaption", null, h("span", { class: "key due" }, `due ${amount(samples.at(-1).due)} ${currency}`), h("span", { class: "key spent" }, `spent ${amount(samples.at(-1).spent)} ${currency}`)),
    h("svg", { viewBox: `0 0 ${wide} ${high}`, role: "img", "aria-label": `Since ${clock(first)}: due went from ${amount(samples[0].due)} to ${amount(samples.at(-1).due)}, spent from ${amount(samples[0].spent)} to ${amount(samples.at(-1).spent)} ${currency}.` },
      h("line", { class: "axis", x1: margin.left, x2: wide - margin.right, y1: high - margin.bottom, y2: high - margin.bottom }),
      line("due"), line("spent"),
      h("text", { x: margin.left, y: 12 }, amount(top)), h("text", { x: margin.left, y: high - margin.bottom - 4 }, amount(low)),
      h("text", { x: margin.left, y: high - 5 }, clock(first)), h("text", { x: wide - margin.right, y: high - 5, class: "end" }, clock(last))));
}

/** What each day settled of its budget, the last so many days. */
export function days(all, currency) {
  const shown = all.filter((one) => one.settled > 0 || one.granted > 0).sort((one, other) => one.day.localeCompare(other.day)).slice(-30);
  if (shown.length === 0) return h("p", { class: "muted" }, "No day has delivered yet.");
  const top = Math.max(...shown.map((one) => Math.max(one.budget, one.settled)), 0.000001);
  const step = (wide - margin.left - margin.right) / Math.max(shown.length, 7);
  const y = (value) => high - margin.bottom - (high - margin.top - margin.bottom) * value / top;
  return h("figure", { class: "curve" },
    h("figcaption", null, h("span", { class: "key budget" }, "the day's budget"), h("span", { class: "key spent" }, "settled")),
    h("svg", { viewBox: `0 0 ${wide} ${high}`, role: "img", "aria-label": shown.map((one) => `${one.day}: ${amount(one.settled)} of ${amount(one.budget)} ${currency}`).join("; ") },
      h("text", { x: margin.left, y: 12 }, `${amount(top)} ${currency}`),
      shown.map((one, index) => {
        const left = margin.left + index * step;
        return h("g", null, h("svg:title", null, `${one.day}: ${amount(one.settled)} of ${amount(one.budget)} ${currency}`),
          h("rect", { class: "budget", x: (left + 1).toFixed(1), width: Math.max(step - 2, 1).toFixed(1), y: y(one.budget).toFixed(1), height: (high - margin.bottom - y(one.budget)).toFixed(1) }),
          h("rect", { class: "settled", x: (left + 1).toFixed(1), width: Math.max(step - 2, 1).toFixed(1), y: y(one.settled).toFixed(1), height: (high - margin.bottom - y(one.settled)).toFixed(1) }));
      }),
      h("text", { x: margin.left, y: high - 5 }, shown[0].day), shown.length > 1 && h("text", { x: (margin.left + shown.length * step).toFixed(1), y: high - 5, class: "end" }, shown.at(-1).day)));
}
