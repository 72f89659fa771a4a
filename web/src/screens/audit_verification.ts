// Runs the verification of the whole log for a screen, and keeps in this browser what was found sound.

import { useState } from "react";
import { as_problem, Problem } from "../api/problem";
import { web_sha256 } from "../ledger/merkle";
import { sound, verify, type Memory, type Verdict } from "../ledger/verify";

const KEY = "muster.ledger"; // what this browser verified last

function remembered(): Memory | null {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "null") as Memory | null;
    return kept && typeof kept.root === "string" && Number.isSafeInteger(kept.size) ? kept : null;
  } catch {
    return null;
  }
}

function remember(memory: Memory): void {
  localStorage.setItem(KEY, JSON.stringify(memory));
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

const problem_of = (error: unknown) =>
  error instanceof Problem
    ? error
    : new Problem(0, "The log could not be verified", as_problem(error).message);

export function useVerification() {
  const [progress, set_progress] = useState<[done: number, of: number]>(); // undefined: it does not run
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
      if (sound(found)) remember({ verifier_key, size: found.size, root: found.computed_root });
    } catch (error) {
      set_failure(problem_of(error));
    }
    set_progress(undefined);
  }
  return { progress, verdict, failure, run: (verifier_key: string) => void run(verifier_key) };
}
