import { useState } from "react";
import { post } from "../api/client";
import { path_of } from "../api/query_string";
import type { Rollout } from "../api/types";
import { ReasonDialog } from "../parts/reason_dialog";
import { useMayAct } from "../parts/session";

const WORDS = {
  pause: {
    verb: "Pause",
    danger: false,
    what: "No new offers are made. Those made still count, and the rollout can go on later.",
  },
  resume: { verb: "Resume", danger: false, what: "Offers are made again, from where it stopped." },
  halt: {
    verb: "Halt",
    danger: true,
    what: "This is final. Every device that took the release is offered the one it came from.",
  },
} as const;
type Act = keyof typeof WORDS;

export function RolloutActs({ rollout }: { rollout: Rollout }) {
  const [act, set_act] = useState<Act>();
  if (!useMayAct()) return null;
  const button = (name: Act) => (
    <button
      type="button"
      className={WORDS[name].danger ? "button danger" : "button"}
      onClick={() => set_act(name)}
      data-testid={`act-${name}`}
    >
      {WORDS[name].verb}…
    </button>
  );
  const live = rollout.state === "running" || rollout.state === "paused";
  return (
    <>
      {rollout.state === "running" && button("pause")}
      {rollout.state === "paused" && button("resume")}
      {live && button("halt")}
      {act && (
        <ReasonDialog
          title={`${WORDS[act].verb} rollout ${rollout.id}`}
          verb={WORDS[act].verb}
          danger={WORDS[act].danger}
          act={async (reason) => void (await post(`${path_of("rollouts", rollout.id)}/${act}`, { reason }))}
          close={() => set_act(undefined)}
        >
          {WORDS[act].what}
        </ReasonDialog>
      )}
    </>
  );
}
