#include "muster/commands.h"

namespace muster {
namespace {

using wire::Json;

const std::vector<Column> device_columns{{"ID", "id"},
                                         {"MODEL", "model"},
                                         {"STATE", "state"},
                                         {"ONLINE", "online"},
                                         {"FIRMWARE", "firmware"},
                                         {"RISK", "risk"},
                                         {"KEY", "key_protection"},
                                         {"GROUPS", "groups"},
                                         {"LAST SEEN", "last_seen"}};

struct Options {  // of one verb; lives as long as the parser
  std::string id, model, serial, ek_sha256, risk, reason, selector, state, search, file, signature,
      name, desired;
  std::vector<std::string> groups, metrics;
  std::int64_t interval_s = 60;
  std::string retire_within;
  bool dry_run = false, second_operator = false;
};

std::string device(const Options& o) {
  return "/api/v1/devices/" + url_encoded(o.id);
}

Json texts(const std::vector<std::string>& values) {
  Json out = Json::array();
  for (const auto& value : values) out.push(value);
  return out;
}

// A verb that takes an id and a reason and posts to /devices/{id}/{verb}.
void reasoned(CLI::App& noun, Chosen& chosen, const char* verb, const char* help) {
  auto* app = noun.add_subcommand(verb, help);
  auto o = std::make_shared<Options>();
  app->add_option("id", o->id, "device")->required();
  app->add_option("--reason", o->reason, "why; goes to the ledger")->required();
  app->callback([o, &chosen, verb] {
    chosen.run = [o, &chosen, verb](Remote& remote) -> Result<void> {
      TRY(auto answer, remote.post(device(*o) + "/" + verb, Json::object({{"reason", o->reason}})));
      return show(chosen, answer);
    };
  });
}

void expect_verb(CLI::App& noun, Chosen& chosen) {
  auto* app =
      noun.add_subcommand("expect", "register an expected device and print its one-time token");
  auto o = std::make_shared<Options>();
  app->add_option("--id", o->id, "device")->required();
  app->add_option("--model", o->model, "its model")->required();
  app->add_option("--group", o->groups, "group it belongs to; may repeat");
  app->add_option("--serial", o->serial, "the maker's serial number");
  app->add_option("--risk", o->risk, "low, moderate, high or critical");
  app->add_option("--ek-sha256", o->ek_sha256,
                  "its TPM: SHA-256 of the endorsement key's SubjectPublicKeyInfo; then no token");
  app->callback([o, &chosen] {
    chosen.run = [o, &chosen](Remote& remote) -> Result<void> {
      Json body = Json::object({{"id", o->id}, {"model", o->model}});
      if (!o->ek_sha256.empty()) body.set("ek_sha256", o->ek_sha256);
      if (!o->groups.empty()) body.set("groups", texts(o->groups));
      if (!o->serial.empty()) body.set("serial", o->serial);
      if (!o->risk.empty()) body.set("risk", o->risk);
      TRY(auto answer, remote.post("/api/v1/devices", body));
      chosen.if_lost = "The token is lost; `muster device token " + o->id + "` gives another";
      if (chosen.json || !o->ek_sha256.empty()) return show(chosen, answer);
      std::printf("%s\n", cell(answer, "token").c_str());
      std::fprintf(stderr, "one-time token of %s, good until %s: EST user %s, password as above\n",
                   o->id.c_str(), cell(answer, "token_expires_at").c_str(), o->id.c_str());
      return {};
    };
  });
}

void list_verb(CLI::App& noun, Chosen& chosen) {
  auto* app = noun.add_subcommand("list", "devices, all pages");
  auto o = std::make_shared<Options>();
  app->add_option("--selector", o->selector,
                  "expression, such as: model == \"meter\" && \"north\" in groups");
  app->add_option("--state", o->state,
                  "expected, active, quarantined, retiring, revoked-unsanitised or retired");
  app->add_option("--search", o->search, "text in the id");
  app->callback([o, &chosen] {
    chosen.run = [o, &chosen](Remote& remote) {
      std::string query;
      auto add = [&query](const char* name, const std::string& value) {
        if (!value.empty())
          query += (query.empty() ? "?" : "&") + std::string(name) + "=" + url_encoded(value);
      };
      add("selector", o->selector);
      add("state", o->state);
      add("q", o->search);
      return show_list(remote, chosen, "/api/v1/devices" + query, device_columns);
    };
  });
}

void edit_verb(CLI::App& noun, Chosen& chosen) {
  auto* app = noun.add_subcommand("edit", "change groups, risk or desired state");
  auto o = std::make_shared<Options>();
  app->add_option("id", o->id, "device")->required();
  app->add_option("--group", o->groups, "groups, all of them; may repeat");
  app->add_option("--risk", o->risk, "low, moderate, high or critical");
  app->add_option("--desired", o->desired, "desired state, a JSON object");
  app->callback([o, &chosen] {
    chosen.run = [o, &chosen](Remote& remote) -> Result<void> {
      Json body = Json::object();
      if (!o->groups.empty()) body.set("groups", texts(o->groups));
      if (!o->risk.empty()) body.set("risk", o->risk);
      if (!o->desired.empty()) {
        TRY(auto desired, wire::parse_json(o->desired));
        body.set("desired", std::move(desired));
      }
      TRY(auto answer, remote.patch(device(*o), body));
      return show(chosen, answer);
    };
  });
}

// "voltage:V:207:253": name, unit, and the range of a healthy device; the last three may be left
// out.
Result<Json> metric(const std::string& text) {
  std::vector<std::string> parts{""};
  for (char c : text)
    if (c == ':')
      parts.emplace_back();
    else
      parts.back() += c;
  Json out = Json::object({{"name", parts[0]}});
  if (parts.size() > 1) out.set("unit", parts[1]);
  for (std::size_t i = 2; i < parts.size() && i < 4; ++i) {
    char* end = nullptr;
    const double bound = std::strtod(parts[i].c_str(), &end);
    if (parts[i].empty()) continue;
    if (*end) return fail(Fault::invalid, "a bound must be a number, in " + text, "--metric");
    out.set(i == 2 ? "min" : "max", bound);
  }
  return out;
}

void model_noun(CLI::App& root, Chosen& chosen) {
  auto* noun = root.add_subcommand("model", "what kinds of device there are");
  noun->require_subcommand(1);
  auto* list = noun->add_subcommand("list", "all models");
  list->callback([&chosen] {
    chosen.run = [&chosen](Remote& remote) {
      return show_list(remote, chosen, "/api/v1/models",
                       {{"NAME", "name"}, {"RISK", "risk"}, {"INTERVAL S", "interval_s"}});
    };
  });
  auto* put = noun->add_subcommand("put", "make a model, or replace it");
  auto o = std::make_shared<Options>();
  put->add_option("name", o->name, "model")->required();
  put->add_option("--risk", o->risk, "low, moderate, high or critical");
  put->add_option("--interval", o->interval_s, "seconds between two readings");
  auto* operators =
      put->add_flag("--second-operator,!--one-operator", o->second_operator,
                    "a retirement needs the approval of another operator; or no more, when another "
                    "operator says so too");
  put->add_option("--retire-within", o->retire_within, "time to wipe, such as 7d");
  put->add_option("--metric", o->metrics, "NAME[:UNIT[:MIN[:MAX]]]; may repeat");
  put->callback([o, operators, &chosen] {
    chosen.run = [o, operators, &chosen](Remote& remote) -> Result<void> {
      Json body = Json::object({{"name", o->name}, {"interval_s", o->interval_s}});
      if (!o->risk.empty()) body.set("risk", o->risk);
      if (operators->count() > 0) body.set("second_operator", o->second_operator);
      if (!o->retire_within.empty()) {
        auto within = parse_duration(o->retire_within);
        if (!within) return fail(Fault::invalid, within.error().message, "--retire-within");
        body.set("retire_within_s", std::int64_t{*within / 1s});
      }
      Json metrics = Json::array();
      for (const auto& each : o->metrics) {
        TRY(auto one, metric(each));
        metrics.push(std::move(one));
      }
      body.set("metrics", std::move(metrics));
      TRY(auto answer, remote.post("/api/v1/models", body));
      return show(chosen, answer);
    };
  });
}

void manifest_noun(CLI::App& root, Chosen& chosen) {
  auto* noun = root.add_subcommand("manifest", "import signed lists of expected devices");
  noun->require_subcommand(1);
  auto* import = noun->add_subcommand("import", "import a manifest, all of it or nothing");
  auto o = std::make_shared<Options>();
  import->add_option("file", o->file, "the manifest, JSON or CSV")->required();
  import->add_option("--signature", o->signature, "its detached signature")->required();
  import->add_flag("--dry-run", o->dry_run, "check only");
  import->callback([o, &chosen] {
    chosen.run = [o, &chosen](Remote& remote) -> Result<void> {
      TRY(auto text, file_text(o->file));
      TRY(auto signature, file_text(o->signature));
      TRY(auto answer,
          remote.post(
              std::string("/api/v1/manifests") + (o->dry_run ? "?dry_run=true" : ""),
              Json::object({{"manifest", text}, {"signature", to_base64(bytes_of(signature))}})));
      if (!o->dry_run)
        chosen.if_lost = "Tokens it gave are lost; `muster device token ID` gives a device another";
      return show(chosen, answer);
    };
  });
  auto* trust = noun->add_subcommand("trust", "a key that may sign manifests");
  auto t = std::make_shared<Options>();
  trust->add_option("name", t->name, "its name")->required();
  trust->add_option("file", t->file, "public key, PEM")->required();
  trust->callback([t, &chosen] {
    chosen.run = [t, &chosen](Remote& remote) -> Result<void> {
      TRY(auto pem, file_text(t->file));
      TRY(auto answer, remote.post("/api/v1/manifest-keys",
                                   Json::object({{"name", t->name}, {"public_key_pem", pem}})));
      return show(chosen, answer);
    };
  });
}

}  // namespace

void device_commands(CLI::App& root, Chosen& chosen) {
  auto* noun =
      root.add_subcommand("device", "devices: expect, list, show, isolate, release, retire ...");
  noun->require_subcommand(1);
  expect_verb(*noun, chosen);
  list_verb(*noun, chosen);
  edit_verb(*noun, chosen);
  reasoned(*noun, chosen, "isolate",
           "cut it off: its session ends, only the update path answers it");
  reasoned(*noun, chosen, "release", "let it back in and close its incident");
  retire_verbs(*noun, chosen);
  auto simple = [&](const char* verb, const char* help, auto run) {
    auto* app = noun->add_subcommand(verb, help);
    auto o = std::make_shared<Options>();
    app->add_option("id", o->id, "device")->required();
    app->callback([o, &chosen, run] {
      chosen.run = [o, &chosen, run](Remote& remote) { return run(remote, chosen, *o); };
    });
  };
  simple("show", "one device, all that is known of it",
         [](Remote& r, const Chosen& c, const Options& o) { return show_one(r, c, device(o)); });
  simple("history", "what the ledger says of it, newest first",
         [](Remote& r, const Chosen& c, const Options& o) {
           return show_list(
               r, c, device(o) + "/history",
               {{"AT", "at"}, {"ACTION", "action"}, {"BY", "actor"}, {"REASON", "reason"}});
         });
  simple("token", "a new one-time token, in place of an unused one",
         [](Remote& r, Chosen& c, const Options& o) -> Result<void> {
           TRY(auto answer, r.post(device(o) + "/token", Json::object()));
           c.if_lost = "The token is lost; the same command gives another";
           return show(c, answer);
         });
  model_noun(root, chosen);
  manifest_noun(root, chosen);
}

}  // namespace muster
