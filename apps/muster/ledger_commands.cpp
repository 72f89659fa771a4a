#include <unistd.h>

#include <filesystem>
#include <optional>

#include "base/file.h"
#include "muster/commands.h"
#include "muster/verification.h"

namespace muster {
namespace {

struct Options {
  std::optional<std::string> key, since, save;
  std::string from = "0", action = {};
};

constexpr std::uint64_t checkpoint_max = 64 << 10;

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' '))
    text.pop_back();
  return text;
}

// The checkpoint key: --key (the key itself or a file), or ledger.vkey beside the CA file, which
// the controller wrote at its first start. A key that came from the controller over the network
// would prove nothing.
Result<std::string> checkpoint_key(const Options& o, const std::string& ca_file) {
  std::error_code unknown;  // as of a name that is too long for a file
  if (o.key && o.key->find('+') != std::string::npos && !std::filesystem::exists(*o.key, unknown))
    return *o.key;
  auto text =
      file_text(o.key.value_or(std::filesystem::path(ca_file).parent_path() / "ledger.vkey"));
  if (!text)
    return fail(Fault::invalid,
                "say where the checkpoint key is (DIR/ledger.vkey): " + text.error().message,
                "--key");
  return trimmed(*text);
}

// An empty file is what a failed --save of another tool leaves: it would prove nothing.
Result<std::string> kept_checkpoint(const std::string& file) {
  auto note = read_file(file, checkpoint_max);
  if (!note) return fail(Fault::invalid, note.error().message, "--since");
  if (trimmed(*note).empty())
    return fail(Fault::invalid,
                file + " is empty: it holds no checkpoint to compare with; keep one with --save",
                "--since");
  return note;
}

Result<void> keep(const std::string& file, const std::string& note) {
  auto written = write_file(file, note);
  if (!written)
    return fail(Fault::invalid,
                "the ledger verifies, but its checkpoint is not kept: " + written.error().message,
                "--save");
  return {};
}

Result<void> verify(Remote& remote, const Chosen& chosen, const Options& o,
                    const std::string& ca_file) {
  TRY(auto key, checkpoint_key(o, ca_file));
  std::string earlier;
  if (o.since) {
    TRY(earlier, kept_checkpoint(*o.since));
  }
  const bool talk = isatty(STDERR_FILENO) == 1 && !chosen.json;
  TRY(auto verified,
      verify_ledger(remote, key, earlier, [talk](std::uint64_t done, std::uint64_t size) {
        if (talk)
          std::fprintf(stderr, "\r%llu of %llu entries", static_cast<unsigned long long>(done),
                       static_cast<unsigned long long>(size));
      }));
  if (talk) std::fprintf(stderr, "\r\033[K");
  if (o.save) TRY_VOID(keep(*o.save, verified.note));
  if (!chosen.json)
    std::printf("verified: %llu entries of %s, every hash computed again, root %s\n",
                static_cast<unsigned long long>(verified.size), verified.origin.c_str(),
                verified.root.c_str());
  else
    print_json(wire::Json::object({{"verified", true},
                                   {"origin", verified.origin},
                                   {"size", verified.size},
                                   {"root", verified.root},
                                   {"tiles", verified.tiles},
                                   {"extends_kept_checkpoint", !earlier.empty()}}));
  return {};
}

}  // namespace

void ledger_commands(CLI::App& root, Chosen& chosen) {
  auto* noun = root.add_subcommand("ledger",
                                   "the record that nobody can alter: verify, checkpoint, entries");
  noun->require_subcommand(1);
  auto o = std::make_shared<Options>();
  auto* app = noun->add_subcommand(
      "verify", "download it all, compute every hash again, trust only the checkpoint key");
  app->add_option("--key", o->key, "verifier key, or a file with it; else ledger.vkey beside --ca");
  app->add_option("--since", o->since, "a checkpoint kept from before: the log must extend it");
  app->add_option("--save", o->save, "keep the checkpoint here for the next time");
  app->callback([o, &chosen, &root] {
    chosen.run = [o, &chosen, &root](Remote& remote) {
      return verify(remote, chosen, *o, root.get_option("--ca")->as<std::string>());
    };
  });
  noun->add_subcommand("checkpoint", "the newest signed tree head")->callback([&chosen] {
    chosen.run = [&chosen](Remote& remote) -> Result<void> {
      if (chosen.json) return show_one(remote, chosen, "/api/v1/ledger/checkpoint");
      TRY(auto note, remote.text("/ledger/checkpoint"));
      std::printf("%s", note.c_str());
      return {};
    };
  });
  auto e = std::make_shared<Options>();
  auto* entries = noun->add_subcommand("entries", "what happened, oldest first");
  auto* from = entries->add_option("--from", e->from, "index of the first entry");
  entries
      ->add_option("--action", e->action,
                   "such as enrolment.refused: those among the newest 20,000, newest first")
      ->excludes(from);
  entries->callback([e, &chosen] {
    chosen.run = [e, &chosen](Remote& remote) {
      const std::string which =
          e->action.empty() ? "from=" + url_encoded(e->from) : "action=" + url_encoded(e->action);
      return show_list(remote, chosen, "/api/v1/ledger/entries?" + which,
                       {{"INDEX", "index"},
                        {"AT", "at"},
                        {"ACTION", "action"},
                        {"TARGET", "target"},
                        {"BY", "actor"},
                        {"REASON", "reason"}});
    };
  });
}

}  // namespace muster
