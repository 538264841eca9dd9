// The one way to the coordinator: /api/v1, with the token that this tab was given, or by the browser's certificate. The token is sent in a
// header by this script and by nothing else, so that no other site can have the browser send it; a certificate the browser sends by itself,
// and the coordinator refuses changes of pages that are not its own.

const key = "paceline.token";

export const token = {
  get: () => sessionStorage.getItem(key),
  set: (value) => sessionStorage.setItem(key, value),
  forget: () => sessionStorage.removeItem(key),
};

/** A refusal, as application/problem+json has it. Status 0: nobody answered. */
export class Problem extends Error {
  constructor(status, body) {
    super(body.title ?? `status ${status}`);
    this.status = status;
    this.body = body;
  }

  /** What is wrong, each with its field. */
  get errors() {
    if (Array.isArray(this.body.errors)) return this.body.errors;
    return this.body.field ? [this.body] : [];
  }
}

/** Longer than an answer is held, and than the database may take for one. */
const secondsMost = 45;

/** The `traceparent` of a change: what an operator does is recorded, from here to the ledger. */
function traceparent() {
  const digits = [...crypto.getRandomValues(new Uint8Array(24))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return `00-${digits.slice(0, 32)}-${digits.slice(32)}-01`;
}

/** A whole answer: { headers, text }. One that breaks off is none. */
export async function ask(method, path, { body, headers = {}, signal } = {}) {
  const sent = { ...headers };
  const mine = token.get();
  if (mine) sent.authorization = `Bearer ${mine}`;
  if (method !== "GET") sent.traceparent = traceparent();
  if (body !== undefined) sent["content-type"] = "application/json";
  // By hand, as AbortSignal.any is not in every browser that is in force.
  const limit = new AbortController();
  const abort = () => limit.abort();
  const timer = setTimeout(abort, 1_000 * secondsMost);
  signal?.addEventListener("abort", abort);
  if (signal?.aborted) abort();
  let response;
  let text;
  try {
    response = await fetch(`/api/v1/${path}`, {
      method, headers: sent, signal: limit.signal, body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin", redirect: "error", cache: "no-store",
    });
    text = await response.text();
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem(0, { title: limit.signal.aborted ? `the coordinator has not answered within ${secondsMost} s` : "the coordinator does not answer" });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
  if (!response.ok) {
    const problem = parsed(text) ?? {};
    // Of a token that somebody has replaced meanwhile nobody is asked. Where the browser's certificate has no role a token may have one.
    if ((response.status === 401 || response.status === 403 && problem.certificate) && mine === token.get()) dispatchEvent(new CustomEvent("signin", { detail: problem.title }));
    throw new Problem(response.status, problem);
  }
  return { headers: response.headers, text };
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function contents(answer) {
  const found = parsed(answer.text);
  if (found === null) throw new Problem(0, { title: "the coordinator's answer is no JSON" });
  return found;
}

export const get = async (path) => contents(await ask("GET", path));

/** The thing and the version that a change of it has to name. */
export async function getVersioned(path) {
  const answer = await ask("GET", path);
  return { document: contents(answer), etag: answer.headers.get("etag") };
}

/** All pages of a list of the catalog. */
export async function getAll(kind, query = "") {
  const all = [];
  for (let after = ""; after !== null;) {
    const page = await get(`${kind}?limit=1000${query}${after ? `&after=${encodeURIComponent(after)}` : ""}`);
    all.push(...page[kind]);
    after = page.next;
  }
  return all;
}

/** A change, which is made once however often it is sent with the same key. */
export const change = async (method, path, body, key, headers = {}) => contents(await ask(method, path, { body, headers: { "idempotency-key": key, ...headers } }));

/** What the change would do. */
export const tryChange = async (method, path, body, headers = {}) => contents(await ask(method, `${path}?dryRun=1`, { body, headers }));

/** Why somebody changes something, as a header has it: its UTF-8, a byte a character. */
export const noted = (note) => (note ? { "paceline-note": String.fromCharCode(...new TextEncoder().encode(note)) } : {});

export const newKey = () => crypto.randomUUID?.() ?? key128();

/** randomUUID is only there for pages that came by TLS or from this machine. */
function key128() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
