import type { ReactNode } from "react";
import { count, short_hash } from "../format/numbers";
import { sound, type Verdict } from "../ledger/verify";
import { WordTag } from "../parts/tag";

interface Line {
  good: boolean | null; // null: not checked
  what: string;
  how: ReactNode;
}

function lines_of(verdict: Verdict): Line[] {
  return [
    entries_line(verdict),
    root_line(verdict),
    signature_line(verdict),
    key_line(verdict),
    history_line(verdict),
  ];
}

function entries_line({ bad_total, bad_entries, size }: Verdict): Line {
  if (bad_total === 0)
    return { good: true, what: "Entries", how: `All ${count(size)} hash to what the tiles say.` };
  const named = bad_entries.join(", ") + (bad_total > bad_entries.length ? " …" : "");
  return {
    good: false,
    what: "Entries",
    how: `${count(bad_total)} do not hash to what the tiles say: ${named}.`,
  };
}

function root_line({ root_matches, computed_root, signed_root }: Verdict): Line {
  const how = root_matches
    ? `Computed ${short_hash(computed_root, 16)}, as signed.`
    : `Computed ${short_hash(computed_root, 16)}, signed ${short_hash(signed_root, 16)}.`;
  return { good: root_matches, what: "Root", how };
}

function signature_line({ signature, origin }: Verdict): Line {
  const says = {
    valid: `Ed25519, by ${origin}.`,
    invalid: "Ed25519, and it does not fit the checkpoint.",
    absent: "The checkpoint carries none by this key.",
    unsupported: "Not checked: this browser offers no Ed25519.",
  };
  return {
    good: signature === "unsupported" ? null : signature === "valid",
    what: "Signature",
    how: says[signature],
  };
}

function key_line({ key }: Verdict): Line {
  if (key === "same as before")
    return { good: true, what: "Key", how: "The same as at the last verification in this browser." };
  if (key === "changed")
    return {
      good: false,
      what: "Key",
      how: "Not the one of the last verification in this browser. Find out why before you trust it.",
    };
  return {
    good: null,
    what: "Key",
    how: "Seen for the first time; it came from this same server. Compare it with a copy you trust.",
  };
}

function history_line({ history, earlier }: Verdict): Line {
  if (history === "none" || !earlier)
    return {
      good: null,
      what: "Past",
      how: "Nothing to compare: this browser has verified no earlier state.",
    };
  const was = `${count(earlier.size)} entries that were verified here before`;
  return history === "extends"
    ? { good: true, what: "Past", how: `The ${was} are unchanged; the log only grew.` }
    : { good: false, what: "Past", how: `The ${was} are not the same any more. History was rewritten.` };
}

export function VerdictList({ verdict }: { verdict: Verdict }) {
  const good = sound(verdict);
  return (
    <div role="status" className="verdict" data-testid="verdict" data-sound={good}>
      <p>
        <strong>
          {good ? `The log of ${count(verdict.size)} entries is sound.` : "The log is not sound."}
        </strong>
      </p>
      <ul>
        {lines_of(verdict).map(({ good: holds, what, how }) => (
          <li key={what} data-check={what.toLowerCase()}>
            <span className="nowrap">
              {holds === null ? (
                <span className="tag muted">○ {what}</span>
              ) : (
                <WordTag word={what} good={holds} />
              )}
            </span>
            <span>{how}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
