// Ledger entries newest first. The server gives those about a target in this order; the whole log counts
// upwards, so a page of it is the hundred before the last one read.

import { useCallback, useEffect, useRef, useState } from "react";
import { read } from "../api/client";
import { as_problem, type Problem } from "../api/problem";
import type { Checkpoint, LedgerEntry, Page } from "../api/types";
import { useEvent } from "../live/hooks";

const PAGE = 100;
const PAGE_ABOUT = 1000; // the most the server gives

interface Older {
  items: LedgerEntry[];
  next: string | null; // null: there is nothing older
}

interface Kept {
  entries: LedgerEntry[];
  fresh?: LedgerEntry[]; // came since, not shown yet
  next: string | null;
}

const NOTHING: Kept = { entries: [], next: null };

const about = (target: string, cursor: string | null): Promise<Older> =>
  read<Page<LedgerEntry>>("/ledger/entries", { target, limit: PAGE_ABOUT, cursor });

async function end(at: number | null): Promise<number> {
  const { size } = await read<Checkpoint>("/ledger/checkpoint");
  return at === null ? size : Math.min(size, at + 1);
}

async function all(at: number | null, cursor: string | null): Promise<Older> {
  const below = cursor === null ? await end(at) : Number(cursor);
  if (!(below > 0)) return { items: [], next: null };
  const from = Math.max(0, below - PAGE);
  const page = await read<Page<LedgerEntry>>("/ledger/entries", { from, limit: below - from });
  return { items: page.items.reverse(), next: from > 0 ? String(from) : null };
}

// What the event stream told while the page was on its way may be on it, too.
function with_older(kept: Kept, { items, next }: Older): Kept {
  const oldest = kept.entries.at(-1) ?? kept.fresh?.at(-1);
  const older = oldest ? items.filter((entry) => entry.index < oldest.index) : items;
  return { ...kept, entries: [...kept.entries, ...older], next };
}

// hold: what comes in is counted but not shown until asked for, so that rows stay where they are.
export function useEntries(target: string, at: number | null, hold = false) {
  const [kept, keep] = useState(NOTHING);
  const [busy, set_busy] = useState(true);
  const [problem, set_problem] = useState<Problem>();
  const [round, set_round] = useState(0);
  const turn = useRef(0);

  const ask = useCallback(
    async (cursor: string | null, mine: number) => {
      set_busy(true);
      set_problem(undefined);
      try {
        const page = target ? await about(target, cursor) : await all(at, cursor);
        if (mine === turn.current) keep((old) => with_older(old, page));
      } catch (error) {
        if (mine === turn.current) set_problem(as_problem(error));
      }
      if (mine === turn.current) set_busy(false);
    },
    [target, at],
  );

  useEffect(() => {
    turn.current += 1;
    keep(NOTHING);
    void ask(null, turn.current);
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
  const more = kept.next ? () => void ask(kept.next, turn.current) : undefined;
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
