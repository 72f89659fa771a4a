#include "base/clock.h"
#include "muster/commands.h"

namespace muster {
namespace {

using wire::Json;

struct Options {  // of one verb; lives as long as the parser
  std::string id, name, model, reason, file, maker, signers, life, unknown, retry;
  std::vector<std::string> groups, models, makers, files;
  bool dry_run = false, server_keys = false, no_server_keys = false, all_models = false,
       all_makers = false;
};
using Shared = std::shared_ptr<Options>;

Json texts(const std::vector<std::string>& values) {
  Json out = Json::array();
  for (const auto& value : values) out.push(value);
  return out;
}

CLI::App* noun_of(CLI::App& root, const char* name, const char* help) {
  const auto there =
      root.get_subcommands([name](CLI::App* each) { return each->get_name() == name; });
  auto* noun = there.empty() ? root.add_subcommand(name, help) : there.front();
  return noun->require_subcommand(1);
}

void list_verb(CLI::App& noun, Chosen& chosen, const char* verb, const char* help,
               const char* target, std::vector<Column> columns) {
  noun.add_subcommand(verb, help)->callback([&chosen, target, columns = std::move(columns)] {
    chosen.run = [&chosen, target, columns](Remote& remote) {
      return show_list(remote, chosen, target, columns);
    };
  });
}

void remove_verb(CLI::App& noun, Chosen& chosen, const char* verb, const char* help,
                 const char* list) {
  auto o = std::make_shared<Options>();
  auto* app = noun.add_subcommand(verb, help);
  app->add_option("name", o->name, "its name")->required();
  app->callback([o, &chosen, list] {
    chosen.run = [o, list](Remote& remote) -> Result<void> {
      TRY_VOID(remote.remove(std::string(list) + "/" + url_encoded(o->name)));
      return {};
    };
  });
}

// A verb that takes an id and a reason, and posts it.
void reasoned(CLI::App& noun, Chosen& chosen, const char* verb, const char* help,
              const char* before, const char* after) {
  auto o = std::make_shared<Options>();
  auto* app = noun.add_subcommand(verb, help);
  app->add_option("id", o->id, "which")->required();
  app->add_option("--reason", o->reason, "why; goes to the ledger")->required();
  app->callback([o, &chosen, before, after] {
    chosen.run = [o, &chosen, before, after](Remote& remote) -> Result<void> {
      TRY(auto answer,
          remote.post(before + url_encoded(o->id) + after, Json::object({{"reason", o->reason}})));
      return show(chosen, answer);
    };
  });
}

Result<void> approve(Remote& remote, const Chosen& chosen, const Options& o) {
  Json body = Json::object({{"device", o.name}});
  if (!o.model.empty()) body.set("model", o.model);
  if (!o.groups.empty()) body.set("groups", texts(o.groups));
  TRY(auto answer, remote.post("/api/v1/enrolments/" + url_encoded(o.id) + "/approve", body));
  return show(chosen, answer);
}

Result<Json> seconds_of(const std::string& text) {
  TRY(const auto duration, parse_duration(text));
  return Json(std::int64_t{std::chrono::duration_cast<std::chrono::seconds>(duration).count()});
}

Result<void> set_profile(Remote& remote, const Chosen& chosen, const Options& o) {
  Json body = Json::object({{"name", o.name}});
  if (!o.life.empty()) {
    TRY(auto life, seconds_of(o.life));
    body.set("certificate_life_s", std::move(life));
  }
  if (!o.retry.empty()) {
    TRY(auto retry, seconds_of(o.retry));
    body.set("retry_after_s", std::move(retry));
  }
  if (!o.unknown.empty()) body.set("unknown", o.unknown);
  if (!o.models.empty() || o.all_models) body.set("models", texts(o.models));
  if (!o.makers.empty() || o.all_makers) body.set("makers", texts(o.makers));
  if (o.server_keys || o.no_server_keys) body.set("server_keys", o.server_keys);
  TRY(auto answer, remote.post("/api/v1/enrolment-profiles", body));
  return show(chosen, answer);
}

void profile_noun(CLI::App& enrol, Chosen& chosen) {
  auto* noun = noun_of(enrol, "profile", "on what terms devices enrol, by the label in the path");
  list_verb(*noun, chosen, "list", "all profiles", "/api/v1/enrolment-profiles",
            {{"NAME", "name"},
             {"UNKNOWN", "unknown"},
             {"LIFE S", "certificate_life_s"},
             {"MODELS", "models"},
             {"MAKERS", "makers"},
             {"SERVER KEYS", "server_keys"}});
  remove_verb(*noun, chosen, "remove", "a profile", "/api/v1/enrolment-profiles");
  auto o = std::make_shared<Options>();
  auto* set = noun->add_subcommand("set", "make a profile or change one; the rest of it stays");
  set->add_option("name", o->name, "its name; \"default\" is the one without a label")->required();
  set->add_option("--life", o->life, "of a certificate, such as 30d");
  set->add_option("--unknown", o->unknown, "a device that nobody expects: refuse or park");
  set->add_option("--retry-after", o->retry, "how often a device that waits may ask");
  auto* models = set->add_option("--model", o->models, "that may enrol; may repeat");
  auto* makers = set->add_option("--maker", o->makers, "whose devices may; may repeat");
  set->add_flag("--all-models", o->all_models, "any model may")->excludes(models);
  set->add_flag("--all-makers", o->all_makers, "any maker's device may")->excludes(makers);
  auto* keys = set->add_flag("--server-keys", o->server_keys, "the server may make a device's key");
  set->add_flag("--no-server-keys", o->no_server_keys, "it may not")->excludes(keys);
  set->callback([o, &chosen] {
    chosen.run = [o, &chosen](Remote& remote) { return set_profile(remote, chosen, *o); };
  });
}

void enrol_noun(CLI::App& root, Chosen& chosen) {
  auto* noun = noun_of(root, "enrol", "devices that wait for a word, and who may enrol how");
  list_verb(*noun, chosen, "list", "devices that nobody expects, waiting or rejected",
            "/api/v1/enrolments",
            {{"ID", "id"},
             {"SERIAL", "serial"},
             {"MAKER", "maker"},
             {"MODEL", "model"},
             {"FROM", "from"},
             {"SINCE", "since"},
             {"STATE", "state"}});
  auto o = std::make_shared<Options>();
  auto* app = noun->add_subcommand("approve", "expect the device that waits");
  app->add_option("id", o->id, "as the list has it")->required();
  app->add_option("--device", o->name, "the id it is to have")->required();
  app->add_option("--model", o->model, "its model; not needed where the maker makes one");
  app->add_option("--group", o->groups, "group it belongs to; may repeat");
  app->callback([o, &chosen] {
    chosen.run = [o, &chosen](Remote& remote) { return approve(remote, chosen, *o); };
  });
  reasoned(*noun, chosen, "reject", "refuse the device that waits", "/api/v1/enrolments/",
           "/reject");
  reasoned(*noun, chosen, "allow", "let a device's birth certificate enrol it once more",
           "/api/v1/devices/", "/allow-birth");
  profile_noun(*noun, chosen);
}

void ca_noun(CLI::App& root, Chosen& chosen) {
  auto* noun = noun_of(root, "ca", "whose certificates count");
  rollover_commands(*noun, chosen);
  list_verb(*noun, chosen, "makers", "makers whose birth certificates count", "/api/v1/makers",
            {{"NAME", "name"}, {"MODELS", "models"}});
  remove_verb(*noun, chosen, "distrust-maker", "a maker; certificates that were issued stay",
              "/api/v1/makers");
  auto o = std::make_shared<Options>();
  auto* trust = noun->add_subcommand("trust-maker", "the CA of a maker's birth certificates");
  trust->add_option("name", o->name, "the maker's name")->required();
  trust->add_option("file", o->file, "CA certificates, PEM")->required();
  trust->add_option("--models", o->models, "that it makes; apart by commas")
      ->required()
      ->delimiter(',');
  trust->callback([o, &chosen] {
    chosen.run = [o, &chosen](Remote& remote) -> Result<void> {
      TRY(auto pem, file_text(o->file));
      TRY(auto answer, remote.post("/api/v1/makers", Json::object({{"name", o->name},
                                                                   {"models", texts(o->models)},
                                                                   {"certificates_pem", pem}})));
      return show(chosen, answer);
    };
  });
}

Result<void> import_vouchers(Remote& remote, const Chosen& chosen, const Options& o) {
  Json body = Json::object({{"maker", o.maker}}), vouchers = Json::array();
  if (!o.signers.empty()) {
    TRY(auto pem, file_text(o.signers));
    body.set("signers_pem", std::move(pem));
  }
  if (!o.model.empty()) body.set("model", o.model);
  if (!o.groups.empty()) body.set("groups", texts(o.groups));
  for (const auto& file : o.files) {
    TRY(const auto der, file_text(file));
    vouchers.push(to_base64(bytes_of(der)));
  }
  body.set("vouchers", std::move(vouchers));
  TRY(auto answer,
      remote.post(std::string("/api/v1/vouchers") + (o.dry_run ? "?dry_run=true" : ""), body));
  return show(chosen, answer);
}

void voucher_noun(CLI::App& root, Chosen& chosen) {
  auto* noun = noun_of(root, "voucher", "makers' signed words that devices are ours (RFC 8366)");
  auto o = std::make_shared<Options>();
  auto* app = noun->add_subcommand("import", "expect the devices of vouchers, all or nothing");
  app->add_option("files", o->files, "vouchers, CMS in DER")->required();
  app->add_option("--maker", o->maker, "a trusted maker (muster ca trust-maker)")->required();
  app->add_option("--maker-ca", o->signers,
                  "CA of who signs the vouchers, PEM, where it is another than the devices'");
  app->add_option("--model", o->model, "their model; not needed where the maker makes one");
  app->add_option("--group", o->groups, "group they belong to; may repeat");
  app->add_flag("--dry-run", o->dry_run, "check only");
  app->callback([o, &chosen] {
    chosen.run = [o, &chosen](Remote& remote) { return import_vouchers(remote, chosen, *o); };
  });
}

}  // namespace

void enrolment_commands(CLI::App& root, Chosen& chosen) {
  enrol_noun(root, chosen);
  ca_noun(root, chosen);
  voucher_noun(root, chosen);
}

}  // namespace muster
