import { useState } from "react";
import { useListing, type Listing } from "../api/reading";
import type { Id, Rollout } from "../api/types";
import { useEvent } from "../live/hooks";

// The newest rollouts, each as the event stream last told it.
export function useLiveRollouts(limit: number): Listing<Rollout> {
  const list = useListing<Rollout>("/rollouts", {}, limit);
  const [told, set_told] = useState<ReadonlyMap<Id, Rollout>>(new Map());
  useEvent<Rollout>("rollout", (rollout) => {
    set_told((old) => new Map(old).set(rollout.id, rollout));
    if (!list.busy && !list.items.some((known) => known.id === rollout.id)) list.reload();
  });
  return { ...list, items: list.items.map((known) => told.get(known.id) ?? known) };
}
