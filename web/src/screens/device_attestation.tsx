// What the device's TPM said of its boot: what was made of it, and each register beside what is expected.

import { useState } from "react";
import { post } from "../api/client";
import type { Evidence, Register } from "../api/identity_types";
import { as_problem, type Problem } from "../api/problem";
import { path_of } from "../api/query_string";
import { useReading } from "../api/reading";
import type { Device } from "../api/types";
import { short_hash } from "../format/numbers";
import { register_standing } from "../format/registers";
import { ago, moment } from "../format/times";
import { useNow } from "../live/hooks";
import { announce } from "../parts/announce";
import { ProblemNotice } from "../parts/notice";
import { Panel } from "../parts/panel";
import { useMayAct } from "../parts/session";
import { TableHead } from "../parts/table_head";
import { TrustTag } from "../parts/tag";
import { attestation as policies } from "../route/addresses";
import { Link } from "../route/link";
import { LearnDialog } from "./attestation_acts";

export function DeviceAttestation({ device }: { device: Device }) {
  const now = useNow();
  const { state, at, why } = device.attestation;
  return (
    <Panel title="Boot" aside={<Link to={policies()}>Policies</Link>} testid="device-attestation">
      <dl className="facts">
        <dt>State</dt>
        <dd>
          <TrustTag state={state} testid="attestation-state" />
        </dd>
        <dt>Why</dt>
        <dd>{why || "–"}</dd>
        {at && (
          <>
            <dt>Shown</dt>
            <dd>
              {moment(at)} UTC <span className="muted">{ago(at, now)}</span>
            </dd>
          </>
        )}
        {device.ek_sha256 && (
          <>
            <dt>Its TPM</dt>
            <dd className="mono" title={device.ek_sha256}>
              {short_hash(device.ek_sha256, 16)}
            </dd>
          </>
        )}
      </dl>
      {at && <Registers key={`${at} ${state}`} device={device} />}
    </Panel>
  );
}

// Read once for each evidence: its key tells one from the next.
function Registers({ device }: { device: Device }) {
  const reading = useReading<Evidence>(`${path_of("devices", device.id)}/attestation`);
  const registers = reading.value?.registers ?? [];
  return (
    <>
      <ProblemNotice problem={reading.problem} retry={reading.reload} />
      {registers.length > 0 && (
        <details className="gap">
          <summary>{registers.length} registers</summary>
          <RegisterTable registers={registers} />
        </details>
      )}
      <Acts device={device} registers={registers} />
    </>
  );
}

const COLUMNS = [{ name: "PCR", className: "num" }, { name: "Shown" }, { name: "Policy" }];

function RegisterTable({ registers }: { registers: Register[] }) {
  return (
    <div className="scroll-x">
      <table className="table registers" aria-label="Registers" data-testid="registers">
        <TableHead columns={COLUMNS} />
        <tbody>
          {registers.map((register) => {
            const standing = register_standing(register);
            return (
              <tr key={register.pcr} data-standing={standing} data-pcr={register.pcr}>
                <td className="num">{register.pcr}</td>
                <td className="mono" title={register.shown ?? undefined}>
                  {register.shown ? short_hash(register.shown) : "–"}
                </td>
                <td
                  className={standing === "not asked" ? "muted" : undefined}
                  title={register.expected ?? undefined}
                >
                  {standing}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function Acts({ device, registers }: { device: Device; registers: Register[] }) {
  const [busy, set_busy] = useState(false);
  const [learns, learn] = useState(false);
  const [problem, set_problem] = useState<Problem>();
  const [may_ask, may_learn] = [useMayAct(), useMayAct("admin")];
  if (!may_ask || (device.state !== "active" && device.state !== "quarantined")) return null;
  async function ask() {
    set_busy(true);
    set_problem(undefined);
    try {
      await post(`${path_of("devices", device.id)}/attest`);
      announce(
        device.online
          ? `${device.id} is asked for its boot.`
          : `${device.id} is asked once it is here again.`,
      );
    } catch (error) {
      set_problem(as_problem(error));
    }
    set_busy(false);
  }
  return (
    <>
      <ProblemNotice problem={problem} />
      <div className="act-row">
        <button
          type="button"
          className="button"
          disabled={busy}
          onClick={() => void ask()}
          data-testid="act-attest"
        >
          Ask again
        </button>
        {may_learn && registers.some(({ shown }) => shown !== null) && (
          <button type="button" className="button" onClick={() => learn(true)} data-testid="act-learn">
            Expect this boot…
          </button>
        )}
      </div>
      {learns && <LearnDialog device={device} registers={registers} close={() => learn(false)} />}
    </>
  );
}
