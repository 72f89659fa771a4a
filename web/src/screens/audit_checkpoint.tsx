import { useState } from "react";
import { as_problem, Problem } from "../api/problem";
import type { Checkpoint } from "../api/types";
import { count } from "../format/numbers";
import { web_sha256 } from "../ledger/merkle";
import { sound, verify, type Memory, type Verdict } from "../ledger/verify";
import { Copy } from "../parts/copy";
import { Command, ProblemNotice } from "../parts/notice";
import { Panel } from "../parts/panel";
import { VerdictList } from "./audit_verdict";

const KEY = "muster.ledger"; // what this browser verified last

function remembered(): Memory | null {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "null") as Memory | null;
    return kept && typeof kept.root === "string" && Number.isSafeInteger(kept.size) ? kept : null;
  } catch {
    return null;
  }
}

async function fetched(path: string): Promise<Response> {
  const response = await fetch(path, { credentials: "same-origin" });
  if (!response.ok)
    throw new Problem(
      response.status,
      "A part of the log cannot be read",
      `${path} answered ${response.status}.`,
    );
  return response;
}

interface Props {
  checkpoint: Checkpoint | undefined;
  problem: Problem | undefined;
}

export function CheckpointPanel({ checkpoint, problem }: Props) {
  const [progress, set_progress] = useState<[number, number]>();
  const [verdict, set_verdict] = useState<Verdict>();
  const [failure, set_failure] = useState<Problem>();

  async function run(verifier_key: string) {
    set_failure(undefined);
    set_verdict(undefined);
    set_progress([0, 0]);
    try {
      const found = await verify({
        sha256: web_sha256,
        octets: async (path) => new Uint8Array(await (await fetched(path)).arrayBuffer()),
        text: async (path) => (await fetched(path)).text(),
        verifier_key,
        earlier: remembered(),
        progress: (done, of) => set_progress([done, of]),
      });
      set_verdict(found);
      if (sound(found))
        localStorage.setItem(
          KEY,
          JSON.stringify({ verifier_key, size: found.size, root: found.computed_root }),
        );
    } catch (error) {
      set_failure(
        error instanceof Problem
          ? error
          : new Problem(0, "The log could not be verified", as_problem(error).message),
      );
    }
    set_progress(undefined);
  }

  if (!checkpoint) return <ProblemNotice problem={problem} />;
  const able = window.isSecureContext;
  return (
    <>
      <Panel title="Signed checkpoint" testid="checkpoint">
        <pre className="note" tabIndex={0} aria-label="Checkpoint">
          {checkpoint.note}
        </pre>
        <dl className="facts">
          <dt>Size</dt>
          <dd>{count(checkpoint.size)}</dd>
          <dt>Root</dt>
          <dd className="mono">{checkpoint.root}</dd>
          <dt>Verifier key</dt>
          <dd className="mono">
            {checkpoint.verifier_key} <Copy text={checkpoint.verifier_key} what="verifier key" />
          </dd>
        </dl>
      </Panel>
      <Panel title="Verification">
        <p className="muted">
          Fetches every entry, hashes it here, builds the tree, and holds its root against the signed
          checkpoint and against what this browser saw the last time.
        </p>
        <p className="gap">
          <button
            type="button"
            className="button main"
            disabled={!able || progress !== undefined}
            onClick={() => void run(checkpoint.verifier_key)}
            data-testid="verify"
          >
            {progress ? "Verifying…" : "Verify in this browser"}
          </button>
        </p>
        {!able && (
          <p className="muted">This page was not opened over HTTPS, so the browser offers no cryptography.</p>
        )}
        {progress && progress[1] > 0 && (
          <div className="gap">
            <progress value={progress[0]} max={progress[1]} aria-label="Entries hashed" />{" "}
            {count(progress[0])} of {count(progress[1])}
          </div>
        )}
        <ProblemNotice problem={failure} />
        {verdict && <VerdictList verdict={verdict} />}
        <p className="muted small gap">
          A browser runs what the server sends. For a check that does not depend on it:
        </p>
        <Command text="muster ledger verify" />
      </Panel>
    </>
  );
}
