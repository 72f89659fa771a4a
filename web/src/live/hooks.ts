// What screens take from the event stream.

import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { link_now, listen, watch_link, type EventName, type Link } from "./stream";

export const useLink = (): Link => useSyncExternalStore(watch_link, link_now);

export function useEvent<T>(name: EventName, call: (data: T) => void): void {
  const latest = useRef(call);
  latest.current = call;
  useEffect(() => listen<T>(name, (data) => latest.current(data)), [name]);
}

// Calls at most once per `ms`, and once more after the last event of a burst.
export function useCalm(call: () => void, ms: number): () => void {
  const latest = useRef(call);
  latest.current = call;
  const timer = useRef(0);
  useEffect(() => () => window.clearTimeout(timer.current), []);
  return () => {
    if (timer.current) return;
    timer.current = window.setTimeout(() => {
      timer.current = 0;
      latest.current();
    }, ms);
  };
}

// The time, for what is shown as an age. It stands still while the page is hidden.
export function useNow(ms = 1000): number {
  const [now, set_now] = useState(Date.now);
  useEffect(() => {
    const timer = window.setInterval(() => document.hidden || set_now(Date.now()), ms);
    return () => window.clearInterval(timer);
  }, [ms]);
  return now;
}

// Calls each `ms` while the page can be seen, and once when it comes back into sight.
export function usePolling(call: () => void, ms: number): void {
  const latest = useRef(call);
  latest.current = call;
  useEffect(() => {
    const poll = () => document.hidden || latest.current();
    const timer = window.setInterval(poll, ms);
    document.addEventListener("visibilitychange", poll);
    return () => {
      window.clearInterval(timer);
      document.removeEventListener("visibilitychange", poll);
    };
  }, [ms]);
}
