// Elements without markup in texts: h() makes them, patch() brings what is shown to what shall be shown, so that focus, selection and
// open details stay where they are.

const svgTags = new Set(["svg", "path", "line", "polyline", "polygon", "text", "g", "rect", "circle", "title"]);

/** h("td", {class: "number", onclick: f}, "text", child, [children]): null and false are left out. */
export function h(tag, attributes, ...children) {
  const isSVG = svgTags.has(tag) && tag !== "title" || tag === "svg:title";
  const node = isSVG
    ? document.createElementNS("http://www.w3.org/2000/svg", tag.replace("svg:", "")) : document.createElement(tag);
  node.handlers = {};
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) listen(node, name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  append(node, children);
  return node;
}

function append(node, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    if (Array.isArray(child)) append(node, child);
    else node.append(child instanceof Node ? child : String(child));
  }
}

function listen(node, type, handler) {
  node.handlers[type] = handler;
  // Looked up when it happens: patch() may have given the element another one meanwhile.
  node.addEventListener(type, (event) => node.handlers[type]?.(event));
}

/** Makes the children of `place` be these. */
export function show(place, ...children) {
  const wanted = document.createElement("div");
  append(wanted, children);
  patchChildren(place, wanted);
}

function patchChildren(old, wanted) {
  const next = [...wanted.childNodes];
  for (let index = 0; index < next.length; index += 1) {
    const is = old.childNodes[index];
    if (!is) old.append(next[index]);
    else patch(is, next[index]);
  }
  while (old.childNodes.length > next.length) old.lastChild.remove();
}

function patch(is, wanted) {
  const isOther = is.nodeType !== wanted.nodeType || is.nodeName !== wanted.nodeName
    || is.nodeType === Node.ELEMENT_NODE && is.getAttribute("data-key") !== wanted.getAttribute("data-key");
  if (isOther) return is.replaceWith(wanted);
  if (is.nodeType === Node.TEXT_NODE) {
    if (is.data !== wanted.data) is.data = wanted.data;
    return;
  }
  if (is.nodeType !== Node.ELEMENT_NODE) return;
  for (const { name } of [...is.attributes]) {
    // Whether it is open is for who reads.
    if (!wanted.hasAttribute(name) && !(name === "open" && is.nodeName === "DETAILS")) is.removeAttribute(name);
  }
  for (const { name, value } of wanted.attributes) if (is.getAttribute(name) !== value) is.setAttribute(name, value);
  for (const type of Object.keys(wanted.handlers ?? {})) {
    if (is.handlers?.[type]) is.handlers[type] = wanted.handlers[type];
    else listen(is, type, wanted.handlers[type]);
  }
  if (is.handlers) for (const type of Object.keys(is.handlers)) if (!wanted.handlers?.[type]) delete is.handlers[type];
  patchChildren(is, wanted);
}

/** A table that becomes a list of cards on a phone. columns: {label, of(row), number, key}. */
export function table(caption, columns, rows, { empty = "Nothing.", key } = {}) {
  if (rows.length === 0) return h("p", { class: "empty" }, empty);
  const name = (column) => (column.number ? "number" : column.kind ?? null);
  return h("table", { class: "cards" },
    h("caption", { class: "unseen" }, caption),
    h("thead", null, h("tr", null, columns.map((column) => h("th", { scope: "col", class: name(column) }, column.label)))),
    h("tbody", null, rows.map((row) => h("tr", { "data-key": key?.(row) }, columns.map((column, index) => {
      const cell = column.of(row);
      return h(index === 0 ? "th" : "td", { scope: index === 0 ? "row" : null, class: name(column), "data-label": column.label },
        h("span", { class: "cell" }, cell ?? "–"));
    })))));
}
