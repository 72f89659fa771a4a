// Ledger entries newest first. The log itself counts upwards, so a page is the hundred before the last
// one read. Where the server does not filter by target, the newest entries are searched instead.

import { useCallback, useEffect, useRef, useState } from "react";
import { read } from "../api/client";
import { as_problem, type Problem } from "../api/problem";
import { path_of } from "../api/query_string";
import type { Checkpoint, LedgerEntry, Page } from "../api/types";
import { useEvent } from "../live/hooks";

const PAGE = 100;
const SCANNED_MAX = 20; // pages of a filtered view before it pauses

interface Kept {
  entries: LedgerEntry[];
  fresh?: LedgerEntry[]; // came since, not shown yet
  below: number | null; // entries under this index are not read yet; null: not begun
}

async function before(below: number): Promise<LedgerEntry[]> {
  const from = Math.max(0, below - PAGE);
  const page = await read<Page<LedgerEntry>>("/ledger/entries", { from, limit: below - from });
  return page.items.filter((entry) => entry.index < below).sort((a, b) => b.index - a.index);
}

// hold: what comes in is counted but not shown until asked for, so that rows stay where they are.
export function useEntries(target: string, at: number | null, hold = false) {
  const [kept, keep] = useState<Kept>({ entries: [], below: null });
  const [busy, set_busy] = useState(true);
  const [problem, set_problem] = useState<Problem>();
  const [round, set_round] = useState(0);
  const turn = useRef(0);

  const ask = useCallback(
    async (from: Kept, mine: number) => {
      set_busy(true);
      set_problem(undefined);
      try {
        const told = target && from.below === null ? await about(target) : null;
        const next = told ? { entries: told, below: 0 } : await scan(from, target, at);
        if (mine === turn.current) keep(next);
      } catch (error) {
        if (mine === turn.current) set_problem(as_problem(error));
      }
      if (mine === turn.current) set_busy(false);
    },
    [target, at],
  );

  useEffect(() => {
    turn.current += 1;
    const empty = { entries: [], below: null };
    keep(empty);
    void ask(empty, turn.current);
  }, [ask, round]);

  useEvent<LedgerEntry>("ledger", (entry) => {
    if (at !== null || (target && entry.target !== target)) return;
    keep((old) => {
      const { fresh = [], entries } = old;
      const newest = fresh[0] ?? entries[0];
      if (newest && entry.index <= newest.index) return old;
      return hold ? { ...old, fresh: [entry, ...fresh] } : { ...old, entries: [entry, ...entries] };
    });
  });

  const show = () => keep((old) => ({ ...old, entries: [...(old.fresh ?? []), ...old.entries], fresh: [] }));
  const more = kept.below ? () => void ask(kept, turn.current) : undefined;
  return {
    entries: kept.entries,
    fresh: kept.fresh?.length ?? 0,
    show,
    busy,
    problem,
    more,
    reload: () => set_round((n) => n + 1),
  };
}

// All entries about the target; null when the server does not tell them apart.
async function about(target: string): Promise<LedgerEntry[] | null> {
  const device = target.startsWith("device/") ? target.slice("device/".length) : null;
  const path = device === null ? "/ledger/entries" : `${path_of("devices", device)}/history`;
  const { items } = await read<Page<LedgerEntry>>(
    path,
    device === null ? { target, limit: 1000 } : { limit: 1000 },
  );
  return items.every((entry) => entry.target === target) ? items.sort((a, b) => b.index - a.index) : null;
}

async function scan(from: Kept, target: string, at: number | null): Promise<Kept> {
  let { entries, below } = from;
  below ??= at === null ? (await read<Checkpoint>("/ledger/checkpoint")).size : at + 1;
  const enough = entries.length + (target ? 1 : PAGE);
  for (let pages = 0; below > 0 && entries.length < enough && pages < SCANNED_MAX; pages += 1) {
    const page = await before(below);
    entries = [...entries, ...page.filter((entry) => !target || entry.target === target)];
    below = Math.max(0, below - PAGE);
  }
  return { ...from, entries, below };
}
