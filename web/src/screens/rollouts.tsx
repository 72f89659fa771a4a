import { useState } from "react";
import type { Rollout } from "../api/types";
import { count } from "../format/numbers";
import { total_of } from "../format/outcomes";
import { ago } from "../format/times";
import { useNow } from "../live/hooks";
import { Head } from "../parts/head";
import { ListingTable, Total } from "../parts/listing";
import { Empty } from "../parts/notice";
import { Panel } from "../parts/panel";
import { useMayAct } from "../parts/session";
import { RolloutTag } from "../parts/tag";
import { WaveStrip } from "../parts/wave_bar";
import * as to from "../route/addresses";
import { Link } from "../route/link";
import { usePlace } from "../route/router";
import { useLiveRollouts } from "./live_rollouts";
import { StartRollout } from "./start_rollout";

const COLUMNS = [
  { name: "Rollout" },
  { name: "Release" },
  { name: "State" },
  { name: "Waves", className: "waves-column" },
  { name: "Installed", className: "num" },
  { name: "Failed, silent, back", className: "num" },
  { name: "Started", className: "num" },
];

export function Rollouts() {
  const list = useLiveRollouts(50);
  const now = useNow(5000);
  const release = usePlace().searchParams.get("start");
  const [starting, set_starting] = useState(release !== null);
  const start = (
    <button
      type="button"
      className="button main"
      onClick={() => set_starting(true)}
      data-testid="start-rollout"
    >
      Start a rollout…
    </button>
  );
  return (
    <>
      <Head title="Rollouts" acts={useMayAct() && start}>
        <Total list={list} />
      </Head>
      <Panel title="Newest first" flush>
        <ListingTable
          list={list}
          label="Rollouts"
          columns={COLUMNS}
          row={(rollout) => <RolloutRow key={rollout.id} rollout={rollout} now={now} />}
          empty={
            <Empty command="muster rollout start --release R --selector 'all' --waves 2%,10%,100% --soak 30s">
              No rollout has been started.
            </Empty>
          }
        />
      </Panel>
      {starting && <StartRollout release={release ?? ""} close={() => set_starting(false)} />}
    </>
  );
}

function RolloutRow({ rollout, now }: { rollout: Rollout; now: number }) {
  const parts = total_of(rollout);
  const targets = rollout.waves.reduce((sum, wave) => sum + wave.targets, 0);
  return (
    <tr data-testid="rollout-row" data-rollout={rollout.id}>
      <td>
        <Link to={to.rollout(rollout.id)}>{rollout.id}</Link>
      </td>
      <td>
        <strong>{rollout.release.model}</strong> <span className="mono">{rollout.release.version}</span>
      </td>
      <td>
        <RolloutTag state={rollout.state} />
      </td>
      <td className="waves-column">
        <WaveStrip rollout={rollout} />
      </td>
      <td className="num">
        {count(parts.installed)} <span className="muted">of {count(targets)}</span>
      </td>
      <td className="num">{count(parts.failed + parts.silent + parts.reverted)}</td>
      <td className="num muted">{ago(rollout.started_at, now)}</td>
    </tr>
  );
}
