// How devices should boot, and how they did.

import { useState } from "react";
import type { AttestationPolicy } from "../api/identity_types";
import { literal } from "../api/query_string";
import { useListing } from "../api/reading";
import type { LedgerEntry, Release } from "../api/types";
import { short_hash } from "../format/numbers";
import { registers_of } from "../format/registers";
import { span } from "../format/times";
import { useCalm, useEvent } from "../live/hooks";
import { Head } from "../parts/head";
import { ListingTable, Total } from "../parts/listing";
import { Empty } from "../parts/notice";
import { Panel } from "../parts/panel";
import { useMayAct } from "../parts/session";
import * as to from "../route/addresses";
import { Link } from "../route/link";
import { DropDialog } from "./attestation_acts";
import { LedgerActs } from "./ledger_acts";

const COLUMNS = [
  { name: "Model" },
  { name: "Release" },
  { name: "Registers, SHA-256" },
  { name: "Asked each", className: "num" },
  { name: "A device that fails" },
  { name: "Acts", unseen: true },
];
const ACTS = [
  ["attestation.failed", "failed"],
  ["attestation.trusted", "trusted"],
  ["attestation.refused", "refused"],
] as const;

export default function Attestation() {
  const list = useListing<AttestationPolicy>("/attestation/policies");
  const releases = useListing<Release>("/releases", {}, 1000);
  const [dropped, drop] = useState<AttestationPolicy>();
  const may_act = useMayAct("admin");
  const again = useCalm(list.reload, 300);
  useEvent<LedgerEntry>("ledger", ({ action }) => action.startsWith("attestation-policy.") && again());
  return (
    <>
      <Head title="Attestation">
        <Total list={list} />
      </Head>
      <Panel title="What the registers of devices should hold" flush>
        <ListingTable
          list={list}
          label="Attestation policies"
          columns={COLUMNS}
          empty={
            <Empty command="muster attest policy set --model M --pcrs sha256:0,1,7 --learn DEVICE">
              No policy yet: evidence is kept and judged by nobody. The page of a device whose boot you trust
              makes one of what it showed.
            </Empty>
          }
          row={(policy) => (
            <Row
              key={`${policy.model} ${policy.release ?? ""}`}
              policy={policy}
              release={releases.items.find(({ id }) => id === policy.release)}
              drop={may_act ? () => drop(policy) : undefined}
            />
          )}
        />
      </Panel>
      <LedgerActs
        title="Boots lately"
        label="What was made of them"
        actions={ACTS}
        nothing="None among the newest 20,000 ledger entries."
        testid="boots"
      />
      {dropped && <DropDialog policy={dropped} close={() => drop(undefined)} done={list.reload} />}
    </>
  );
}

interface RowProps {
  policy: AttestationPolicy;
  release: Release | undefined;
  drop: (() => void) | undefined; // undefined: not for this role
}

function Row({ policy, release, drop }: RowProps) {
  const { model, pcrs, values, every_s, isolate } = policy;
  const numbers = registers_of(pcrs);
  return (
    <tr data-testid="policy-row" data-model={model}>
      <td>
        <Link to={to.devices({ selector: `model == ${literal(model)}` })}>
          <strong>{model}</strong>
        </Link>
      </td>
      <td>{policy.release ? (release?.version ?? short_hash(policy.release)) : "any other"}</td>
      <td>
        <details>
          <summary className="mono">{numbers.join(", ") || pcrs}</summary>
          <ul className="left-out">
            {values.map((value, at) => (
              <li key={numbers[at] ?? at} className="mono small break">
                {numbers[at]} {value}
              </li>
            ))}
          </ul>
        </details>
      </td>
      <td className="num">{span(every_s)}</td>
      <td>{isolate ? "is isolated" : "is a finding"}</td>
      <td className="num">
        {drop && (
          <button type="button" className="button plain" onClick={drop} data-testid="act-drop">
            Drop…
          </button>
        )}
      </td>
    </tr>
  );
}
