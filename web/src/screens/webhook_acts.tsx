import { useState } from "react";
import { post, remove } from "../api/client";
import { path_of } from "../api/query_string";
import type { Webhook } from "../api/types";
import { Dialog } from "../parts/dialog";
import { Field } from "../parts/field";
import { Command } from "../parts/notice";

interface Props {
  close: () => void;
  done: () => void;
}

export function AddWebhook({ close, done }: Props) {
  const [url, set_url] = useState("");
  const [events, set_events] = useState("incident.*, rollout.halted");
  const [made, set_made] = useState<Webhook>();
  if (made) return <WebhookSecret secret={made.secret ?? ""} close={close} />;
  async function add() {
    const patterns = events
      .split(",")
      .map((event) => event.trim())
      .filter(Boolean);
    set_made(await post<Webhook>("/webhooks", { url: url.trim(), events: patterns }));
    done();
  }
  return (
    <Dialog title="Add a webhook" verb="Add" ready={url.trim() !== ""} close={close} submit={add} stay>
      <Field label="Address" hint="https, or http on a loopback address.">
        {(input) => (
          <input
            {...input}
            className="input mono"
            type="url"
            required
            autoFocus
            placeholder="https://"
            value={url}
            onChange={(e) => set_url(e.target.value)}
          />
        )}
      </Field>
      <Field label="Events" hint="Patterns, separated by commas: incident.*, rollout.halted, *">
        {(input) => (
          <input
            {...input}
            className="input mono"
            required
            value={events}
            spellCheck={false}
            onChange={(e) => set_events(e.target.value)}
          />
        )}
      </Field>
    </Dialog>
  );
}

function WebhookSecret({ secret, close }: { secret: string; close: () => void }) {
  return (
    <Dialog title="The webhook is set" verb="Done" close={close} submit={async () => {}}>
      <p className="muted">Its secret is shown this once. The receiver needs it to check the signatures.</p>
      <Command text={secret} />
    </Dialog>
  );
}

export function RemoveWebhook({ webhook, close, done }: Props & { webhook: Webhook }) {
  async function take_away() {
    await remove(path_of("webhooks", webhook.id));
    done();
  }
  return (
    <Dialog title="Remove this webhook" verb="Remove" danger close={close} submit={take_away}>
      <p className="break">
        <code>{webhook.url}</code> is told nothing any more. What waits to be delivered to it is dropped.
      </p>
    </Dialog>
  );
}
