// What changes, from GET /api/v1/events: each answer has events and ends, and the next question names the last of them. Where nobody
// answers it is asked again, and whatever was missed is told then. A tab that nobody sees asks nothing, and is told when it is seen.
import { ask, Problem } from "./api.js";

let last = null;
/** Whoever listens now; nobody else goes on. */
let listener = null;

/** @param tell is called with the names of what has changed. @param stand with "live" or "lost". */
export async function listen(tell, stand) {
  stop();
  const mine = listener = new AbortController();
  let failures = 0;
  while (listener === mine) {
    await seen(mine.signal);
    if (listener !== mine) return;
    const began = performance.now();
    const question = new AbortController();
    const leave = () => {
      if (document.hidden || mine.signal.aborted) question.abort();
    };
    document.addEventListener("visibilitychange", leave);
    mine.signal.addEventListener("abort", leave);
    try {
      const answer = await ask("GET", "events", { headers: last ? { "last-event-id": last } : {}, signal: question.signal });
      const events = read(answer.text);
      if (listener !== mine) return;
      if (events.length > 0) last = events.at(-1).id;
      if (failures > 0) tell(["leader", "catalog", "models", "audit", "ledger"]);
      // The first answer too: what was read before it may be older.
      else if (events.length > 0) tell(events.map((event) => event.event));
      failures = 0;
      stand("live");
    } catch (problem) {
      if (listener !== mine || problem instanceof Problem && problem.status === 401) return;
      if (!question.signal.aborted) {
        failures += 1;
        stand("lost");
      }
    } finally {
      document.removeEventListener("visibilitychange", leave);
      mine.signal.removeEventListener("abort", leave);
    }
    // A fleet under traffic changes all the time; a page that is looked at once a second is live.
    await pause(Math.max(0, (failures > 0 ? 1_500 : 1_000) - (performance.now() - began)));
  }
}

/** Until the tab is seen, or nobody listens any more. */
const seen = (signal) => new Promise((resolve) => {
  if (!document.hidden || signal.aborted) return resolve();
  const look = () => {
    if (document.hidden && !signal.aborted) return;
    document.removeEventListener("visibilitychange", look);
    signal.removeEventListener("abort", look);
    resolve();
  };
  document.addEventListener("visibilitychange", look);
  signal.addEventListener("abort", look);
});

export function stop() {
  listener?.abort();
  listener = null;
}

function read(text) {
  return text.split("\n\n").map((block) => Object.fromEntries(
    block.split("\n").filter((line) => line && !line.startsWith(":")).map((line) => {
      const colon = line.indexOf(": ");
      return [line.slice(0, colon), line.slice(colon + 2)];
    }))).filter((event) => event.event);
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
