import { useState } from "react";
import { path_of } from "../api/query_string";
import { useListing } from "../api/reading";
import type { Delivery, Id, Webhook } from "../api/types";
import { moment } from "../format/times";
import { usePolling } from "../live/hooks";
import { Head } from "../parts/head";
import { ListingTable, Total } from "../parts/listing";
import { Empty } from "../parts/notice";
import { Panel } from "../parts/panel";
import { useMayAct } from "../parts/session";
import { WordTag } from "../parts/tag";
import { AddWebhook, RemoveWebhook } from "./webhook_acts";

const COLUMNS = [{ name: "Address" }, { name: "Events" }, { name: "Acts", unseen: true }];
const DELIVERIES = [
  { name: "Event" },
  { name: "State" },
  { name: "Attempts", className: "num" },
  { name: "Last error" },
  { name: "Made, UTC", className: "num" },
  { name: "Delivered, UTC", className: "num" },
];
const POLL_MS = 10_000;

export function Webhooks() {
  const list = useListing<Webhook>("/webhooks");
  const [open, set_open] = useState<Id>();
  const [act, set_act] = useState<{ add: true } | { remove: Webhook }>();
  const may_act = useMayAct("admin");
  const chosen = list.items.find((webhook) => webhook.id === open);
  const close = () => set_act(undefined);
  return (
    <>
      <Head title="Webhooks" acts={may_act && <AddButton act={() => set_act({ add: true })} />}>
        <Total list={list} />
      </Head>
      <Panel title="Who is told, signed after Standard Webhooks" flush>
        <ListingTable
          list={list}
          label="Webhooks"
          columns={COLUMNS}
          empty={
            <Empty>
              Nobody is told of anything yet. Add a webhook to send incidents and halted rollouts to a pager
              or a chat.
            </Empty>
          }
          row={(webhook) => (
            <WebhookRow
              key={webhook.id}
              webhook={webhook}
              open={webhook === chosen}
              toggle={() => set_open(webhook === chosen ? undefined : webhook.id)}
              remove={may_act ? () => set_act({ remove: webhook }) : undefined}
            />
          )}
        />
      </Panel>
      {chosen && <Deliveries key={chosen.id} webhook={chosen} />}
      {act && "add" in act && <AddWebhook close={close} done={list.reload} />}
      {act && "remove" in act && <RemoveWebhook webhook={act.remove} close={close} done={list.reload} />}
    </>
  );
}

function AddButton({ act }: { act: () => void }) {
  return (
    <button type="button" className="button main" onClick={act} data-testid="add-webhook">
      Add a webhook…
    </button>
  );
}

interface RowProps {
  webhook: Webhook;
  open: boolean; // its deliveries are shown
  toggle: () => void;
  remove: (() => void) | undefined; // undefined: not for this role
}

function WebhookRow({ webhook, open, toggle, remove }: RowProps) {
  return (
    <tr data-testid="webhook-row">
      <td className="mono break">{webhook.url}</td>
      <td>
        <span className="chips">
          {webhook.events.map((event) => (
            <span key={event} className="chip mono">
              {event}
            </span>
          ))}
        </span>
      </td>
      <td className="num">
        <button type="button" className="button plain" aria-expanded={open} onClick={toggle}>
          Deliveries
        </button>
        {remove && (
          <button type="button" className="button plain" onClick={remove}>
            Remove…
          </button>
        )}
      </td>
    </tr>
  );
}

function Deliveries({ webhook }: { webhook: Webhook }) {
  const list = useListing<Delivery>(`${path_of("webhooks", webhook.id)}/deliveries`, {}, 50);
  usePolling(list.reload, POLL_MS);
  return (
    <Panel title={<>Deliveries to {webhook.url}</>} flush>
      <ListingTable
        list={list}
        label="Deliveries"
        columns={DELIVERIES}
        empty={<p className="empty">Nothing has been sent to it yet.</p>}
        row={(delivery) => (
          <tr key={delivery.id}>
            <td className="mono">{delivery.event}</td>
            <td>
              <WordTag
                word={delivery.state === "dead" ? "given up" : delivery.state}
                good={delivery.state !== "dead"}
              />
            </td>
            <td className="num">{delivery.attempts}</td>
            <td className="break muted">{delivery.last_error || "–"}</td>
            <td className="num muted">{moment(delivery.created_at)}</td>
            <td className="num muted">{moment(delivery.delivered_at ?? null)}</td>
          </tr>
        )}
      />
    </Panel>
  );
}
