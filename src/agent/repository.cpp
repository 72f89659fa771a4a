#include "agent/repository.h"

#include "crypto/merkle.h"
#include "crypto/note.h"
#include "wire/logged.h"

namespace muster::agent {
namespace {

using wire::Json;

std::unexpected<Error> not_agreed(const std::string& why) {
  return fail(Fault::forbidden, "the repository does not vouch for it: " + why);
}

bool says(const Json& custom, std::string_view key, const Json& value) {
  const Json* given = custom.find(key);
  return given && *given == value;
}

}  // namespace

Result<std::optional<std::string>> DiskShelf::read(const std::string& name, std::size_t max) const {
  TRY(auto text, disk_.read("tuf/" + name));
  if (text && text->size() > max) return fail(Fault::corrupt, name + " has grown too large");
  return text;
}

Result<void> DiskShelf::write(const std::string& name, std::string_view text) {
  return disk_.write("tuf/" + name, text);
}

Result<void> DiskShelf::remove(const std::string& name) {
  return disk_.remove("tuf/" + name);
}

Result<tuf::Client> follow(tuf::Shelf& shelf, const std::string& provisioned_root, Instant now) {
  auto going_on = tuf::Client::open(shelf, now);
  if (going_on) return going_on;
  TRY_VOID(shelf.write("root.json", provisioned_root));
  return tuf::Client::open(shelf, now);
}

std::string target_path(const wire::ReleaseMetadata& release) {
  return release.model.text() + "/" + release.version;
}

Result<void> check_agreed(const tuf::Target* target, const wire::ReleaseMetadata& release) {
  if (!target) return not_agreed("it does not know " + target_path(release));
  if (target->length != release.artifact_size || target->hashes.sha256 != release.artifact_sha256)
    return not_agreed("it names another artifact for " + target_path(release));
  if (!says(target->custom, "model", release.model.text()) ||
      !says(target->custom, "version", release.version))
    return not_agreed("it names another model or version for " + target_path(release));
  if (!says(target->custom, "sequence", release.sequence) ||
      !says(target->custom, "floor", release.floor))
    return not_agreed("it gives " + target_path(release) + " another sequence or floor");
  return {};
}

Result<void> check_logged(const std::string& ledger_key, const std::string& release_id,
                          std::string_view text) {
  if (text.empty())
    return fail(Fault::forbidden, "the offer does not show that the release is in the ledger");
  TRY(const auto logged, wire::parse_logged(text));
  const auto head_text = crypto::open_note(logged.checkpoint, ledger_key);
  if (!head_text)
    return fail(Fault::forbidden, "the ledger's checkpoint: " + head_text.error().message);
  TRY(const auto head, crypto::parse_tree_head(*head_text));
  if (!crypto::verify_inclusion(crypto::leaf_hash(bytes_of(logged.leaf)), logged.index, head.size,
                                logged.proof, head.root))
    return fail(Fault::forbidden, "the entry that the offer shows is not in the ledger");
  TRY(const Json entry, wire::parse_json(logged.leaf));
  if (!says(entry, "action", "release.published") ||
      !says(entry, "target", "release/" + release_id))
    return fail(Fault::forbidden, "the entry that the offer shows is about something else");
  return {};
}

}  // namespace muster::agent
