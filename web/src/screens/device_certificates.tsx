// Every certificate the device ever had that is still remembered, newest first.

import { useState } from "react";
import type { ListedCertificate } from "../api/identity_types";
import { path_of } from "../api/query_string";
import { useListing } from "../api/reading";
import type { LedgerEntry } from "../api/types";
import { in_use, standing_of } from "../format/certificates";
import { plural } from "../format/numbers";
import { ago, moment } from "../format/times";
import { useCalm, useEvent, useNow, usePolling } from "../live/hooks";
import { ProblemNotice } from "../parts/notice";
import { Panel } from "../parts/panel";
import { useMayAct } from "../parts/session";
import { StandingTag } from "../parts/tag";
import { RevokeDialog } from "./certificate_acts";

const PAGE = 5;
const POLL_MS = 30_000;

interface Doomed {
  path: string;
  what: string;
}

export function DeviceCertificates({ id }: { id: string }) {
  const list = useListing<ListedCertificate>(`${path_of("devices", id)}/certificates`, {}, PAGE);
  const [doomed, doom] = useState<Doomed>();
  const may_act = useMayAct();
  const now = useNow(5000);
  const again = useCalm(list.reload, 300);
  useEvent<LedgerEntry>("ledger", (entry) => {
    if (entry.target === `device/${id}` && entry.action.startsWith("certificate.")) again();
  });
  usePolling(list.reload, POLL_MS); // its first handshake makes a certificate valid, and nothing tells of it
  const every = { path: `${path_of("devices", id)}/certificates/revoke`, what: `every certificate of ${id}` };
  return (
    <Panel
      title="Certificates"
      aside={list.total !== undefined && plural(list.total, "kept", "kept")}
      flush
      testid="device-certificates"
    >
      <ProblemNotice problem={list.problem} retry={list.reload} />
      {list.items.length === 0 && !list.busy && !list.problem && (
        <p className="empty">It has not enrolled yet.</p>
      )}
      <ul className="certificates">
        {list.items.map((each) => (
          <Certificate
            key={each.serial}
            certificate={each}
            now={now}
            revoke={
              may_act && in_use(each)
                ? () => doom({ path: `${path_of("certificates", each.serial)}/revoke`, what: `one of ${id}` })
                : undefined
            }
          />
        ))}
      </ul>
      {(list.more || (may_act && list.items.some(in_use))) && (
        <div className="table-foot">
          {list.more && (
            <button type="button" className="button" onClick={list.more}>
              Show more
            </button>
          )}
          {may_act && list.items.some(in_use) && (
            <button
              type="button"
              className="button danger"
              onClick={() => doom(every)}
              data-testid="act-revoke-all"
            >
              Revoke all…
            </button>
          )}
        </div>
      )}
      {doomed && <RevokeDialog {...doomed} close={() => doom(undefined)} done={list.reload} />}
    </Panel>
  );
}

interface CertificateProps {
  certificate: ListedCertificate;
  now: number;
  revoke: (() => void) | undefined; // undefined: not for this role, or nothing is left to revoke
}

function Certificate({ certificate, now, revoke }: CertificateProps) {
  const { serial, not_before, not_after } = certificate;
  return (
    <li data-testid="device-certificate" data-status={certificate.status}>
      <div className="line">
        <StandingTag standing={standing_of(certificate, now)} />
        <span className="muted small end">
          {Date.parse(not_after) > now ? "ends" : "ended"} {ago(not_after, now)}
        </span>
      </div>
      <div className="line">
        <span className="mono break grow">{serial}</span>
        {revoke && (
          <button type="button" className="button plain" onClick={revoke} data-testid="act-revoke">
            Revoke…
          </button>
        )}
      </div>
      <div className="muted small">
        {moment(not_before)} to {moment(not_after)} UTC
      </div>
    </li>
  );
}
