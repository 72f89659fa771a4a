import { useState } from "react";
import { post } from "../api/client";
import { as_problem, type Problem } from "../api/problem";
import { useListing } from "../api/reading";
import type { Release, Rollout, RolloutPreview } from "../api/types";
import { count } from "../format/numbers";
import { Dialog } from "../parts/dialog";
import { ProblemNotice } from "../parts/notice";
import * as to from "../route/addresses";
import { Link } from "../route/link";
import { go } from "../route/router";
import { DeadlineField, ReleaseField, SelectorField } from "./start_rollout_fields";
import { FIRST_PLAN, PlanWaves, wave_of, type DraftWave } from "./start_rollout_waves";

// As typed.
interface Draft {
  release: string;
  selector: string;
  waves: DraftWave[];
  deadline: string;
}

const plan_of = ({ release, selector, waves, deadline }: Draft) => ({
  release,
  selector: selector.trim() || "all",
  waves: waves.map(wave_of),
  deadline_s: Number(deadline),
});
type Plan = ReturnType<typeof plan_of>;

// What the server says of this very plan: as soon as the plan is changed, nothing.
function usePreview(plan: Plan) {
  const [preview, set_preview] = useState<{ of: string; is: RolloutPreview }>();
  const [problem, set_problem] = useState<Problem>();
  const written = JSON.stringify(plan);
  async function look() {
    set_problem(undefined);
    try {
      set_preview({ of: written, is: await post<RolloutPreview>("/rollouts", plan, { dry_run: true }) });
    } catch (error) {
      set_problem(as_problem(error));
    }
  }
  return { seen: preview?.of === written ? preview.is : undefined, problem, look: () => void look() };
}

export function StartRollout({ release, close }: { release: string; close: () => void }) {
  const releases = useListing<Release>("/releases", {}, 200);
  const [draft, set_draft] = useState<Draft>({
    release,
    selector: "all",
    waves: FIRST_PLAN,
    deadline: "300",
  });
  const change = (part: Partial<Draft>) => set_draft((old) => ({ ...old, ...part }));
  const plan = plan_of(draft);
  const { seen, problem, look } = usePreview(plan);

  async function start() {
    const rollout = await post<Rollout>("/rollouts", plan);
    go(to.rollout(rollout.id));
  }
  return (
    <Dialog
      title="Start a rollout"
      verb={seen ? `Start on ${count(seen.targets)} devices` : "Start"}
      wide
      ready={!!seen && seen.targets > 0}
      submit={start}
      close={close}
      extra={<PreviewButton disabled={!draft.release} look={look} />}
    >
      <div className="two">
        <ReleaseField
          releases={releases.items}
          value={draft.release}
          change={(release) => change({ release })}
        />
        <DeadlineField value={draft.deadline} change={(deadline) => change({ deadline })} />
      </div>
      <SelectorField value={draft.selector} change={(selector) => change({ selector })} />
      <PlanWaves
        waves={draft.waves}
        change={(waves) => change({ waves })}
        {...(seen && { sizes: seen.waves })}
      />
      <ProblemNotice problem={problem ?? releases.problem} />
      {seen ? <PreviewText preview={seen} /> : <PreviewFirst />}
    </Dialog>
  );
}

function PreviewButton({ disabled, look }: { disabled: boolean; look: () => void }) {
  return (
    <button type="button" className="button" disabled={disabled} onClick={look} data-testid="preview">
      Preview
    </button>
  );
}

function PreviewFirst() {
  return (
    <p className="muted small">
      Look at the preview first: it says which devices each wave takes, and changes nothing.
    </p>
  );
}

function PreviewText({ preview }: { preview: RolloutPreview }) {
  const { targets, left_out } = preview;
  return (
    <div className="notice calm" role="status" data-testid="preview-result">
      <span>
        <strong>{count(targets)} devices</strong> get this release.
      </span>
      {left_out.length > 0 && (
        <details>
          <summary>{count(left_out.length)} match but are left out</summary>
          <ul className="left-out">
            {left_out.slice(0, 100).map(({ device, why }) => (
              <li key={device}>
                <Link to={to.device(device)}>{device}</Link> <span className="muted">{why}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}
