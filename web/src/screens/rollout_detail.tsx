// One rollout: a bar for each wave, why it holds, what failed, and every target.

import { useState } from "react";
import { path_of } from "../api/query_string";
import { useListing, useReading, type Reading } from "../api/reading";
import type { Rollout, RolloutTarget, Wave } from "../api/types";
import { count, octets, permille, plural, short_hash } from "../format/numbers";
import { allowance, standing } from "../format/outcomes";
import { moment, span } from "../format/times";
import { useCalm, useEvent, useNow, usePolling } from "../live/hooks";
import { Head } from "../parts/head";
import { Timeline } from "../parts/ledger_entries";
import { Notice, ProblemNotice } from "../parts/notice";
import { Panel } from "../parts/panel";
import { RolloutTag, WaveTag } from "../parts/tag";
import { Unavailable } from "../parts/unavailable";
import { WaveBar, WaveKeys } from "../parts/wave_bar";
import * as to from "../route/addresses";
import { Link } from "../route/link";
import { useEntries } from "./audit_entries";
import { RolloutActs } from "./rollout_acts";
import { Failures, Targets } from "./rollout_targets";

const POLL_MS = 10_000;

// As the event stream last told it, until it is read again.
function useRollout(id: string, when_told: () => void): Reading<Rollout> {
  const reading = useReading<Rollout>(path_of("rollouts", id));
  const [told, tell] = useState<Rollout>();
  useEvent<Rollout>("rollout", (rollout) => {
    if (String(rollout.id) !== id) return;
    tell(rollout);
    when_told();
  });
  usePolling(() => {
    tell(undefined);
    reading.reload();
  }, POLL_MS);
  return told ? { ...reading, value: told } : reading;
}

export function RolloutDetail({ id }: { id: string }) {
  const failed = useListing<RolloutTarget>(`${path_of("rollouts", id)}/targets`, { outcome: "failed" }, 500);
  const [round, set_round] = useState(0);
  const again = useCalm(() => {
    failed.reload();
    set_round((n) => n + 1);
  }, 1000);
  const { value: rollout, problem, reload } = useRollout(id, again);
  const up = { to: to.rollouts(), name: "Rollouts" };
  if (!rollout)
    return (
      <Unavailable title={id} up={up} problem={problem} retry={reload} command="muster rollout list">
        No rollout has this number.
      </Unavailable>
    );
  const { release } = rollout;
  return (
    <>
      <Head title={`${release.model} ${release.version}`} up={up} acts={<RolloutActs rollout={rollout} />}>
        <RolloutTag state={rollout.state} boxed testid="rollout-state" />
        <span className="sub">rollout {rollout.id}</span>
      </Head>
      <Standing rollout={rollout} />
      <div className="rollout">
        <div className="column">
          <Waves rollout={rollout} />
          <Targets id={id} round={round} />
        </div>
        <div className="column">
          <Plan rollout={rollout} />
          <Failures list={failed} />
          <Decisions id={id} />
        </div>
      </div>
    </>
  );
}

function Decisions({ id }: { id: string }) {
  const { entries, problem, reload } = useEntries(`rollout/${id}`, null);
  if (entries.length === 0 && !problem) return null;
  return (
    <Panel title="Decisions" flush>
      <ProblemNotice problem={problem} retry={reload} />
      <Timeline entries={entries} />
    </Panel>
  );
}

function Waves({ rollout }: { rollout: Rollout }) {
  const current = rollout.state === "running" ? rollout.wave : undefined;
  return (
    <Panel title="Waves" flush testid="waves">
      <ol className="waves">
        {rollout.waves.map((wave, i) => (
          <WaveRow key={i} wave={wave} number={i + 1} current={i === current} />
        ))}
      </ol>
    </Panel>
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
