import type { ReactNode } from "react";
import type { Problem } from "../api/problem";
import { Copy } from "./copy";

// What went wrong, in the server's own words, and the way to try again.
export function ProblemNotice({ problem, retry }: { problem: Problem | undefined; retry?: () => void }) {
  if (!problem) return null;
  return (
    <div className="notice" role="alert" data-testid="problem">
      <strong>{problem.title}.</strong>
      {problem.detail && <span className="break">{problem.detail}</span>}
      {problem.field && <span className="muted">Field: {problem.field}</span>}
      {retry && (
        <button type="button" className="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

export function Notice({ tone, children }: { tone: "calm" | "warn"; children: ReactNode }) {
  return <div className={`notice ${tone}`}>{children}</div>;
}

// Nothing here yet: why, and the command that changes it.
export function Empty({ children, command }: { children: ReactNode; command?: string }) {
  return (
    <div className="empty">
      <p>{children}</p>
      {command && <Command text={command} />}
    </div>
  );
}

export function Command({ text }: { text: string }) {
  return (
    <span className="command">
      <code>{text}</code>
      <Copy text={text} what="command" />
    </span>
  );
}
