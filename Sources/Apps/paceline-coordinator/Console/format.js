// Numbers, money and times as people read them. Amounts come as decimals of the currency's unit.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

export const count = (value) => whole.format(value);

/** Two places, and more where an amount is small: a thousandth of a CPM is a price. */
export function amount(value) {
  const number = Number(value ?? 0);
  const places = number === 0 || Math.abs(number) >= 1 ? 2 : Math.abs(number) >= 0.01 ? 4 : 6;
  return new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: places }).format(number);
}

/** A movement of money, which is often a thousandth of a CPM: as many places in every line. */
export const precise = (value, currency) => `${new Intl.NumberFormat("en", { minimumFractionDigits: 4, maximumFractionDigits: 6 }).format(value)} ${currency}`;

export const money = (value, currency) => `${amount(value)} ${currency ?? ""}`.trim();

/** What is written as a decimal number, such as -1.5e3; null for all else, such as 0x10. */
export function decimal(text) {
  const number = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : NaN;
  return Number.isFinite(number) ? number : null;
}

export function percent(part, whole) {
  if (!(whole > 0)) return "–";
  const share = 100 * part / whole;
  if (share >= 1_000) return `${count(share / 100)} times`;
  return share > 0 && share < 0.05 ? "< 0.1 %" : `${share.toFixed(1)} %`;
}

export function bytes(value) {
  for (const unit of ["B", "KiB", "MiB"]) {
    if (value < 1024) return `${unit === "B" ? value : value.toFixed(1)} ${unit}`;
    value /= 1024;
  }
  return `${value.toFixed(1)} GiB`;
}

export function seconds(value) {
  if (value < 0) return "over";
  if (value < 90) return `${Math.round(value)} s`;
  if (value < 5_400) return `${Math.round(value / 60)} min`;
  if (value < 129_600) return `${Math.round(value / 3_600)} h`;
  return `${count(value / 86_400)} d`;
}

/** In UTC, as all times here. */
export function time(text) {
  const at = new Date(text);
  return Number.isNaN(at.getTime()) ? "–" : `${at.toISOString().slice(0, 19).replace("T", " ")}`;
}

export const date = (text) => time(text).slice(0, 10);
