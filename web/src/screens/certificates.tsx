// Certificates by their end: whose renewal is overdue, which end soon, and what was refused.

import { useState } from "react";
import type { ListedCertificate } from "../api/identity_types";
import { path_of } from "../api/query_string";
import { useListing } from "../api/reading";
import type { LedgerEntry } from "../api/types";
import { standing_of, used } from "../format/certificates";
import { percent, short_hash } from "../format/numbers";
import { ago, moment } from "../format/times";
import { useFleet } from "../live/fleet";
import { useCalm, useEvent, useNow, usePolling } from "../live/hooks";
import { Bar, Key } from "../parts/bar";
import { Choice } from "../parts/choice";
import { Head } from "../parts/head";
import { ListingTable } from "../parts/listing";
import { Empty } from "../parts/notice";
import { Panel } from "../parts/panel";
import { useMayAct } from "../parts/session";
import { StandingTag } from "../parts/tag";
import * as to from "../route/addresses";
import { Link } from "../route/link";
import { go, usePlace } from "../route/router";
import { RevokeDialog } from "./certificate_acts";
import { LedgerActs } from "./ledger_acts";

const POLL_MS = 30_000;
const COLUMNS = [
  { name: "Whose" },
  { name: "State" },
  { name: "Serial" },
  { name: "Life" },
  { name: "Ends, UTC", className: "num" },
  { name: "Ends", className: "num" },
  { name: "Acts", unseen: true },
];
const WITHIN = [
  ["overdue", "overdue"],
  ["7d", "7 days"],
  ["30d", "30 days"],
  ["400d", "all in use"],
] as const;
const REFUSED = [
  ["enrolment.refused", "enrolling and renewing"],
  ["certificate.refused", "connecting"],
] as const;
const MOVES = /^certificate\.(issued|revoked|superseded|withdrawn)$/;

export default function Certificates() {
  const asked = usePlace().searchParams.get("within");
  const within = WITHIN.find(([value]) => value === asked)?.[0] ?? "7d";
  return (
    <>
      <Head title="Certificates">
        <Totals />
      </Head>
      <Ending key={within} within={within} />
      <LedgerActs
        title="Refused lately"
        label="Refused while"
        actions={REFUSED}
        nothing="None among the newest 20,000 ledger entries."
        testid="refusals"
      />
    </>
  );
}

const KINDS = ["valid", "expiring", "expired", "revoked"] as const;

// Of all that were ever seen in a handshake.
function Totals() {
  const { fleet } = useFleet();
  if (!fleet) return null;
  return (
    <span className="keys" data-testid="certificate-totals">
      {KINDS.map((kind) => (
        <Key key={kind} name={kind} n={fleet.certificates[kind]} />
      ))}
    </span>
  );
}

function Ending({ within }: { within: (typeof WITHIN)[number][0] }) {
  const overdue = within === "overdue";
  const list = useListing<ListedCertificate>(
    "/certificates",
    overdue ? { overdue: true } : { expiring: within },
  );
  const [revoked, revoke] = useState<ListedCertificate>();
  const may_act = useMayAct();
  const now = useNow(5000);
  const again = useCalm(list.reload, 1000);
  useEvent<LedgerEntry>("ledger", ({ action }) => MOVES.test(action) && again());
  usePolling(list.reload, POLL_MS);
  const choice = (
    <Choice
      label="Which"
      options={WITHIN}
      value={within}
      choose={(value) => go(to.certificates({ within: value }), "replace")}
    />
  );
  return (
    <Panel
      title={overdue ? "Renewal overdue" : "In use, soonest to end first"}
      aside={choice}
      flush
      testid="certificates"
    >
      <ListingTable
        list={list}
        label="Certificates"
        columns={COLUMNS}
        empty={<Nothing overdue={overdue} />}
        row={(each) => (
          <Row
            key={each.serial}
            certificate={each}
            now={now}
            revoke={may_act ? () => revoke(each) : undefined}
          />
        )}
      />
      {revoked && (
        <RevokeDialog
          path={`${path_of("certificates", revoked.serial)}/revoke`}
          what={`a certificate of ${revoked.subject}`}
          close={() => revoke(undefined)}
          done={list.reload}
        />
      )}
    </Panel>
  );
}

function Nothing({ overdue }: { overdue: boolean }) {
  return (
    <Empty command={overdue ? "muster cert list --overdue" : "muster cert list --expiring 7d"}>
      {overdue
        ? "Every renewal is in time: no certificate in use has less than a quarter of its life to go."
        : "No certificate in use ends within this time."}
    </Empty>
  );
}

interface RowProps {
  certificate: ListedCertificate;
  now: number;
  revoke: (() => void) | undefined; // undefined: not for this role
}

function Row({ certificate, now, revoke }: RowProps) {
  const { subject, kind, serial, not_after } = certificate;
  const share = used(certificate, now);
  return (
    <tr data-testid="certificate-row" data-subject={subject}>
      <td className="clip id" title={subject}>
        {kind === "device" ? <Link to={to.device(subject)}>{subject}</Link> : `${subject} (application)`}
      </td>
      <td>
        <StandingTag standing={standing_of(certificate, now)} />
      </td>
      <td className="mono" title={serial}>
        {short_hash(serial, 16)}
      </td>
      <td className="life" title={`${percent(share, 1)} used`}>
        <Bar
          size="thin"
          label="Life used, of 100"
          parts={[{ name: "plain", n: Math.round(100 * share) }]}
          of={100}
        />
      </td>
      <td className="num muted">{moment(not_after)}</td>
      <td className="num">{ago(not_after, now)}</td>
      <td className="num">
        {revoke && (
          <button type="button" className="button plain" onClick={revoke} data-testid="act-revoke">
            Revoke…
          </button>
        )}
      </td>
    </tr>
  );
}
