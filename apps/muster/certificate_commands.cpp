#include "muster/commands.h"

namespace muster {
namespace {

using wire::Json;

const std::vector<Column> columns{{"SERIAL", "serial"},
                                  {"SUBJECT", "subject"},
                                  {"STATUS", "status"},
                                  {"NOT BEFORE", "not_before"},
                                  {"NOT AFTER", "not_after"}};

struct Options {  // of one verb; lives as long as the parser
  std::string serial, device, expiring, reason, because;
  bool overdue = false;
};

std::string of_device(const Options& o) {
  return "/api/v1/devices/" + url_encoded(o.device) + "/certificates";
}

void list_verb(CLI::App& noun, Chosen& chosen) {
  auto* app = noun.add_subcommand("list", "certificates of a device, or those whose end is near");
  auto o = std::make_shared<Options>();
  auto* which = app->add_option_group("which");
  which->add_option("--device", o->device, "all of this device, newest first");
  which->add_option("--expiring", o->expiring,
                    "those in use that end within this time, such as 7d");
  which->add_flag("--overdue", o->overdue,
                  "those in use with less than a quarter of their life to go: their renewal fails");
  which->require_option(1);
  app->callback([o, &chosen] {
    chosen.run = [o, &chosen](Remote& remote) {
      std::string target = "/api/v1/certificates?overdue=true";
      if (!o->device.empty()) target = of_device(*o);
      if (!o->expiring.empty())
        target = "/api/v1/certificates?expiring=" + url_encoded(o->expiring);
      return show_list(remote, chosen, target, columns);
    };
  });
}

void revoke_verb(CLI::App& noun, Chosen& chosen) {
  auto* app = noun.add_subcommand(
      "revoke", "for good: refused at every door, live sessions cut, told by CRL and OCSP");
  auto o = std::make_shared<Options>();
  auto* which = app->add_option_group("which");
  which->add_option("serial", o->serial, "the certificate's serial, hexadecimal");
  which->add_option("--device", o->device, "every certificate of this device");
  which->require_option(1);
  app->add_option("--reason", o->reason, "why, in words; goes to the ledger")->required();
  app->add_option("--because", o->because,
                  "the code that CRL and OCSP tell: unspecified, key-compromise, superseded, "
                  "cessation-of-operation or privilege-withdrawn");
  app->callback([o, &chosen] {
    chosen.run = [o, &chosen](Remote& remote) -> Result<void> {
      Json body = Json::object({{"reason", o->reason}});
      if (!o->because.empty()) body.set("because", o->because);
      const std::string target = o->device.empty()
                                     ? "/api/v1/certificates/" + url_encoded(o->serial) + "/revoke"
                                     : of_device(*o) + "/revoke";
      TRY(auto answer, remote.post(target, body));
      return show(chosen, answer);
    };
  });
}

}  // namespace

void certificate_commands(CLI::App& root, Chosen& chosen) {
  auto* noun = root.add_subcommand("cert", "certificates: list, revoke");
  noun->require_subcommand(1);
  list_verb(*noun, chosen);
  revoke_verb(*noun, chosen);
}

}  // namespace muster
