// The fleet's CA: its certificates, and how one takes another's place while the fleet works.

import type { CaCertificate, CaRollover } from "../api/ca_types";
import { useListing, useReading } from "../api/reading";
import type { LedgerEntry } from "../api/types";
import { count, short_hash } from "../format/numbers";
import { anchor_parts, ROLLOVER_STEPS, step_states, unsettled, what_keeps } from "../format/rollover";
import { ago, moment } from "../format/times";
import { useCalm, useEvent, useNow, usePolling } from "../live/hooks";
import { Bar, Key } from "../parts/bar";
import { Copy } from "../parts/copy";
import { Head } from "../parts/head";
import { Timeline } from "../parts/ledger_entries";
import { ListingTable } from "../parts/listing";
import { Notice, ProblemNotice } from "../parts/notice";
import { Panel } from "../parts/panel";
import { ProgressTag } from "../parts/tag";
import { devices } from "../route/addresses";
import { Link } from "../route/link";
import { useEntries } from "./audit_entries";
import { RolloverActs } from "./ca_acts";

const POLL_MS = 5_000;
const TARGET = "ca/fleet"; // of its ledger entries

export default function Ca() {
  const rollover = useReading<CaRollover>("/ca/rollover");
  const certificates = useListing<CaCertificate>("/ca");
  const again = useCalm(() => {
    rollover.reload();
    certificates.reload();
  }, 300);
  useEvent<LedgerEntry>("ledger", ({ action }) => action.startsWith("ca.") && again());
  usePolling(rollover.reload, POLL_MS);
  const { value } = rollover;
  return (
    <>
      <Head title="CA" acts={value && <RolloverActs rollover={value} done={again} />}>
        <span className="sub">whose certificates devices trust, and have</span>
      </Head>
      <ProblemNotice problem={rollover.problem} retry={rollover.reload} />
      {value?.refused && (
        <div data-testid="rollover-refused">
          <Notice tone="warn">
            <strong>The signer refused the last step.</strong>
            <span className="break">{value.refused}</span>
          </Notice>
        </div>
      )}
      {value && <RolloverPanel rollover={value} />}
      <Certificates list={certificates} />
      <History />
    </>
  );
}

function RolloverPanel({ rollover }: { rollover: CaRollover }) {
  const { phase, scope, begun_at, switched_at } = rollover;
  const states = step_states(phase);
  const now = useNow(5000);
  if (phase === "none")
    return (
      <Panel title="Rollover" testid="rollover">
        <p className="muted" data-testid="rollover-phase" data-phase={phase}>
          None is under way. One CA takes another's place in steps, and nobody is locked out in between.
        </p>
      </Panel>
    );
  return (
    <Panel
      title={scope === "root" ? "Rollover of the root and the issuing CA" : "Rollover of the issuing CA"}
      aside={unsettled(phase) ? "waiting for the signer" : begun_at && `begun ${ago(begun_at, now)}`}
      testid="rollover"
    >
      <ol className="progress" data-testid="rollover-phase" data-phase={phase}>
        {ROLLOVER_STEPS.map((name, at) => (
          <li key={name}>
            <ProgressTag word={name} state={states[at] ?? "to come"} />
          </li>
        ))}
      </ol>
      {scope === "root" && <Anchors rollover={rollover} />}
      <dl className="facts">
        <dt>Of the old CA</dt>
        <dd data-testid="old-certificates">
          {switched_at
            ? `${count(rollover.old_certificates)} certificates of devices and applications`
            : "all; the new one issues nothing yet"}
        </dd>
        {switched_at && (
          <>
            <dt>Switched over</dt>
            <dd>{moment(switched_at)} UTC</dd>
          </>
        )}
      </dl>
      <Waiting rollover={rollover} />
    </Panel>
  );
}

// Which devices have the new root.
function Anchors({ rollover }: { rollover: CaRollover }) {
  const parts = anchor_parts(rollover);
  return (
    <div className="gap">
      <Bar
        label="Devices by whether they have the new root"
        parts={parts}
        of={rollover.devices}
        size="tall"
      />
      <div className="keys gap">
        {parts.map((part) => (
          <Key key={part.name} {...part} />
        ))}
      </div>
    </div>
  );
}

function Waiting({ rollover }: { rollover: CaRollover }) {
  const { waiting_for } = rollover;
  if (waiting_for.length === 0) return null;
  return (
    <div className="gap" data-testid="waiting-for">
      <h3>Waiting for</h3>
      <p className="muted">{what_keeps(rollover)}. Among them:</p>
      <span className="chips">
        {waiting_for.map((name) => (
          <Link key={name} className="chip clip" to={devices({ q: name })}>
            {name}
          </Link>
        ))}
      </span>
    </div>
  );
}

const ROLES: Record<CaCertificate["role"], string> = {
  issuing: "issues",
  root: "root",
  "other-issuing": "the other's issuing CA",
  "other-root": "the other's root",
  cross: "one root under the other",
};
const COLUMNS = [
  { name: "What for" },
  { name: "Name" },
  { name: "SHA-256" },
  { name: "Begins, UTC", className: "num" },
  { name: "Ends, UTC", className: "num" },
  { name: "PEM", className: "num" },
];

function Certificates({ list }: { list: ReturnType<typeof useListing<CaCertificate>> }) {
  return (
    <Panel title="Certificates" flush>
      <ListingTable
        list={list}
        label="CA certificates"
        columns={COLUMNS}
        empty={<p className="empty">None.</p>}
        row={(each) => (
          <tr key={each.sha256} data-testid="ca-row" data-role={each.role}>
            <td>{ROLES[each.role]}</td>
            <td>{each.name}</td>
            <td className="mono" title={each.sha256}>
              {short_hash(each.sha256, 16)}
            </td>
            <td className="num muted">{moment(each.not_before)}</td>
            <td className="num muted">{moment(each.not_after)}</td>
            <td className="num">
              <Copy text={each.pem} what={`certificate: ${ROLES[each.role]}`} />
            </td>
          </tr>
        )}
      />
    </Panel>
  );
}

function History() {
  const { entries, busy, problem, reload } = useEntries(TARGET, null);
  return (
    <Panel title="Steps that were taken" flush>
      <ProblemNotice problem={problem} retry={reload} />
      {entries.length === 0 && !busy && !problem && <p className="empty">None yet: it is the first CA.</p>}
      <Timeline entries={entries} />
    </Panel>
  );
}
