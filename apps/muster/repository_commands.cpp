// `muster release init|key|sign|rotate`: the offline half of the TUF repository, and its part of
// `muster release publish`.
#include <chrono>

#include "base/clock.h"
#include "base/file.h"
#include "muster/offline_repository.h"
#include "muster/publishing.h"

namespace muster {
namespace {

using wire::Json;

constexpr int days_max = 3650;

struct Options {
  std::string folder, role, file, algorithm = "ed25519";
  std::vector<std::string> root_keys, targets_keys, keys, added, removed;
  std::string online_key;
  std::int64_t root_threshold = 1, targets_threshold = 1, threshold = 0;
  int root_days = 365, targets_days = 90, days = 0;
};

Instant in_days(int days) {
  return SystemClock{}.now() + std::chrono::hours(24 * days);
}

void tell(const std::string& line) {
  std::fprintf(stderr, "%s\n", line.c_str());
}

Result<std::vector<NamedKey>> open_keys(const std::vector<std::string>& named) {
  std::vector<NamedKey> out;
  for (const std::string& each : named) {
    TRY(auto key, NamedKey::open(each));
    out.push_back(std::move(key));
  }
  return out;
}

Result<tuf::RoleKeys> role_of(const std::vector<NamedKey>& keys, std::int64_t threshold,
                              const char* option) {
  if (threshold < 1 || threshold > static_cast<std::int64_t>(keys.size()))
    return fail(Fault::invalid, "must be from 1 to the number of keys", option);
  tuf::RoleKeys out{.threshold = threshold};
  for (const NamedKey& key : keys) out.keys.push_back(key.public_key());
  return out;
}

Result<crypto::PublicKey> online_key_of(Remote& remote, const Options& o) {
  if (!o.online_key.empty()) {
    TRY(const auto key, NamedKey::open(o.online_key));
    return key.public_key();
  }
  TRY(const auto status, remote.get("/api/v1/repository"));
  return crypto::PublicKey::from_pem(cell(status, "online_key_pem"));
}

Result<void> sign_with(const OfflineRepository& repository, std::vector<NamedKey> keys) {
  std::erase_if(keys, [](const NamedKey& key) { return !key.signer(); });
  return repository.sign(keys, tell);
}

Result<void> init(Remote& remote, const Options& o) {
  const OfflineRepository repository(o.folder);
  std::error_code ec;
  std::filesystem::create_directories(o.folder, ec);
  if (repository.latest("root"))
    return fail(Fault::conflict, o.folder + " holds a repository already; see `release rotate`");
  TRY(auto root_keys, open_keys(o.root_keys));
  TRY(auto targets_keys, open_keys(o.targets_keys));
  TRY(const auto online, online_key_of(remote, o));
  tuf::RootPlan plan{.version = 1, .expires = in_days(o.root_days)};
  TRY(plan.root, role_of(root_keys, o.root_threshold, "--root-threshold"));
  TRY(plan.targets, role_of(targets_keys, o.targets_threshold, "--targets-threshold"));
  plan.timestamp.keys = plan.snapshot.keys = {online};
  TRY_VOID(repository.write("root", 1, tuf::unsigned_text(tuf::root_content(plan))));
  TRY_VOID(repository.write(
      "targets", 1, tuf::unsigned_text(tuf::targets_content(1, in_days(o.targets_days), {}))));
  for (auto& key : targets_keys) root_keys.push_back(std::move(key));
  return sign_with(repository, std::move(root_keys));
}

Result<void> make_key(const Options& o) {
  const auto algorithm = o.algorithm == "p256"   ? crypto::Algorithm::ecdsa_p256
                         : o.algorithm == "p384" ? crypto::Algorithm::ecdsa_p384
                                                 : crypto::Algorithm::ed25519;
  std::string id, pem;
  if (pkcs11::is_uri(o.file)) {
    SystemRandom random;
    TRY(const auto held, pkcs11::open_key(o.file, algorithm, random));
    id = tuf::key_id(held.key->public_key());
    pem = held.key->public_key().pem();
  } else {
    std::error_code ec;
    if (std::filesystem::exists(o.file, ec))
      return fail(Fault::conflict, o.file + " is there already; a key is never overwritten");
    TRY(const auto key, crypto::FileKey::load_or_make(o.file, algorithm));
    id = tuf::key_id(key.public_key());
    pem = key.public_key().pem();
    TRY_VOID(write_file(o.file + ".pub", pem));
  }
  tell("key id " + id);
  std::printf("%s", pem.c_str());
  return {};
}

// The keys of one role of the next root.
Result<void> change(tuf::RoleKeys& role, const Options& o, const std::vector<NamedKey>& added) {
  for (const std::string& id : o.removed) {
    const auto gone = std::erase_if(role.keys, [&](const crypto::PublicKey& key) {
      return id.size() >= 8 && tuf::key_id(key).starts_with(id);
    });
    if (gone != 1)
      return fail(Fault::invalid, id + " names no key of this role, or several", "--remove");
  }
  for (const NamedKey& key : added) role.keys.push_back(key.public_key());
  if (o.threshold > 0) role.threshold = o.threshold;
  if (role.threshold < 1 || role.threshold > static_cast<std::int64_t>(role.keys.size()))
    return fail(
        Fault::invalid,
        "must be from 1 to the number of keys, which is now " + std::to_string(role.keys.size()),
        "--threshold");
  return {};
}

Result<void> rotate(const Options& o) {
  const OfflineRepository repository(o.folder);
  TRY(const auto before, repository.latest("root"));
  if (auto complete = repository.check(before); !complete)
    return fail(Fault::conflict, before.file.string() + " is not signed yet: " +
                                     complete.error().message + "; `muster release sign` it first");
  TRY(const auto root, tuf::parse_root(before.text));
  TRY(auto plan, tuf::plan_of(root.content));
  TRY(auto added, open_keys(o.added));
  plan.version = before.version + 1;
  plan.expires = in_days(o.days > 0 ? o.days : o.root_days);
  if (o.role == "online") {
    TRY_VOID(change(plan.timestamp, o, added));
    plan.snapshot = plan.timestamp;
  } else {
    TRY_VOID(change(o.role == "root" ? plan.root : plan.targets, o, added));
  }
  TRY(const auto targets, repository.latest("targets"));
  TRY(const auto parsed, tuf::parse_targets(targets.text));
  TRY_VOID(repository.write("root", plan.version, tuf::unsigned_text(tuf::root_content(plan))));
  if (o.role == "targets")  // the same releases, for the new keys to sign
    TRY_VOID(repository.write(
        "targets", targets.version + 1,
        tuf::unsigned_text(tuf::targets_content(targets.version + 1, in_days(o.targets_days),
                                                parsed.content.targets))));
  TRY(auto keys, open_keys(o.keys));
  for (auto& key : added) keys.push_back(std::move(key));
  return sign_with(repository, std::move(keys));
}

Result<void> sign(const Options& o) {
  TRY(auto keys, open_keys(o.keys));
  const OfflineRepository repository(o.folder);
  return repository.sign(keys, tell);
}

// An option that may be given again, once for each value.
CLI::Option* add_each(CLI::App* app, const std::string& option, std::vector<std::string>& values,
                      const std::string& words) {
  return app->add_option(option, values, words + "; repeatable")->allow_extra_args(false);
}

void add_days(CLI::App* app, const std::string& option, int& days, const char* of) {
  app->add_option(option, days, std::string("days until ") + of + " expires")
      ->check(CLI::Range(1, days_max));
}

}  // namespace

Result<void> list_release(const std::string& folder, const Json& release,
                          const std::vector<std::string>& keys, int days) {
  const OfflineRepository repository(folder);
  TRY(const auto before, repository.latest("targets"));
  TRY(const auto parsed, tuf::parse_targets(before.text));
  auto targets = parsed.content.targets;
  const Json *model = release.find("model"), *version = release.find("version"),
             *sequence = release.find("sequence"), *floor = release.find("floor"),
             *size = release.find("size"), *digest = release.find("digest");
  if (!model || !version || !sequence || !floor || !size || !size->integer() || !digest)
    return fail(Fault::invalid, "the controller's answer names no whole release");
  const tuf::Target target{
      static_cast<std::uint64_t>(*size->integer()),
      {.sha256 = cell(release, "digest")},
      Json::object(
          {{"model", *model}, {"version", *version}, {"sequence", *sequence}, {"floor", *floor}})};
  targets[cell(release, "model") + "/" + cell(release, "version")] = target;
  TRY_VOID(repository.write(
      "targets", before.version + 1,
      tuf::unsigned_text(tuf::targets_content(before.version + 1, in_days(days), targets))));
  TRY(auto opened, open_keys(keys));
  return sign_with(repository, std::move(opened));
}

Result<void> upload_metadata(Remote& remote, const std::string& folder) {
  const OfflineRepository repository(folder);
  TRY(const auto root, repository.latest("root"));
  TRY(const auto targets, repository.latest("targets"));
  TRY_VOID(repository.check(root));
  TRY_VOID(repository.check_targets(targets, root));
  TRY(const auto served, remote.get("/api/v1/repository"));
  const auto version = [&](const char* member) {
    const Json* value = served.find(member);
    return value && value->integer() ? *value->integer() : 0;
  };
  const std::int64_t targets_served = version("targets_version");
  Json body = Json::object();
  if (targets.version > targets_served) {
    TRY(auto text, wire::parse_json(targets.text, {.bytes = tuf::Limits{}.targets}));
    body.set("targets", std::move(text));
  }
  for (std::int64_t next = version("root_version") + 1; next <= root.version; ++next) {
    TRY(const auto step, repository.at("root", next));
    TRY(auto text, wire::parse_json(step.text));
    const bool last = next == root.version;
    Json one = last || next == 1 ? body : Json::object();
    if (next == 1 && !last) body = Json::object();
    one.set("root", std::move(text));
    TRY_VOID(remote.post("/api/v1/repository", one));
    if (last) body = Json::object();
  }
  if (!body.members()->empty()) TRY_VOID(remote.post("/api/v1/repository", body));
  tell("the controller serves root " + std::to_string(root.version) + " and targets " +
       std::to_string(targets.version));
  return {};
}

void repository_verbs(CLI::App& noun, Chosen& chosen) {
  auto o = std::make_shared<Options>();
  const auto folder = [o](CLI::App* app) {
    app->add_option("folder", o->folder, "where the repository's metadata is kept")->required();
  };
  const auto verb = [&](CLI::App* app, std::function<Result<void>(Remote&)> run) {
    app->callback([run, &chosen] { chosen.run = run; });
  };
  auto* begin = noun.add_subcommand("init", "make a TUF repository: a root and empty targets");
  folder(begin);
  add_each(begin, "--root-key", o->root_keys,
           "key of the root role: PEM, private or public, or a PKCS#11 URI")
      ->required();
  begin->add_option("--root-threshold", o->root_threshold, "how many of them must sign");
  add_each(begin, "--targets-key", o->targets_keys, "key of the targets role")->required();
  begin->add_option("--targets-threshold", o->targets_threshold, "how many of them must sign");
  begin->add_option("--online-key", o->online_key,
                    "the controller's public key for snapshot and timestamp; asked for if not "
                    "given");
  add_days(begin, "--root-days", o->root_days, "the root");
  add_days(begin, "--targets-days", o->targets_days, "the list of targets");
  verb(begin, [o](Remote& remote) { return init(remote, *o); });

  auto* key = noun.add_subcommand("key", "make a key for the root or the targets role");
  key->add_option("file", o->file, "where it goes (and .pub beside it), or a PKCS#11 URI")
      ->required();
  key->add_option("--algorithm", o->algorithm, "ed25519, p256 or p384")
      ->check(CLI::IsMember({"ed25519", "p256", "p384"}));
  verb(key, [o](Remote&) { return make_key(*o); });

  auto* signing = noun.add_subcommand("sign", "sign the newest root and targets");
  folder(signing);
  add_each(signing, "--key", o->keys, "private key (PEM), or a PKCS#11 URI")->required();
  verb(signing, [o](Remote&) { return sign(*o); });

  auto* turn = noun.add_subcommand("rotate", "make the next root: other keys, threshold or expiry");
  folder(turn);
  turn->add_option("--role", o->role, "whose keys change")
      ->required()
      ->check(CLI::IsMember({"root", "targets", "online"}));
  add_each(turn, "--add", o->added, "a key that joins");
  add_each(turn, "--remove", o->removed, "id of a key that leaves");
  turn->add_option("--threshold", o->threshold, "how many must sign from now on");
  add_each(turn, "--key", o->keys, "private key that signs now");
  add_days(turn, "--days", o->days, "the root");
  add_days(turn, "--targets-days", o->targets_days, "the list of targets");
  verb(turn, [o](Remote&) { return rotate(*o); });
}

}  // namespace muster
