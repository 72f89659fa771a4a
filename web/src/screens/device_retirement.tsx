// A device on its way out, or gone: how far, and by which certificate it counts as sanitised.

import { useState } from "react";
import { path_of } from "../api/query_string";
import { useReading } from "../api/reading";
import type { RetirementCase, Sanitisation } from "../api/retirement_types";
import type { Device } from "../api/types";
import { short_hash } from "../format/numbers";
import { ago, moment } from "../format/times";
import { useNow } from "../live/hooks";
import { ProblemNotice } from "../parts/notice";
import { Panel } from "../parts/panel";
import { useMayAct } from "../parts/session";
import { RetirementStepTag } from "../parts/tag";
import { retirement } from "../route/addresses";
import { Link } from "../route/link";
import { DestroyedDialog } from "./retirement_acts";

const OVER = new Set(["sanitised", "destroyed"]);

export function DeviceRetirement({ device, done }: { device: Device; done: () => void }) {
  const [certifies, certify] = useState(false);
  const may_act = useMayAct("admin");
  const now = useNow();
  const leaving = device.retirement;
  if (!leaving) return null;
  return (
    <Panel
      title="Retirement"
      aside={<Link to={retirement(leaving.request)}>Retirement {leaving.request}</Link>}
      testid="device-retirement"
    >
      <dl className="facts">
        <dt>Step</dt>
        <dd>
          <RetirementStepTag step={leaving.step} />
        </dd>
        <Times leaving={leaving} now={now} />
      </dl>
      {OVER.has(leaving.step) && <Certificate id={device.id} />}
      {may_act && device.state === "revoked-unsanitised" && (
        <div className="act-row">
          <button
            type="button"
            className="button danger"
            onClick={() => certify(true)}
            data-testid="act-destroyed"
          >
            It was destroyed…
          </button>
        </div>
      )}
      {certifies && <DestroyedDialog device={device.id} close={() => certify(false)} done={done} />}
    </Panel>
  );
}

function Times({ leaving, now }: { leaving: RetirementCase; now: number }) {
  return (
    <>
      {leaving.ordered_at && (
        <>
          <dt>Told to wipe</dt>
          <dd>{moment(leaving.ordered_at)} UTC</dd>
        </>
      )}
      {leaving.step === "wiping" && leaving.deadline && (
        <>
          <dt>Deadline</dt>
          <dd>
            {moment(leaving.deadline)} UTC <span className="muted">{ago(leaving.deadline, now)}</span>
          </dd>
        </>
      )}
      {leaving.ended_at && (
        <>
          <dt>Ended</dt>
          <dd>{moment(leaving.ended_at)} UTC</dd>
        </>
      )}
    </>
  );
}

// Its exact octets, whose digest is in the ledger, are for the taking.
function Certificate({ id }: { id: string }) {
  const path = `${path_of("devices", id)}/sanitisation`;
  const { value, problem, reload } = useReading<Sanitisation>(path);
  if (!value) return <ProblemNotice problem={problem} retry={reload} />;
  const { signed, signatures } = value;
  return (
    <div className="gap" data-testid="sanitisation">
      <h3>Certificate of sanitisation</h3>
      <dl className="facts">
        <dt>Method</dt>
        <dd>
          <strong>{signed.method}</strong> <span className="muted">{signed.standard}</span>
        </dd>
        <dt>How</dt>
        <dd>{signed.technique}</dd>
        <dt>{signed.recorded_by ? "Recorded by" : "Stated"}</dt>
        <dd>
          {signed.recorded_by ??
            `by its own key, with ${signed.tool}, ${moment(signed.stated_at ?? null)} UTC`}
        </dd>
        <dt>Certified</dt>
        <dd>{moment(signed.certified_at)} UTC</dd>
        <dt>Signed by</dt>
        <dd className="mono">{signatures.map(({ keyid }) => short_hash(keyid, 16)).join(", ")}</dd>
      </dl>
      <div className="act-row">
        <a className="button" href={`/api/v1${path}`} download={`${id}.sanitisation.json`}>
          Download
        </a>
      </div>
    </div>
  );
}
