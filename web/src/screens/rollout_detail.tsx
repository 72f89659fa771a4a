// One rollout: a bar for each wave, why it holds, what failed, and every target.

import { useState } from "react";
import { path_of } from "../api/query_string";
import { useListing, useReading } from "../api/reading";
import type { Rollout, RolloutTarget, Wave } from "../api/types";
import { count, octets, permille, plural, short_hash } from "../format/numbers";
import { allowance, standing } from "../format/outcomes";
import { moment, span } from "../format/times";
import { useCalm, useEvent, useNow, usePolling } from "../live/hooks";
import { Head } from "../parts/head";
import { Timeline } from "../parts/ledger_entries";
import { Empty, Notice, ProblemNotice } from "../parts/notice";
import { Panel } from "../parts/panel";
import { RolloutTag, WaveTag } from "../parts/tag";
import { WaveBar, WaveKeys } from "../parts/wave_bar";
import * as to from "../route/addresses";
import { Link } from "../route/link";
import { useEntries } from "./audit_entries";
import { RolloutActs } from "./rollout_acts";
import { Failures, Targets } from "./rollout_targets";

const POLL_MS = 10_000;

export function RolloutDetail({ id }: { id: string }) {
  const reading = useReading<Rollout>(path_of("rollouts", id));
  const failed = useListing<RolloutTarget>(`${path_of("rollouts", id)}/targets`, { outcome: "failed" }, 500);
  const decided = useEntries(`rollout/${id}`, null).entries;
  const [told, set_told] = useState<Rollout>();
  const [round, set_round] = useState(0);
  const again = useCalm(() => {
    failed.reload();
    set_round((n) => n + 1);
  }, 1000);
  useEvent<Rollout>("rollout", (rollout) => {
    if (String(rollout.id) !== id) return;
    set_told(rollout);
    again();
  });
  usePolling(() => {
    set_told(undefined);
    reading.reload();
  }, POLL_MS);

  const rollout = told ?? reading.value;
  const up = { to: to.rollouts(), name: "Rollouts" };
  if (!rollout)
    return (
      <>
        <Head title={id} up={up} />
        {reading.problem?.status === 404 ? (
          <Empty command="muster rollout list">No rollout has this number.</Empty>
        ) : (
          <ProblemNotice problem={reading.problem} retry={reading.reload} />
        )}
      </>
    );
  return (
    <>
      <Head
        title={`${rollout.release.model} ${rollout.release.version}`}
        up={up}
        acts={<RolloutActs rollout={rollout} />}
      >
        <RolloutTag state={rollout.state} boxed testid="rollout-state" />
        <span className="sub">rollout {rollout.id}</span>
      </Head>
      <Standing rollout={rollout} />
      <div className="rollout">
        <div className="column">
          <Panel title="Waves" flush testid="waves">
            <ol className="waves">
              {rollout.waves.map((wave, i) => (
                <WaveRow
                  key={i}
                  wave={wave}
                  number={i + 1}
                  current={i === rollout.wave && rollout.state === "running"}
                />
              ))}
            </ol>
          </Panel>
          <Targets id={id} round={round} />
        </div>
        <div className="column">
          <Plan rollout={rollout} />
          <Failures targets={failed.items} total={failed.total} />
          {decided.length > 0 && (
            <Panel title="Decisions" flush>
              <Timeline entries={decided} />
            </Panel>
          )}
        </div>
      </div>
    </>
  );
}

function Standing({ rollout }: { rollout: Rollout }) {
  const now = useNow();
  const bad =
    rollout.state === "halted" ||
    rollout.state === "reverting" ||
    rollout.state === "reverted" ||
    rollout.state === "paused";
  return (
    <Notice tone={bad ? "warn" : "calm"}>
      <span data-testid="rollout-standing">{standing(rollout, now)}</span>
      {rollout.reason && rollout.state !== "running" && (
        <span className="break" data-testid="rollout-reason">
          “{rollout.reason}”
        </span>
      )}
    </Notice>
  );
}

function WaveRow({ wave, number, current }: { wave: Wave; number: number; current: boolean }) {
  return (
    <li aria-current={current ? "step" : undefined} data-testid="wave" data-state={wave.state}>
      <div className="line">
        <strong>Wave {number}</strong>
        <WaveTag state={wave.state} testid="wave-state" />
        <span className="muted small end">
          {plural(wave.targets, "device", "devices")}, to {permille(wave.share_permille)} of all
          {wave.opened_at && ` · opened ${moment(wave.opened_at).slice(0, 16)}`}
        </span>
      </div>
      <WaveBar wave={wave} number={number} size="tall" />
      <div className="line">
        <WaveKeys wave={wave} />
        <span className="muted small end">
          {count(wave.failed + wave.silent)} of {count(allowance(wave))} allowed failures · soak{" "}
          {span(wave.soak_s)}
        </span>
      </div>
    </li>
  );
}

function Plan({ rollout }: { rollout: Rollout }) {
  const { release } = rollout;
  return (
    <Panel title="Plan">
      <dl className="facts">
        <dt>Selector</dt>
        <dd className="mono">{rollout.selector || "all"}</dd>
        <dt>Deadline</dt>
        <dd>{span(rollout.deadline_s)} from offer to outcome</dd>
        <dt>Started</dt>
        <dd>{moment(rollout.started_at)} UTC</dd>
        <dt>Ended</dt>
        <dd>{rollout.ended_at ? `${moment(rollout.ended_at)} UTC` : "–"}</dd>
        <dt>Image</dt>
        <dd>
          {octets(release.size)},{" "}
          <span className="mono" title={release.digest}>
            {short_hash(release.digest, 16)}
          </span>
        </dd>
        <dt>Release</dt>
        <dd className="mono">
          <Link to={to.releases()} title={release.id}>
            {short_hash(release.id, 16)}
          </Link>
        </dd>
      </dl>
    </Panel>
  );
}
