import { useState } from "react";
import { post } from "../api/client";
import { useListing } from "../api/reading";
import type { Release, Rollout } from "../api/types";
import { preview_of, type Preview } from "../format/preview";
import { count } from "../format/numbers";
import { moment } from "../format/times";
import { Dialog } from "../parts/dialog";
import { Field } from "../parts/field";
import { as_problem, type Problem } from "../api/problem";
import { ProblemNotice } from "../parts/notice";
import * as to from "../route/addresses";
import { Link } from "../route/link";
import { go } from "../route/router";
import { FIRST_PLAN, PlanWaves, wave_of, type DraftWave } from "./start_rollout_waves";

export function StartRollout({ release, close }: { release: string; close: () => void }) {
  const releases = useListing<Release>("/releases", {}, 200);
  const [chosen, choose] = useState(release);
  const [selector, set_selector] = useState("all");
  const [waves, set_waves] = useState<DraftWave[]>(FIRST_PLAN);
  const [deadline, set_deadline] = useState("300");
  const [preview, set_preview] = useState<{ of: string; is: Preview }>();
  const [problem, set_problem] = useState<Problem>();

  const plan = {
    release: chosen,
    selector: selector.trim() || "all",
    waves: waves.map(wave_of),
    deadline_s: Number(deadline),
  };
  const written = JSON.stringify(plan);
  const seen = preview?.of === written ? preview.is : undefined;

  async function look() {
    set_problem(undefined);
    try {
      set_preview({ of: written, is: preview_of(await post<unknown>("/rollouts", plan, { dry_run: true })) });
    } catch (error) {
      set_problem(as_problem(error));
    }
  }
  async function start() {
    const rollout = await post<Rollout>("/rollouts", plan);
    go(to.rollout(rollout.id));
  }

  const preview_button = (
    <button
      type="button"
      className="button"
      disabled={!chosen}
      onClick={() => void look()}
      data-testid="preview"
    >
      Preview
    </button>
  );
  return (
    <Dialog
      title="Start a rollout"
      verb={seen ? `Start on ${count(seen.targets)} devices` : "Start"}
      wide
      ready={!!seen && seen.targets > 0}
      submit={start}
      close={close}
      extra={preview_button}
    >
      <div className="two">
        <Field label="Release">
          {(id) => (
            <select
              id={id}
              className="input"
              value={chosen}
              required
              onChange={(e) => choose(e.target.value)}
              data-testid="release-choice"
            >
              <option value="">Choose…</option>
              {releases.items.map((r) => (
                <option key={r.id} value={r.id}>
                  {r.model} {r.version} · {moment(r.published_at).slice(0, 16)}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field
          label="Seconds from offer to outcome"
          hint="After it a device is silent, and that counts as a failure."
        >
          {(id) => (
            <input
              id={id}
              className="input"
              type="number"
              min={1}
              value={deadline}
              onChange={(e) => set_deadline(e.target.value)}
            />
          )}
        </Field>
      </div>
      <Field
        label="Selector"
        hint="Which devices of the release's model. Evaluated once, at the start; devices that come later are not part of it."
      >
        {(id) => (
          <input
            id={id}
            className="input mono"
            value={selector}
            spellCheck={false}
            autoComplete="off"
            onChange={(e) => set_selector(e.target.value)}
            data-testid="rollout-selector"
          />
        )}
      </Field>
      <PlanWaves waves={waves} change={set_waves} {...(seen && { sizes: seen.sizes })} />
      <ProblemNotice problem={problem ?? releases.problem} />
      {seen && <PreviewText preview={seen} />}
      {!seen && (
        <p className="muted small">
          Look at the preview first: it says which devices each wave takes, and changes nothing.
        </p>
      )}
    </Dialog>
  );
}

function PreviewText({ preview }: { preview: Preview }) {
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
            {left_out.slice(0, 100).map(({ device, reason }) => (
              <li key={device}>
                <Link to={to.device(device)}>{device}</Link> <span className="muted">{reason}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}
