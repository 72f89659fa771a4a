#include "muster/commands.h"

namespace muster {
namespace {

using wire::Json;

struct Options {
  std::string id, state, reason, url;
  std::vector<std::string> events;
};

void webhook_noun(CLI::App& root, Chosen& chosen) {
  auto* noun = root.add_subcommand("webhook", "who is told, by signed HTTP requests");
  noun->require_subcommand(1);
  auto o = std::make_shared<Options>();
  auto* add = noun->add_subcommand("add", "a receiver; prints its secret once");
  add->add_option("--url", o->url, "https, or http on this machine")->required();
  add->add_option("--event", o->events, "pattern such as incident.*; may repeat; all if not given");
  add->callback([o, &chosen] {
    chosen.run = [o, &chosen](Remote& remote) -> Result<void> {
      Json events = Json::array();
      for (const auto& each : o->events) events.push(each);
      if (o->events.empty()) events.push("*");
      TRY(auto answer, remote.post("/api/v1/webhooks",
                                   Json::object({{"url", o->url}, {"events", std::move(events)}})));
      chosen.if_lost = "The secret is lost; `muster webhook remove " + cell(answer, "id") +
                       "` and add it again for another";
      return show(chosen, answer);
    };
  });
  noun->add_subcommand("list", "receivers")->callback([&chosen] {
    chosen.run = [&chosen](Remote& remote) {
      return show_list(remote, chosen, "/api/v1/webhooks",
                       {{"ID", "id"}, {"URL", "url"}, {"EVENTS", "events"}});
    };
  });
  auto d = std::make_shared<Options>();
  auto* deliveries =
      noun->add_subcommand("deliveries", "what was sent to a receiver, and what became of it");
  deliveries->add_option("id", d->id, "webhook")->required();
  deliveries->callback([d, &chosen] {
    chosen.run = [d, &chosen](Remote& remote) {
      return show_list(remote, chosen, "/api/v1/webhooks/" + url_encoded(d->id) + "/deliveries",
                       {{"ID", "id"},
                        {"EVENT", "event"},
                        {"STATE", "state"},
                        {"ATTEMPTS", "attempts"},
                        {"ERROR", "last_error"}});
    };
  });
  auto r = std::make_shared<Options>();
  auto* remove = noun->add_subcommand("remove", "a receiver");
  remove->add_option("id", r->id, "webhook")->required();
  remove->callback([r, &chosen] {
    chosen.run = [r](Remote& remote) -> Result<void> {
      TRY_VOID(remote.remove("/api/v1/webhooks/" + url_encoded(r->id)));
      return {};
    };
  });
}

}  // namespace

void incident_commands(CLI::App& root, Chosen& chosen) {
  auto* noun = root.add_subcommand("incident", "what went wrong, and what was done");
  noun->require_subcommand(1);
  auto l = std::make_shared<Options>();
  auto* list = noun->add_subcommand("list", "incidents, newest first");
  list->add_option("--state", l->state, "open or closed");
  list->callback([l, &chosen] {
    chosen.run = [l, &chosen](Remote& remote) {
      return show_list(
          remote, chosen,
          "/api/v1/incidents" + (l->state.empty() ? "" : "?state=" + url_encoded(l->state)),
          {{"ID", "id"},
           {"DEVICE", "device"},
           {"STATE", "state"},
           {"SEVERITY", "severity"},
           {"OPENED", "opened_at"},
           {"REASON", "reason"}});
    };
  });
  auto s = std::make_shared<Options>();
  auto* one = noun->add_subcommand("show", "one incident, with its findings and steps");
  one->add_option("id", s->id, "incident")->required();
  one->callback([s, &chosen] {
    chosen.run = [s, &chosen](Remote& remote) {
      return show_one(remote, chosen, "/api/v1/incidents/" + url_encoded(s->id));
    };
  });
  auto c = std::make_shared<Options>();
  auto* close = noun->add_subcommand("close", "an incident whose device is not isolated any more");
  close->add_option("id", c->id, "incident")->required();
  close->add_option("--reason", c->reason, "why; goes to the ledger")->required();
  close->callback([c, &chosen] {
    chosen.run = [c, &chosen](Remote& remote) -> Result<void> {
      TRY(auto answer, remote.post("/api/v1/incidents/" + url_encoded(c->id) + "/close",
                                   Json::object({{"reason", c->reason}})));
      return show(chosen, answer);
    };
  });
  webhook_noun(root, chosen);
}

}  // namespace muster
