#include <sstream>

#include "muster/commands.h"

namespace muster {
namespace {

using wire::Json;

const std::vector<Column> policy_columns{{"MODEL", "model"},
                                         {"RELEASE", "release"},
                                         {"PCRS", "pcrs"},
                                         {"EVERY (S)", "every_s"},
                                         {"ISOLATES", "isolate"}};

struct Options {  // of one verb; lives as long as the parser
  std::string id, model, release, pcrs, values, learn, ek_sha256;
  std::int64_t every_s = 24 * 3600;
  bool isolate = false;
};

// One digest in hexadecimal on each line, in rising order of the register. What tpm2_pcrread writes
// ("  7 : 0x5CA5...") is taken too.
Result<Json> digests(const std::string& path) {
  TRY(const auto text, file_text(path));
  std::istringstream lines(text);
  Json out = Json::array();
  for (std::string line; std::getline(lines, line);) {
    const auto last = line.find_last_not_of(" \t\r");
    if (last == std::string::npos) continue;
    line.erase(last + 1);
    if (line.ends_with(':')) continue;  // the name of a bank
    auto word = line.substr(line.find_last_of(" \t:") + 1);
    if (word.starts_with("0x")) word.erase(0, 2);
    auto octets = from_hex(word);
    if (!octets) return fail(Fault::invalid, "holds a line that is no digest: " + line, "--values");
    out.push(to_hex(*octets));
  }
  return out;
}

void show_verb(CLI::App& noun, Chosen& chosen) {
  auto* app = noun.add_subcommand("show", "what a device's TPM said of its boot");
  auto o = std::make_shared<Options>();
  app->add_option("id", o->id, "device")->required();
  app->callback([o, &chosen] {
    chosen.run = [o, &chosen](Remote& remote) -> Result<void> {
      TRY(const auto device, remote.get("/api/v1/devices/" + url_encoded(o->id)));
      const auto part = [&](const char* name) {
        const Json* found = device.find(name);
        return found ? *found : Json();
      };
      Json out = part("attestation");
      out.set("key_protection", part("key_protection"))
          .set("ek_sha256", part("ek_sha256"))
          .set("concerns", part("concerns"));
      return show(chosen, out);
    };
  });
}

const std::vector<Column> register_columns{
    {"PCR", "pcr"}, {"SHOWN", "shown"}, {"EXPECTED", "expected"}};

void registers_verb(CLI::App& noun, Chosen& chosen) {
  auto* app = noun.add_subcommand(
      "registers", "what a device's registers held, beside what the policy expects in them");
  auto o = std::make_shared<Options>();
  app->add_option("id", o->id, "device")->required();
  app->callback([o, &chosen] {
    chosen.run = [o, &chosen](Remote& remote) -> Result<void> {
      TRY(const auto evidence,
          remote.get("/api/v1/devices/" + url_encoded(o->id) + "/attestation"));
      const Json* registers = evidence.find("registers");
      if (chosen.json || !registers || !registers->items()) return show(chosen, evidence);
      print_table(*registers->items(), register_columns);
      return {};
    };
  });
}

void ask_verb(CLI::App& noun, Chosen& chosen) {
  auto* app = noun.add_subcommand("ask", "have a device show its boot now");
  auto o = std::make_shared<Options>();
  app->add_option("id", o->id, "device")->required();
  app->callback([o, &chosen] {
    chosen.run = [o, &chosen](Remote& remote) -> Result<void> {
      TRY(const auto device,
          remote.post("/api/v1/devices/" + url_encoded(o->id) + "/attest", Json::object()));
      if (chosen.json) return show(chosen, device);
      std::fprintf(stderr, "%s is asked; see: muster attest show %s\n", o->id.c_str(),
                   o->id.c_str());
      return {};
    };
  });
}

void tpm_verb(CLI::App& noun, Chosen& chosen) {
  auto* app = noun.add_subcommand("expect", "the TPM by which a device enrols, instead of a token");
  auto o = std::make_shared<Options>();
  app->add_option("id", o->id, "device")->required();
  app->add_option("--ek-sha256", o->ek_sha256,
                  "SHA-256 of its endorsement key's SubjectPublicKeyInfo")
      ->required();
  app->callback([o, &chosen] {
    chosen.run = [o, &chosen](Remote& remote) -> Result<void> {
      TRY(const auto device, remote.post("/api/v1/devices/" + url_encoded(o->id) + "/tpm",
                                         Json::object({{"ek_sha256", o->ek_sha256}})));
      return show(chosen, device);
    };
  });
}

void set_verb(CLI::App& noun, Chosen& chosen) {
  auto* app = noun.add_subcommand("set", "what registers should hold; replaces");
  auto o = std::make_shared<Options>();
  app->add_option("--model", o->model, "of this model")->required();
  app->add_option("--release", o->release, "on this release alone, by its id");
  app->add_option("--pcrs", o->pcrs, "such as sha256:0,1,7")->required();
  auto* values = app->add_option("--values", o->values, "file with a digest for each register");
  app->add_option("--learn", o->learn, "take what this device showed last")->excludes(values);
  app->add_option("--every", o->every_s, "seconds between two times that a device is asked");
  app->add_flag("--isolate", o->isolate, "isolate a device that fails");
  app->callback([o, &chosen] {
    chosen.run = [o, &chosen](Remote& remote) -> Result<void> {
      Json body = Json::object({{"model", o->model},
                                {"pcrs", o->pcrs},
                                {"every_s", o->every_s},
                                {"isolate", o->isolate}});
      if (!o->release.empty()) body.set("release", o->release);
      if (!o->learn.empty()) body.set("learn", o->learn);
      if (!o->values.empty()) {
        TRY(auto list, digests(o->values));
        body.set("values", std::move(list));
      }
      TRY(const auto policy, remote.post("/api/v1/attestation/policies", body));
      return show(chosen, policy);
    };
  });
}

void drop_verb(CLI::App& noun, Chosen& chosen) {
  auto* app = noun.add_subcommand("drop", "a model has no policy any more");
  auto o = std::make_shared<Options>();
  app->add_option("--model", o->model, "of this model")->required();
  app->add_option("--release", o->release, "the one for this release alone");
  app->callback([o, &chosen] {
    chosen.run = [o, &chosen](Remote& remote) -> Result<void> {
      std::string target = "/api/v1/attestation/policies/" + url_encoded(o->model);
      if (!o->release.empty()) target += "?release=" + url_encoded(o->release);
      TRY(const auto answer, remote.remove(target));
      return show(chosen, answer);
    };
  });
}

}  // namespace

void attest_commands(CLI::App& root, Chosen& chosen) {
  auto* noun = root.add_subcommand("attest", "what the TPMs of devices say, and should say");
  noun->require_subcommand(1);
  show_verb(*noun, chosen);
  registers_verb(*noun, chosen);
  ask_verb(*noun, chosen);
  tpm_verb(*noun, chosen);
  auto* policy = noun->add_subcommand("policy", "what the registers of a model should hold");
  policy->require_subcommand(1);
  set_verb(*policy, chosen);
  drop_verb(*policy, chosen);
  auto* list = policy->add_subcommand("list", "all policies");
  list->callback([&chosen] {
    chosen.run = [&chosen](Remote& remote) {
      return show_list(remote, chosen, "/api/v1/attestation/policies", policy_columns);
    };
  });
}

}  // namespace muster
