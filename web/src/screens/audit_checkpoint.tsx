import type { Problem } from "../api/problem";
import type { Checkpoint } from "../api/types";
import { count } from "../format/numbers";
import { Copy } from "../parts/copy";
import { Command, ProblemNotice } from "../parts/notice";
import { Panel } from "../parts/panel";
import { useVerification } from "./audit_verification";
import { VerdictList } from "./audit_verdict";

interface Props {
  checkpoint: Checkpoint | undefined;
  problem: Problem | undefined;
}

export function CheckpointPanel({ checkpoint, problem }: Props) {
  if (!checkpoint) return <ProblemNotice problem={problem} />;
  return (
    <>
      <SignedCheckpoint checkpoint={checkpoint} />
      <Verification verifier_key={checkpoint.verifier_key} />
    </>
  );
}

function SignedCheckpoint({ checkpoint }: { checkpoint: Checkpoint }) {
  const { note, size, root, verifier_key } = checkpoint;
  return (
    <Panel title="Signed checkpoint" testid="checkpoint">
      <pre className="note" tabIndex={0} aria-label="Checkpoint">
        {note}
      </pre>
      <dl className="facts">
        <dt>Size</dt>
        <dd>{count(size)}</dd>
        <dt>Root</dt>
        <dd className="mono">{root}</dd>
        <dt>Verifier key</dt>
        <dd className="mono">
          {verifier_key} <Copy text={verifier_key} what="verifier key" />
        </dd>
      </dl>
    </Panel>
  );
}

function Verification({ verifier_key }: { verifier_key: string }) {
  const { progress, verdict, failure, run } = useVerification();
  const able = window.isSecureContext;
  return (
    <Panel title="Verification">
      <p className="muted">
        Fetches every entry, hashes it here, builds the tree, and holds its root against the signed checkpoint
        and against what this browser saw the last time.
      </p>
      <p className="gap">
        <button
          type="button"
          className="button main"
          disabled={!able || progress !== undefined}
          onClick={() => run(verifier_key)}
          data-testid="verify"
        >
          {progress ? "Verifying…" : "Verify in this browser"}
        </button>
      </p>
      {!able && (
        <p className="muted">This page was not opened over HTTPS, so the browser offers no cryptography.</p>
      )}
      {progress && <Progress done={progress[0]} of={progress[1]} />}
      <ProblemNotice problem={failure} />
      {verdict && <VerdictList verdict={verdict} />}
      <p className="muted small gap">
        A browser runs what the server sends. For a check that does not depend on it:
      </p>
      <Command text="muster ledger verify" />
    </Panel>
  );
}

function Progress({ done, of }: { done: number; of: number }) {
  if (of === 0) return null;
  return (
    <div className="gap">
      <progress value={done} max={of} aria-label="Entries hashed" /> {count(done)} of {count(of)}
    </div>
  );
}
