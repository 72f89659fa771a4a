// Figures as text. Grouping is the reader's own locale where it matters, never in what is exported.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

export const count = (n: number) => whole.format(n);

export const plural = (n: number, one: string, many: string) => `${count(n)} ${n === 1 ? one : many}`;

// SenML units as people write them; a ratio has none.
const UNITS: Record<string, string> = { Cel: "°C", "%RH": "% RH", "/": "", deg: "°", Ohm: "Ω" };
export const unit_name = (unit: string | null) => (unit === null ? "" : (UNITS[unit] ?? unit));

export function percent(part: number, of: number): string {
  if (of <= 0) return "–";
  const share = (100 * part) / of;
  if (share > 0 && share < 0.1) return "< 0.1 %";
  if (share < 100 && share > 99.9) return "> 99.9 %";
  return `${share < 10 && share % 1 !== 0 ? share.toFixed(1) : Math.round(share)} %`;
}

export const permille = (n: number) => `${n / 10} %`;

export function octets(n: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (n >= 999.5 && unit < units.length - 1) {
    n /= 1000;
    unit += 1;
  }
  return `${unit === 0 || n >= 100 ? Math.round(n) : n.toFixed(1)} ${units[unit]}`;
}

// A measured value with four significant digits, without an exponent in the everyday range.
export function measure(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e9)) return value.toExponential(2);
  if (size >= 1000) return whole.format(value);
  return String(Number(value.toPrecision(4)));
}

// Both ends belong to the band; an end that is not there is open.
export function band(low: number | null | undefined, high: number | null | undefined): string {
  const [least, most] = [low ?? -Infinity, high ?? Infinity];
  if (least === -Infinity && most === Infinity) return "any value";
  if (most === Infinity) return `at least ${measure(least)}`;
  return least === -Infinity ? `at most ${measure(most)}` : `${measure(least)} to ${measure(most)}`;
}

export function rate(per_second: number): string {
  if (per_second >= 100) return whole.format(per_second);
  return per_second.toFixed(per_second >= 10 ? 1 : 2).replace(/\.?0+$/, "");
}

export function short_hash(hex: string, digits = 12): string {
  return hex.length > digits ? `${hex.slice(0, digits)}…` : hex;
}
