import { useState } from "react";
import { post } from "../api/client";
import type { CaRollover } from "../api/ca_types";
import { what_keeps } from "../format/rollover";
import { announce } from "../parts/announce";
import { Field } from "../parts/field";
import { ReasonDialog } from "../parts/reason_dialog";
import { useMayAct } from "../parts/session";

type Step = "begin" | "switch" | "finish" | "abort";

const WORDS = {
  begin: {
    verb: "Begin",
    danger: false,
    what: "The signer makes a new CA, and devices are given its root beside the old one. Nothing is issued by it yet, and it can be aborted.",
  },
  switch: {
    verb: "Switch over",
    danger: false,
    what: "Certificates are issued by the new CA from now on, and devices are asked to renew. There is no way back to the old one.",
  },
  finish: {
    verb: "Finish",
    danger: true,
    what: "The old CA counts no more, and its key is destroyed. Who still depends on it would be locked out, so this is refused while anybody does.",
  },
  abort: {
    verb: "Abort",
    danger: true,
    what: "The new CA is thrown away, and all stays as it was.",
  },
} as const;

const MAY: Partial<Record<CaRollover["phase"], Step[]>> = {
  none: ["begin"],
  distributing: ["abort", "switch"],
  switched: ["finish"],
};

interface Props {
  rollover: CaRollover;
  done: () => void;
}

export function RolloverActs({ rollover, done }: Props) {
  const [step, take] = useState<Step>();
  const may_act = useMayAct("admin");
  if (!may_act) return null;
  const kept = what_keeps(rollover);
  return (
    <>
      {MAY[rollover.phase]?.map((each) => (
        <button
          key={each}
          type="button"
          className={each === "abort" ? "button danger" : "button main"}
          disabled={each === "finish" && kept !== ""}
          title={each === "finish" && kept ? `Not yet: ${kept}.` : undefined}
          onClick={() => take(each)}
          data-testid={`act-${each}`}
        >
          {WORDS[each].verb}…
        </button>
      ))}
      {step && <StepDialog step={step} kept={kept} close={() => take(undefined)} done={done} />}
    </>
  );
}

interface StepProps {
  step: Step;
  kept: string; // who is not ready
  close: () => void;
  done: () => void;
}

function StepDialog({ step, kept, close, done }: StepProps) {
  const [scope, set_scope] = useState<string>("root");
  const { verb, danger, what } = WORDS[step];
  async function order(reason: string) {
    await post(`/ca/rollover/${step}`, { reason, ...(step === "begin" && { scope }) });
    announce(`${verb}: the signer is told.`);
    done();
  }
  return (
    <ReasonDialog
      title={`${verb} the rollover of the CA`}
      verb={verb}
      danger={danger}
      act={order}
      close={close}
      more={step === "begin" && <ScopeField value={scope} change={set_scope} />}
    >
      <p>{what}</p>
      {step === "switch" && kept && <p className="concern">Not everybody is ready: {kept}.</p>}
    </ReasonDialog>
  );
}

function ScopeField({ value, change }: { value: string; change: (value: string) => void }) {
  return (
    <Field label="Of what" hint="A new root has to reach every device before the old one goes.">
      {(input) => (
        <select
          {...input}
          className="input"
          value={value}
          onChange={(e) => change(e.target.value)}
          data-testid="scope-choice"
        >
          <option value="root">the root and the issuing CA</option>
          <option value="issuing">the issuing CA alone</option>
        </select>
      )}
    </Field>
  );
}
