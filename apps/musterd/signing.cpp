#include "musterd/signing.h"

#include <unistd.h>

#include "signer/connect.h"

namespace muster {
namespace {

namespace fs = std::filesystem;

// The issuing CA of a folder that was made before the signer had a process of its own.
Result<void> hand_over(const fs::path& data, const fs::path& signer) {
  std::error_code error;
  if (!fs::exists(data / "keys" / "issuing.key") || fs::exists(signer)) return {};
  const fs::path draft = data / "signer.new";
  fs::create_directories(draft / "keys", error);
  for (const char* name : {"ca.pem", "issuing.pem"})
    if (!error)
      fs::copy_file(data / name, draft / name, fs::copy_options::overwrite_existing, error);
  for (const char* name : {"keys/issuing.key", "keys/root.key"})
    if (!error && fs::exists(data / name))
      fs::copy_file(data / name, draft / name, fs::copy_options::overwrite_existing, error);
  if (!error) fs::permissions(draft, fs::perms::owner_all, error);
  if (!error) fs::permissions(draft / "keys", fs::perms::owner_all, error);
  if (!error) fs::rename(draft, signer, error);
  if (!error) fs::remove(data / "keys" / "issuing.key", error);
  if (!error) fs::remove(data / "keys" / "root.key", error);
  if (error)
    return fail(Fault::unavailable,
                "cannot hand the issuing CA over to " + signer.string() + ": " + error.message());
  return {};
}

}  // namespace

Result<signer::Connect> signer_of(const Config& config) {
  if (!config.signer.empty())
    return [socket = config.signer] { return signer::connect_to(socket); };
  std::error_code error;
  const fs::path program =
      fs::read_symlink("/proc/self/exe", error).parent_path() / "muster-signer";
  if (error || ::access(program.c_str(), X_OK) != 0)
    return fail(Fault::missing,
                "there is no " + program.string() +
                    "; install it beside musterd, or name the socket of one with --signer");
  const fs::path folder = config.data / "signer";
  TRY_VOID(hand_over(config.data, folder));
  const Names names = names_of(config);
  std::vector<std::string> arguments{"serve", "--init", "--folder", folder.string()};
  if (!config.issuing_key.empty())
    arguments.insert(arguments.end(), {"--issuing-key", config.issuing_key});
  for (const auto* list : {&names.dns, &names.addresses})
    for (const std::string& name : *list)
      arguments.insert(arguments.end(), {"--server-name", name});
  if (config.certificate_life > 90 * 24h)
    arguments.insert(arguments.end(), {"--life-max", show(config.certificate_life)});
  if (config.server_certificate_life > 366 * 24h)
    arguments.insert(arguments.end(), {"--server-life-max", show(config.server_certificate_life)});
  if (!config.pki_url.empty())
    arguments.insert(arguments.end(), {"--url-prefix", config.pki_url + "/"});
  return [program, arguments] { return signer::start(program, arguments); };
}

}  // namespace muster
