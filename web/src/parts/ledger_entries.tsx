import type { LedgerEntry } from "../api/types";
import { moment } from "../format/times";
import { audit, of_target } from "../route/addresses";
import { Link } from "../route/link";

// What an entry says beyond its action and target, in one line; objects as compact JSON.
export function detail_text(detail: unknown): string {
  if (detail === null || detail === undefined || detail === "") return "";
  if (typeof detail !== "object") return String(detail);
  return Object.entries(detail as Record<string, unknown>)
    .map(([name, value]) => `${name} ${typeof value === "object" ? JSON.stringify(value) : String(value)}`)
    .join(", ");
}

export function TargetLink({ target }: { target: string }) {
  const to = of_target(target);
  return to ? <Link to={to}>{target}</Link> : <>{target || "–"}</>;
}

// Entries as a timeline, newest first.
export function Timeline({ entries }: { entries: LedgerEntry[] }) {
  return (
    <ol className="steps" data-testid="timeline">
      {entries.map((entry) => (
        <li key={entry.index}>
          <time dateTime={entry.at}>{moment(entry.at)}</time>
          <div className="break">
            <span className="what">{entry.action}</span> <span className="bywhom">by {entry.actor}</span>{" "}
            <Link to={audit({ from: entry.index })} className="small muted" title="In the ledger">
              #{entry.index}
            </Link>
            {entry.reason && <div>“{entry.reason}”</div>}
            {detail_text(entry.detail) && <div className="muted small">{detail_text(entry.detail)}</div>}
          </div>
        </li>
      ))}
    </ol>
  );
}
