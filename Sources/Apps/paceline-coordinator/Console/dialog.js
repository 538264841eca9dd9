// Confirmation: what a change would do, asked of the coordinator as a dry run, and which role it takes, before it is done.
import { newKey, Problem } from "./api.js";
import { h } from "./dom.js";

export const roles = ["viewer", "operator", "trafficker", "admin"];
export const may = (me, role) => me !== null && roles.indexOf(me.role) >= roles.indexOf(role);

/**
 * @param what { title, role, verb, attempt(): effects, perform(note, key): answer, about: Node }. The key is the dialog's: pressed again after
 * an answer that was lost, the change is made once.
 * @returns what perform answered, or null where nothing was done.
 */
export function confirm(me, what) {
  return new Promise((resolve) => {
    let result = null;
    let isSending = false;
    const key = newKey();
    const isAllowed = may(me, what.role);
    const effect = h("div", { class: "effect", "aria-live": "polite" }, h("p", { class: "muted" }, "Asking what it would do …"));
    const note = h("input", { id: "note", maxlength: "200", autocomplete: "off" });
    const go = h("button", { class: what.isGrave ? "grave" : "primary", type: "button", disabled: true }, what.verb);
    const no = h("button", { type: "button" }, isAllowed ? "Leave it" : "Close");
    const dialog = h("dialog", { "aria-labelledby": "dialog-title" },
      h("h2", { id: "dialog-title" }, what.title),
      what.about,
      effect,
      h("p", { class: isAllowed ? "muted" : "refused" },
        `It takes the role ${what.role}. `, isAllowed ? `You are ${me.role}.` : `You are ${me?.role ?? "nobody"}, which may not.`),
      isAllowed && h("p", { class: "field" }, h("label", { for: "note" }, "Why, for the list of versions"), note),
      h("p", { class: "buttons" }, no, isAllowed && go));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(result);
    });
    // What is sent cannot be left any more: its answer is waited for. A second Escape would come without being asked, but for its key.
    dialog.addEventListener("cancel", (event) => isSending && event.preventDefault());
    dialog.addEventListener("keydown", (event) => isSending && event.key === "Escape" && event.preventDefault());
    no.addEventListener("click", () => dialog.close());
    go.addEventListener("click", async () => {
      isSending = true;
      go.disabled = no.disabled = note.disabled = true;
      try {
        result = await what.perform(note.value.trim(), key);
        dialog.close();
      } catch (error) {
        effect.replaceChildren(problemNode(error));
        go.disabled = no.disabled = note.disabled = false;
        no.focus();
      }
      isSending = false;
    });
    document.body.append(dialog);
    dialog.showModal();
    no.focus();
    if (!isAllowed) return effect.replaceChildren();
    Promise.resolve(what.attempt()).then((found) => {
      effect.replaceChildren(found instanceof Node ? found : effects(found));
      go.disabled = found?.isDryRun === true && !found.isChanged && !what.isAlways;
    }, (error) => effect.replaceChildren(problemNode(error)));
  });
}

const shown = (value) => (value === undefined ? "…" : value === null ? "nothing" : typeof value === "string" ? value : JSON.stringify(value));

/** What a dry run answered. */
export function effects(found) {
  if (found.changes.length === 0) return h("p", null, "Nothing would change: it is so already.");
  return h("div", null,
    h("p", null, `It would publish version ${found.published + 1} to all nodes. It would change:`),
    h("ul", { class: "effects" }, found.changes.map((one) => h("li", null,
      h("strong", null, `${one.kind} ${one.id}`), ` is ${one.what}`,
      one.fields.length > 0 && h("ul", null, one.fields.map((field) => h("li", null,
        h("code", null, field.field), ": ", h("del", null, shown(field.was)), " → ", h("ins", null, shown(field.becomes))))))),
    found.unreported > 0 && h("li", null, `and ${found.unreported} more`)));
}

/** A refusal with all that it says. */
export function problemNode(error) {
  if (!(error instanceof Problem)) {
    console.error(error);
    return h("p", { class: "refused", role: "alert" }, `This page has failed: ${error.message}`);
  }
  const { leader, needed, version } = error.body;
  return h("div", { class: "refused", role: "alert" },
    h("p", null, h("strong", null, error.message), error.status > 0 && ` (${error.status})`),
    needed && h("p", null, `It takes the role ${needed}.`),
    error.status === 412 && h("p", null, `Somebody changed it meanwhile${version ? `: it is of version ${version} now` : ""}. Look again.`),
    leader && h("p", null, "The leader is ", h("a", { href: `${leader.address}/console/${location.hash}` }, leader.name), "; changes are made there."),
    error.errors.length > 0 && h("ul", null, error.errors.map((one) => h("li", null,
      one.kind && `${one.kind} ${one.id ?? ""} `, h("code", null, one.field), ": ",
      one.found !== undefined && one.found !== null && `found ${shown(one.found)}; `, `allowed ${one.allowed}`,
      one.nearest && `; did you mean ${one.nearest}?`))));
}

/** Puts each refusal at its field's input, and answers what had none. */
export function placeErrors(form, error) {
  for (const old of form.querySelectorAll(".field-error")) old.remove();
  for (const old of form.querySelectorAll("[aria-invalid]")) {
    old.removeAttribute("aria-invalid");
    old.removeAttribute("aria-describedby");
  }
  if (!(error instanceof Problem)) return error;
  const rest = [];
  for (const one of error.errors) {
    const input = [...form.elements].find((element) => element.name === one.field);
    if (!input) {
      rest.push(one);
      continue;
    }
    const id = `error-${one.field.replaceAll(".", "-")}`;
    input.setAttribute("aria-invalid", "true");
    input.setAttribute("aria-describedby", id);
    input.after(h("span", { class: "field-error", id }, `found ${shown(one.found)}; allowed ${one.allowed}`,
      one.nearest && `; did you mean ${one.nearest}?`));
  }
  form.querySelector("[aria-invalid]")?.focus();
  if (error.errors.length > 0 && rest.length === 0) return null;
  return new Problem(error.status, { ...error.body, errors: rest });
}
