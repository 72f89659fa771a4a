#include "muster-signer/options.h"

#include <arpa/inet.h>
#include <pwd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <map>

namespace muster {
namespace {

// What the command line gives for the policy, in its own spelling.
struct Words {
  std::vector<std::string> server_names, without;
  std::string life, server_life, allowed, rollover_pause;
};

std::optional<std::string> as_address(const std::string& text) {
  std::uint8_t octets[16];
  char spelled[INET6_ADDRSTRLEN];
  for (const int family : {AF_INET, AF_INET6})
    if (inet_pton(family, text.c_str(), octets) == 1)
      return inet_ntop(family, octets, spelled, sizeof spelled);
  return std::nullopt;
}

std::uint32_t user_number(const std::string& text) {
  char* end = nullptr;
  const unsigned long number = std::strtoul(text.c_str(), &end, 10);
  if (!text.empty() && !*end && number < UINT32_MAX) return static_cast<std::uint32_t>(number);
  if (const passwd* account = ::getpwnam(text.c_str())) return account->pw_uid;
  throw CLI::ValidationError("--allow-uid", "there is no user " + text + " on this machine");
}

Duration life(const std::string& text, const char* option) {
  const auto parsed = parse_duration(text);
  if (!parsed || *parsed < 1min)
    throw CLI::ValidationError(option, "must be a duration of at least 1m, such as 90d");
  return *parsed;
}

void add_serve(CLI::App& app, Options& options, Words& words) {
  auto* serve = app.add_subcommand("serve", "sign what is ordered, until told to end");
  auto* socket = serve->add_option("--socket", options.socket, "listen here");
  auto* fd = serve
                 ->add_option("--fd", options.descriptor,
                              "an open descriptor: a connected stream socket, or a listening one")
                 ->check(CLI::Range(0, 65'535));
  socket->excludes(fd);
  serve->add_flag("--init", options.init, "make what init makes first, when it is missing");
  serve->add_option("--user", options.user, "become this user, when started as root");
  serve->add_option("--allow-uid", words.allowed,
                    "who may order over --socket: a user's number or name; else its own user");
  serve->add_option("--server-name", words.server_names,
                    "a DNS name or address that a server may be called; may be repeated");
  serve->add_option("--url-prefix", options.policy.url_prefixes,
                    "how CRL and OCSP addresses in certificates begin; may be repeated");
  serve->add_option("--life-max", words.life, "longest life of a device's or application's");
  serve->add_option("--server-life-max", words.server_life, "longest life of a server's");
  serve
      ->add_option("--rate", options.policy.device.rate.per_second,
                   "certificates a second for devices, in the long run")
      ->check(CLI::PositiveNumber);
  serve->add_option("--burst", options.policy.device.rate.burst, "and at once, after quiet")
      ->check(CLI::PositiveNumber);
  serve->add_option("--rollover-pause", words.rollover_pause,
                    "least time from one CA rollover's beginning to that of the next");
  serve->add_option("--without", words.without, "a template to switch off; may be repeated")
      ->check(
          CLI::IsMember({"device", "application", "server", "ocsp_responder", "revocation_list"}));
  serve->callback([&options] {
    options.command = Options::Command::serve;
    if (options.socket.empty() && options.descriptor < 0)
      throw CLI::RequiredError("--socket or --fd");
  });
}

void add_others(CLI::App& app, Options& options) {
  auto* init = app.add_subcommand("init", "make the root, the issuing CA and their keys");
  init->add_option("--user", options.user, "whose the folder shall be, when started as root");
  init->callback([&options] { options.command = Options::Command::init; });
  auto* log = app.add_subcommand("log", "what was ever signed");
  log->require_subcommand(1);
  log->fallthrough();
  log->add_subcommand("verify", "check every record and the chain")->callback([&options] {
    options.command = Options::Command::verify;
  });
  auto* list = log->add_subcommand("list", "print it: one record a line, separated by tabs");
  list->add_option("--since", options.since, "the first record to print");
  list->callback([&options] { options.command = Options::Command::list; });
  list->fallthrough();
}

void apply(const Words& words, Options& options) {
  signer::Policy& policy = options.policy;
  for (const std::string& name : words.server_names) {
    if (const auto address = as_address(name))
      policy.server_addresses.push_back(*address);
    else
      policy.server_names.push_back(name);
  }
  if (!words.life.empty())
    policy.device.life_max = policy.application.life_max = life(words.life, "--life-max");
  if (!words.server_life.empty())
    policy.server.life_max = life(words.server_life, "--server-life-max");
  if (!words.rollover_pause.empty())
    policy.rollover_pause = life(words.rollover_pause, "--rollover-pause");
  if (!words.allowed.empty()) options.allowed_user = user_number(words.allowed);
  const std::map<std::string, signer::Rule*> rules{{"device", &policy.device},
                                                   {"application", &policy.application},
                                                   {"server", &policy.server},
                                                   {"ocsp_responder", &policy.ocsp_responder},
                                                   {"revocation_list", &policy.revocation_list}};
  for (const std::string& name : words.without) rules.at(name)->allowed = false;
}

}  // namespace

Options Options::read(int argc, char** argv) {
  Options options;
  Words words;
  CLI::App app{"muster-signer -- keeps the issuing key, and signs only what its templates allow",
               "muster-signer"};
  app.set_version_flag("--version", "muster-signer 0.1.0");
  app.require_subcommand(1);
  app.fallthrough();
  app.add_option("--folder", options.folder, "its keys, certificates and log");
  app.add_option("--issuing-key", options.issuing_key,
                 "the issuing key in a token, by its PKCS#11 URI; else keys/issuing.key");
  add_serve(app, options, words);
  add_others(app, options);
  try {
    app.parse(argc, argv);
    if (options.folder.empty()) throw CLI::RequiredError("--folder");
    apply(words, options);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error) == 0 ? 0 : 2);
  }
  return options;
}

}  // namespace muster
