import { useEffect, useState, type ReactNode } from "react";
import { post } from "../api/client";
import { as_problem, type Problem } from "../api/problem";
import { Mark } from "../parts/mark";
import { Command, ProblemNotice } from "../parts/notice";
import { go } from "../route/router";

// A link is good for one sign-in, so it is sent once even when the screen is drawn twice.
const sent = new Map<string, Promise<unknown>>();

function redeem(link: string): Promise<unknown> {
  const before = sent.get(link);
  if (before) return before;
  const now = post("/session", { link });
  sent.set(link, now);
  return now;
}

export function Login({ link }: { link: string }) {
  const [problem, set_problem] = useState<Problem>();
  useEffect(() => {
    document.title = "Sign in · Muster";
    if (!link) return;
    redeem(link)
      .then(() => go("/", "replace")) // also takes the link out of the history
      .catch((error: unknown) => {
        sent.delete(link);
        set_problem(as_problem(error));
      });
  }, [link]);

  if (link && !problem)
    return (
      <Door title="Signing in">
        <p role="status">Redeeming the one-time link…</p>
      </Door>
    );
  return <SignedOut {...(problem && { problem })} />;
}

export function SignedOut({ problem }: { problem?: Problem }) {
  useEffect(() => {
    document.title = "Signed out · Muster";
  }, []);
  const refused = problem !== undefined && problem.status >= 400 && problem.status < 500;
  return (
    <Door title={refused ? "This link does not open the console" : "Signed out"} testid="signed-out">
      <ProblemNotice problem={problem} {...(!refused && { retry: () => location.reload() })} />
      <p>
        There is no password. A link opens the console once, within a few minutes, and only in the browser
        that used it first. To get a new one, run this where your operator token is:
      </p>
      <Command text="muster login-link" />
      <p className="muted">Then open the address it prints.</p>
    </Door>
  );
}

function Door({ title, testid, children }: { title: string; testid?: string; children: ReactNode }) {
  return (
    <main className="door" data-testid={testid}>
      <div className="door-mark">
        <Mark />
        Muster
      </div>
      <h1>{title}</h1>
      {children}
    </main>
  );
}
