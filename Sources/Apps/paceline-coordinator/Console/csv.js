// Comma-separated values as spreadsheets write and read them (RFC 4180), and the two kinds of them that the console knows.
import { decimal } from "./format.js";

/** Rows of cells, each with the line in which it begins; throws with the line where a quote is not closed. */
export function parse(text) {
  const rows = [{ line: 1, cells: [] }];
  let cell = "";
  let isQuoted = false;
  let line = 1;
  let opened = 0;
  const bytes = text.replace(/^\uFEFF/, "");
  for (let index = 0; index < bytes.length; index += 1) {
    const one = bytes[index];
    if (one === "\n") line += 1;
    if (isQuoted) {
      if (one !== '"') cell += one;
      else if (bytes[index + 1] === '"') cell += bytes[index += 1];
      else isQuoted = false;
    } else if (one === '"' && cell === "") {
      isQuoted = true;
      opened = line;
    } else if (one === ",") {
      rows.at(-1).cells.push(cell);
      cell = "";
    } else if (one === "\n") {
      rows.at(-1).cells.push(cell.replace(/\r$/, ""));
      cell = "";
      rows.push({ line, cells: [] });
    } else cell += one;
  }
  if (isQuoted) throw new Error(`line ${opened}: a quote is not closed`);
  rows.at(-1).cells.push(cell);
  return rows.filter(({ cells }) => cells.length > 1 || cells[0].trim() !== "");
}

/** A spreadsheet takes a cell that begins like this for a formula, but for a ' before it, which is taken away again when it is read. */
const formula = /^'*[=+\-@\t\r]/;
const plain = (cell) => (cell.startsWith("'") && formula.test(cell) ? cell.slice(1) : cell);
const cellOf = (value) => {
  const text = value === null || value === undefined ? "" : String(value);
  const safe = typeof value === "string" && formula.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

export const write = (rows) => rows.map((row) => row.map(cellOf).join(",")).join("\r\n") + "\r\n";

/** What each campaign delivered, by day where it has days. */
export function delivery(accounts) {
  const rows = [["campaign", "day", "currency", "budget", "settled", "granted", "suspense", "presumedSpent", "late", "free"]];
  for (const { lifetime, days } of accounts.values()) {
    for (const one of [lifetime, ...days]) {
      if (one) rows.push([one.campaign, one.day ?? "", one.currency, one.budget, one.settled, one.granted, one.suspense, one.presumedSpent, one.late, one.free]);
    }
  }
  return write(rows);
}

/** Columns of campaigns in bulk, in the catalog's own words; flights by their two ends. */
export const columns = ["id", "advertiser", "name", "currency", "flight.start", "flight.end", "lifetimeBudget", "dailyBudget", "pacing", "goal", "goalValue", "paused", "dayStartsAtMinutes"];
const numbers = new Set(["lifetimeBudget", "dailyBudget", "goalValue", "dayStartsAtMinutes"]);

export function campaigns(documents) {
  const of = (one, column) => column.split(".").reduce((value, part) => value?.[part], one) ?? "";
  return write([columns, ...documents.map((one) => columns.map((column) => of(one, column)))]);
}

/**
 * Campaigns of rows. What a row leaves empty stays as it is of a campaign that is there, and is left out of a new one.
 * @returns { documents, wrong: [{line, column, why}] }
 */
export function read(text, known) {
  const [head, ...rows] = parse(text);
  const wrong = [];
  if (!head) return { documents: [], wrong: [{ line: 1, column: "", why: "there is no line" }] };
  const names = head.cells.map((name) => name.trim());
  for (const [index, name] of names.entries()) {
    if (!columns.includes(name)) wrong.push({ line: head.line, column: name, why: `no column of campaigns; allowed ${columns.join(", ")}` });
    if (names.indexOf(name) !== index) wrong.push({ line: head.line, column: name, why: "stands twice" });
  }
  if (!names.includes("id")) wrong.push({ line: head.line, column: "id", why: "is needed, to say which campaign a line is" });
  const documents = [];
  const seen = new Set();
  for (const { line, cells: row } of rows) {
    if (row.length !== names.length) {
      wrong.push({ line, column: "", why: `has ${row.length} cells, and the first line has ${names.length}` });
      continue;
    }
    const id = plain(row[names.indexOf("id")]?.trim() ?? "");
    if (!id) wrong.push({ line, column: "id", why: "is empty" });
    else if (seen.has(id)) wrong.push({ line, column: "id", why: `${id} stands in a line before` });
    seen.add(id);
    const document = structuredClone(known.get(id) ?? { id });
    for (const [at, name] of names.entries()) {
      const cell = plain(row[at].trim());
      if (cell === "" || name === "id") continue;
      let value = cell;
      if (numbers.has(name)) {
        value = decimal(cell);
        if (value === null) wrong.push({ line, column: name, why: `found ${cell}; allowed a number` });
      } else if (name === "paused") {
        // Spreadsheets write them large.
        const word = cell.toLowerCase();
        if (!["true", "false"].includes(word)) wrong.push({ line, column: name, why: `found ${cell}; allowed true or false` });
        value = word === "true";
      }
      const [outer, inner] = name.split(".");
      if (inner) document[outer] = { ...document[outer], [inner]: value };
      else document[name] = value;
    }
    documents.push(document);
  }
  return { documents, wrong };
}

/** Gives the file to who asked for it, with the mark by which spreadsheets know that it is UTF-8. */
export function save(name, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(["\uFEFF", text], { type: "text/csv;charset=utf-8" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
