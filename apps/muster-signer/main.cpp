// muster-signer -- keeps the issuing key in a process of its own.
//
// Everything it has is below --folder. It reads orders from one socket, signs what its templates
// allow, and writes each certificate to its log before it answers.
#include <pwd.h>
#include <unistd.h>

#include <cstdio>

#include "muster-signer/issuing_key.h"
#include "muster-signer/options.h"
#include "muster-signer/serve.h"
#include "signer/folder.h"
#include "signer/issuance_log.h"
#include "signer/sandbox.h"

using namespace muster;

namespace {

// As root and for another user: the folder becomes that user's before anything is put in it.
Result<void> hand_over(const Options& options) {
  if (options.user.empty() || ::geteuid() != 0) return {};
  std::error_code error;
  std::filesystem::create_directories(options.folder, error);
  const passwd* account = ::getpwnam(options.user.c_str());
  if (!account)
    return fail(Fault::missing, "there is no user " + options.user + " on this machine", "--user");
  if (error || ::chown(options.folder.c_str(), account->pw_uid, account->pw_gid) != 0)
    return fail(Fault::unavailable, "cannot give " + options.folder.string() + " to its user");
  return signer::become(options.user);
}

Result<void> init(const Options& options) {
  SystemClock clock;
  SystemRandom random;
  TRY_VOID(hand_over(options));
  TRY(const auto token, token_of(options, true));
  TRY(const auto folder,
      signer::Folder::make(options.folder, clock, random, token ? &token->public_key() : nullptr));
  for (const auto& certificate : folder.chain)
    std::printf("%s, until %s\n", certificate.common_name.c_str(),
                rfc3339(certificate.not_after).c_str());
  const auto root_key = folder.path / "keys" / "root.key";
  if (std::filesystem::exists(root_key))
    std::printf("the root's key is not needed from now on: take %s away, and keep it safe\n",
                root_key.c_str());
  return {};
}

std::filesystem::path log_of(const Options& options) {
  return signer::Folder{.path = options.folder, .chain = {}}.log();
}

Result<void> verify(const Options& options) {
  TRY(const auto head, signer::verify_log(log_of(options)));
  std::printf("sound  %llu records, %llu octets, chain %s\n",
              static_cast<unsigned long long>(head.size),
              static_cast<unsigned long long>(head.octets), to_hex(head.chain).c_str());
  if (head.torn != 0)
    std::printf("       and %llu octets of a record that is not whole\n",
                static_cast<unsigned long long>(head.torn));
  return {};
}

Result<void> list(const Options& options) {
  TRY_VOID(signer::verify_log(log_of(options), [&](const signer::Issuance& one) {
    if (one.index < options.since) return;
    std::printf("%llu\t%s\t%s\t%s\t%s\n", static_cast<unsigned long long>(one.index),
                rfc3339(one.at).c_str(), name_of(one.kind), crypto::serial_hex(one.serial).c_str(),
                one.subject.c_str());
  }));
  return {};
}

Result<void> run(const Options& options) {
  switch (options.command) {
    case Options::Command::serve:
      return serve(options);
    case Options::Command::init:
      return init(options);
    case Options::Command::verify:
      return verify(options);
    case Options::Command::list:
      return list(options);
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  const auto ended = run(Options::read(argc, argv));
  if (ended) return 0;
  const std::string& field = ended.error().field;
  std::fprintf(stderr, "muster-signer: %s%s%s\n", field.c_str(), field.empty() ? "" : ": ",
               ended.error().message.c_str());
  // A service does not start it to try a wrong PIN again.
  return ended.error().fault == Fault::unauthorized ? 5 : 1;
}
