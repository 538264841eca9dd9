// The one way to the coordinator: /api/v1, with the token that this tab was given. The token is sent in a header by this script and by
// nothing else, so that no other site can have the browser send it.

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

export async function ask(method, path, { body, headers = {}, signal } = {}) {
  const sent = { ...headers };
  if (token.get()) sent.authorization = `Bearer ${token.get()}`;
  if (body !== undefined) sent["content-type"] = "application/json";
  let response;
  try {
    response = await fetch(`/api/v1/${path}`, {
      method, headers: sent, signal, body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "omit", redirect: "error", cache: "no-store",
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, { title: "the coordinator does not answer" });
  }
  if (!response.ok) {
    const problem = await response.json().catch(() => ({}));
    if (response.status === 401) dispatchEvent(new CustomEvent("signin", { detail: problem.title }));
    throw new Problem(response.status, problem);
  }
  return response;
}

export const get = async (path) => (await ask("GET", path)).json();

/** The thing and the version that a change of it has to name. */
export async function getVersioned(path) {
  const response = await ask("GET", path);
  return { document: await response.json(), etag: response.headers.get("etag") };
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

/** A change, which is made once however often it is sent. */
export async function change(method, path, body, headers = {}) {
  return (await ask(method, path, { body, headers: { "idempotency-key": crypto.randomUUID?.() ?? key128(), ...headers } })).json();
}

/** What the change would do. */
export async function tryChange(method, path, body, headers = {}) {
  return (await ask(method, `${path}?dryRun=1`, { body, headers })).json();
}

/** randomUUID is only there for pages that came by TLS or from this machine. */
function key128() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
