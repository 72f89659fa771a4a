// Short messages: seen in a corner for a while, spoken by a screen reader, never in the way.

import { useEffect, useState, type ReactNode } from "react";

interface Message {
  id: number;
  alarm: boolean;
  body: ReactNode;
}

const SHOWN_MS = 8_000;
let tell: ((message: Message) => void) | null = null;
let last_id = 0;

export function announce(body: ReactNode, alarm = false): void {
  last_id += 1;
  tell?.({ id: last_id, alarm, body });
}

export function Announcements() {
  const [messages, set_messages] = useState<Message[]>([]);
  useEffect(() => {
    tell = (message) => {
      set_messages((old) => [...old, message].slice(-3));
      window.setTimeout(() => set_messages((old) => old.filter((m) => m.id !== message.id)), SHOWN_MS);
    };
    return () => {
      tell = null;
    };
  }, []);
  return (
    <div className="toasts" aria-live="polite">
      {messages.map((message) => (
        <div key={message.id} className={message.alarm ? "toast alarm" : "toast"} data-testid="toast">
          {message.body}
        </div>
      ))}
    </div>
  );
}
