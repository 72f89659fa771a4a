// The event stream of the controller: one connection for the whole console. The browser resumes it by
// Last-Event-ID; when the browser gives up (the session ended, or the answer was no stream), it is
// opened again here, more and more slowly.

export type Link = "closed" | "connecting" | "live";

type Listener = (data: unknown) => void;

const NAMES = ["ledger", "presence", "rollout", "retirement", "fleet", "gap"] as const; // gap: more was missed than is kept
export type EventName = (typeof NAMES)[number];

const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 15_000;

const listeners = new Map<EventName, Set<Listener>>(NAMES.map((name) => [name, new Set()]));
const watchers = new Set<() => void>();
let source: EventSource | null = null;
let link: Link = "closed";
let retry_ms = FIRST_RETRY_MS;
let retry_timer = 0;

function set_link(next: Link): void {
  if (next === link) return;
  link = next;
  watchers.forEach((watcher) => watcher());
}

export function open_stream(): void {
  if (source) return;
  set_link("connecting");
  source = new EventSource("/api/v1/events");
  source.onopen = () => {
    retry_ms = FIRST_RETRY_MS;
    set_link("live");
  };
  source.onerror = () => {
    set_link("connecting");
    if (source?.readyState === EventSource.CLOSED) reopen_later();
  };
  for (const name of NAMES) source.addEventListener(name, (event) => deliver(name, event));
}

function deliver(name: EventName, event: MessageEvent<string>): void {
  let data: unknown;
  try {
    data = JSON.parse(event.data);
  } catch {
    return; // an event that is not JSON says nothing
  }
  listeners.get(name)!.forEach((listener) => listener(data));
}

function reopen_later(): void {
  source?.close();
  source = null;
  retry_timer = window.setTimeout(open_stream, retry_ms);
  retry_ms = Math.min(2 * retry_ms, LAST_RETRY_MS);
}

export function close_stream(): void {
  window.clearTimeout(retry_timer);
  source?.close();
  source = null;
  set_link("closed");
}

export function listen<T>(name: EventName, listener: (data: T) => void): () => void {
  const set = listeners.get(name)!;
  set.add(listener as Listener);
  return () => set.delete(listener as Listener);
}

export const link_now = () => link;
export function watch_link(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}
