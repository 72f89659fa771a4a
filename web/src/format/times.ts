// Times as text. Absolute times are UTC everywhere, so that two people who compare screens see the
// same digits; relative ones are for reading at a glance.

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

export function span(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < MINUTE) return `${s} s`;
  if (s < HOUR) return `${Math.floor(s / MINUTE)} min`;
  if (s < 2 * DAY) {
    const minutes = Math.floor((s % HOUR) / MINUTE);
    return `${Math.floor(s / HOUR)} h${s < 6 * HOUR && minutes ? ` ${minutes} min` : ""}`;
  }
  return `${Math.floor(s / DAY)} d`;
}

// How long it took, or takes until now.
export function lasted(from: string, until: string | null, now: number): string {
  return span(((until ? Date.parse(until) : now) - Date.parse(from)) / 1000);
}

export function ago(time: string | null, now: number): string {
  if (!time) return "never";
  const seconds = (now - Date.parse(time)) / 1000;
  if (Number.isNaN(seconds)) return "–";
  if (seconds < -5) return `in ${span(-seconds)}`;
  return seconds < 5 ? "now" : `${span(seconds)} ago`;
}

export function clock(time: string): string {
  const at = new Date(time);
  return Number.isNaN(at.getTime()) ? "–" : at.toISOString().slice(11, 19);
}

export function moment(time: string | null): string {
  if (!time) return "–";
  const at = new Date(time);
  if (Number.isNaN(at.getTime())) return "–";
  return `${at.toISOString().slice(0, 10)} ${at.toISOString().slice(11, 19)}`;
}
