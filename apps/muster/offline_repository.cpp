#include "muster/offline_repository.h"

#include <charconv>

#include "base/file.h"
#include "base/random.h"

namespace muster {
namespace {

std::string name_of(const char* role, std::int64_t version) {
  return std::to_string(version) + "." + role + ".json";
}

bool is_among(const std::string& id, const tuf::Role& role) {
  return std::find(role.keyids.begin(), role.keyids.end(), id) != role.keyids.end();
}

}  // namespace

Result<NamedKey> NamedKey::open(const std::string& named) {
  NamedKey out;
  if (pkcs11::is_uri(named)) {
    SystemRandom random;
    TRY(out.token_, pkcs11::open_key(named, {}, random));
  } else {
    TRY(const std::string text, read_file(named, 64 << 10));
    if (text.find("PRIVATE KEY") == text.npos) {
      auto key = crypto::PublicKey::from_pem(text);
      if (!key) return fail(key.error().fault, named + ": " + key.error().message);
      out.public_key_ = std::move(*key);
      return out;
    }
    TRY(out.file_, crypto::FileKey::load(named));
  }
  out.public_key_ = out.signer()->public_key();
  return out;
}

Result<Metadata> OfflineRepository::at(const char* role, std::int64_t version) const {
  Metadata out{version, folder_ / name_of(role, version), {}};
  TRY(out.text, read_file(out.file, tuf::Limits{}.targets));
  return out;
}

Result<Metadata> OfflineRepository::latest(const char* role) const {
  std::error_code ec;
  std::int64_t newest = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, ec)) {
    const std::string name = entry.path().filename();
    std::int64_t version = 0;
    std::from_chars(name.data(), name.data() + name.size(), version);
    if (version > newest && name == name_of(role, version)) newest = version;
  }
  if (ec) return fail(Fault::invalid, folder_.string() + ": " + ec.message());
  if (newest == 0)
    return fail(Fault::missing, folder_.string() + " holds no " + role +
                                    " metadata; `muster release init` makes a repository");
  return at(role, newest);
}

Result<void> OfflineRepository::write(const char* role, std::int64_t version,
                                      const std::string& text) const {
  return write_file(folder_ / name_of(role, version), text);
}

// A root is signed by the keys of the one before it, too.
Result<bool> OfflineRepository::counts(const crypto::PublicKey& key, const char* role,
                                       const Metadata& root) const {
  TRY(const auto parsed, tuf::parse_root(root.text));
  const std::string id = tuf::key_id(key);
  if (role == std::string_view("targets")) return is_among(id, parsed.content.targets);
  if (is_among(id, parsed.content.root) || root.version == 1)
    return is_among(id, parsed.content.root);
  TRY(const auto before, at("root", root.version - 1));
  TRY(const auto parsed_before, tuf::parse_root(before.text));
  return is_among(id, parsed_before.content.root);
}

Result<void> OfflineRepository::sign(const std::vector<NamedKey>& keys,
                                     const std::function<void(const std::string&)>& tell) const {
  TRY(Metadata root, latest("root"));
  TRY(Metadata targets, latest("targets"));
  for (const NamedKey& key : keys) {
    bool used = false;
    for (const auto& [role, metadata] : {std::pair{"root", &root}, {"targets", &targets}}) {
      TRY(const bool does, counts(key.public_key(), role, root));
      if (!does) continue;
      used = true;
      if (!key.signer())
        return fail(Fault::invalid, "a public key alone signs nothing; give the private one");
      TRY(metadata->text, tuf::with_signature(metadata->text, *key.signer()));
      TRY_VOID(write(role, metadata->version, metadata->text));
    }
    if (!used)
      return fail(Fault::invalid, "the key " + tuf::key_id(key.public_key()).substr(0, 16) +
                                      " counts for no role of this repository");
  }
  const auto state = [&](const Metadata& metadata, const Result<void>& complete) {
    tell(metadata.file.filename().string() + ": " +
         (complete ? "signed by all that it needs" : complete.error().message));
  };
  state(root, check(root));
  state(targets, check_targets(targets, root));
  return {};
}

Result<void> OfflineRepository::check(const Metadata& root) const {
  TRY(const auto parsed, tuf::parse_root(root.text));
  TRY_VOID(tuf::check_signatures(parsed.content.root, parsed.content.keys, parsed.bytes,
                                 parsed.signatures, "root, by its own keys"));
  if (root.version == 1) return {};
  TRY(const auto before, at("root", root.version - 1));
  TRY(const auto parsed_before, tuf::parse_root(before.text));
  return tuf::check_signatures(parsed_before.content.root, parsed_before.content.keys, parsed.bytes,
                               parsed.signatures, "root, by the keys of the one before");
}

Result<void> OfflineRepository::check_targets(const Metadata& targets, const Metadata& root) const {
  TRY(const auto by, tuf::parse_root(root.text));
  TRY(const auto parsed, tuf::parse_targets(targets.text));
  return tuf::check_signatures(by.content.targets, by.content.keys, parsed.bytes, parsed.signatures,
                               "targets");
}

}  // namespace muster
