// Who is expected: signed manifests, single devices, applications, and the token each proves itself
// with.

#include <map>
#include <stdexcept>

#include "identity/internal/registry.h"
#include "wire/manifest.h"

namespace muster::identity {
namespace {

constexpr std::size_t token_octets = 20;
constexpr std::size_t filters_max = 32;
constexpr std::size_t filter_octets_max = 256;
constexpr std::string_view device_topics = "v1/devices/";

// Plus and hash stand alone in a level, hash only in the last one (MQTT 5.0 section 4.7.1).
bool is_filter(std::string_view filter) {
  if (!filter.starts_with(device_topics) || filter.size() > filter_octets_max) return false;
  for (char c : filter)
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7e) return false;
  for (;;) {
    const auto end = filter.find('/');
    const auto level = filter.substr(0, end);
    const bool wild = level.find_first_of("+#") != std::string_view::npos;
    if (level.empty() || (wild && level.size() != 1)) return false;
    if (end == std::string_view::npos) return true;
    if (level == "#") return false;
    filter.remove_prefix(end + 1);
  }
}

wire::Json texts(const std::vector<std::string>& values) {
  auto out = wire::Json::array();
  for (const auto& value : values) out.push(value);
  return out;
}

Result<void> check_application(const Application& a) {
  if (!is_name(a.id))
    return fail(Fault::invalid,
                "an application's id is 1 to 64 characters of A-Z a-z 0-9 . _ : - and starts with "
                "a letter or digit",
                "/id");
  if (a.subscribe.empty() || a.subscribe.size() > filters_max)
    return fail(Fault::invalid, "an application has 1 to 32 topic filters", "/subscribe");
  for (std::size_t i = 0; i < a.subscribe.size(); ++i)
    if (!is_filter(a.subscribe[i]))
      return fail(
          Fault::invalid,
          "\"" + a.subscribe[i].substr(0, 64) + "\" is not an MQTT topic filter below v1/devices/",
          "/subscribe/" + std::to_string(i));
  return {};
}

Result<inventory::NewDevice> new_device(const wire::ManifestDevice& row) {
  inventory::NewDevice out{
      .id = row.id, .model = row.model, .groups = row.groups, .serial = row.serial};
  if (!row.risk.empty()) {
    TRY(out.risk, inventory::parse_risk(row.risk));
  }
  return out;
}

std::unexpected<Error> in_row(std::size_t index, Error e) {
  e.message = "manifest row " + std::to_string(index + 1) + ": " + e.message;
  e.field = "/devices/" + std::to_string(index) + e.field;
  return std::unexpected(std::move(e));
}

}  // namespace

Result<void> Identity::trust_manifest_key(std::string name, crypto::PublicKey key,
                                          ledger::Actor by) {
  if (!is_name(name)) return fail(Fault::invalid, "the key needs a name", "/name");
  for (const auto& [other, known] : registry_->manifest_keys) {
    if (other == name && known.spki() == key.spki()) return {};
    if (other == name)
      return fail(Fault::conflict, "there is another manifest key named " + name, "/name");
    if (known.spki() == key.spki())
      return fail(Fault::conflict, "this key is trusted already, as " + other, "/key");
  }
  const auto pem = key.pem();
  registry_->ledger
      .record({std::move(by), "manifest-key.trusted", "manifest-key/" + name,
               wire::Json::object({{"key", to_hex(key.fingerprint())}})})
      .write("INSERT INTO identity_manifest_key(name, pem) VALUES(?,?)", {name, pem});
  registry_->manifest_keys.emplace_back(std::move(name), std::move(key));
  return {};
}

std::vector<std::pair<std::string, std::string>> Identity::manifest_keys() const {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& [name, key] : registry_->manifest_keys) out.emplace_back(name, key.pem());
  return out;
}

Token Identity::Registry::make_token() {
  std::array<std::uint8_t, token_octets> secret;
  random.fill(secret);
  return {to_base64url(secret), clock.now() + settings.token_life};
}

void Identity::Registry::store_token(store::Writer& writer, const std::string& subject,
                                     const crypto::Hash& hash, Instant expires) const {
  writer.write(
      "INSERT OR REPLACE INTO identity_token(subject, hash, expires, wrong_tries, burned)"
      " VALUES(?,?,?,0,0)",
      {subject, ByteView(hash), millis(expires)});
}

Token Identity::Registry::give_token(const Subject& subject, const ledger::Actor& by) {
  auto token = make_token();
  auto& writer = ledger.record({by, "token.issued", subject.target(),
                                wire::Json::object({{"expires", rfc3339(token.expires)}})});
  store_token(writer, subject.id(), crypto::sha256(bytes_of(token.text)), token.expires);
  return token;
}

Result<void> Identity::Registry::may_expect(const inventory::NewDevice& n) const {
  if (applications.contains(n.id.text()))
    return fail(Fault::conflict, "there is an application " + n.id.text() + " already", "/id");
  return inventory.may_expect(n);
}

Result<Token> Identity::expect(inventory::NewDevice n, ledger::Actor by) {
  auto& r = *registry_;
  const auto id = n.id.text();
  TRY_VOID(r.may_expect(n));
  TRY_VOID(r.inventory.expect(std::move(n), by));
  return r.give_token(*r.find(id), by);
}

Result<Token> Identity::new_token(const DeviceId& id, ledger::Actor by) {
  auto& r = *registry_;
  const auto subject = r.find(id.text());
  if (!subject) return fail(Fault::missing, "there is no device " + id.text());
  if (subject->device && inventory::is_leaving(subject->device->state))
    return fail(Fault::conflict, "device " + id.text() + " is " + name_of(subject->device->state) +
                                     ", and that is final");
  return r.give_token(*subject, by);
}

Result<std::string> Identity::Registry::signer_of(ByteView manifest, ByteView signature) const {
  if (manifest_keys.empty())
    return fail(Fault::conflict,
                "no manifest key is trusted yet; trust the maker's public key first");
  for (const auto& [name, key] : manifest_keys)
    if (key.verify(manifest, signature)) return name;
  return fail(Fault::unauthorized,
              "the signature is not of these bytes by a trusted manifest key; sign the file as it "
              "is, and trust the public key first",
              "signature");
}

namespace {

// All that a manifest would do, checked before any of it is done.
Result<std::vector<inventory::NewDevice>> check_rows(
    const wire::Manifest& manifest,
    const std::function<Result<void>(const inventory::NewDevice&, const wire::ManifestDevice&)>&
        may_expect) {
  std::map<Bytes, std::size_t> tokens;
  std::vector<inventory::NewDevice> out;
  out.reserve(manifest.devices.size());
  for (std::size_t i = 0; i < manifest.devices.size(); ++i) {
    const auto& row = manifest.devices[i];
    TRY(auto device, new_device(row));
    if (auto may = may_expect(device, row); !may) return in_row(i, std::move(may.error()));
    if (row.token_sha256)
      if (const auto [at, fresh] = tokens.emplace(*row.token_sha256, i); !fresh)
        return in_row(i, {Fault::invalid,
                          "the token is that of row " + std::to_string(at->second + 1) +
                              "; each device needs its own",
                          "/token_sha256"});
    out.push_back(std::move(device));
  }
  return out;
}

}  // namespace

Result<Imported> Identity::import_manifest(std::string_view text, ByteView signature,
                                           ledger::Actor by, bool dry_run) {
  auto& r = *registry_;
  if (text.size() > wire::manifest_max)
    return fail(Fault::invalid, "a manifest has at most 64 MiB; split it");
  auto signer = r.signer_of(bytes_of(text), signature);
  if (!signer) {
    r.note({signer.error().message, "manifest", by.name, "manifest.refused"});
    return std::unexpected(std::move(signer.error()));
  }
  TRY(const auto manifest, wire::parse_manifest(text));
  TRY(auto devices, check_rows(manifest, [&](const auto& device, const auto& row) -> Result<void> {
        TRY_VOID(r.may_expect(device));
        if (!row.ek_sha256) return {};
        if (row.token_sha256)
          return fail(Fault::invalid,
                      "a device proves itself by a token or by its TPM, not by both",
                      "/token_sha256");
        return r.attestation.may_expect(fixed<32>(*row.ek_sha256));
      }));
  Imported out{.devices = devices.size(), .tokens = {}};
  if (dry_run) return out;

  auto& writer =
      r.ledger.record({by, "manifest.imported", "manifest-key/" + *signer,
                       wire::Json::object({{"devices", out.devices},
                                           {"sha256", to_hex(crypto::sha256(bytes_of(text)))},
                                           {"owner", manifest.owner.substr(0, 256)}})});
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const auto id = devices[i].id;
    if (auto known = r.inventory.expect(std::move(devices[i]), by); !known)
      throw std::logic_error("a checked manifest row is refused: " + known.error().message);
    if (const auto& tpm = manifest.devices[i].ek_sha256) {  // in place of a token
      if (auto expected = r.attestation.expect(id, fixed<32>(*tpm), by); !expected)
        throw std::logic_error("a checked TPM is refused: " + expected.error().message);
      continue;
    }
    const auto& given = manifest.devices[i].token_sha256;
    auto token = given ? Token{{}, r.clock.now() + r.settings.token_life} : r.make_token();
    r.store_token(writer, id.text(),
                  given ? fixed<32>(*given) : crypto::sha256(bytes_of(token.text)), token.expires);
    if (!given) out.tokens.emplace_back(id, std::move(token));
    if (const auto& birth = manifest.devices[i].idevid_sha256)
      r.expect_birth(writer, id, {.certificate = fixed<32>(*birth), .issuer = {}, .expires = {}});
  }
  return out;
}

Result<Token> Identity::add_application(Application a, ledger::Actor by) {
  auto& r = *registry_;
  TRY_VOID(check_application(a));
  if (const auto taken = r.find(a.id))
    return fail(Fault::conflict, "the name is taken by " + taken->target(), "/id");
  const auto filters = texts(a.subscribe);
  const auto stored = wire::to_text(filters);
  r.ledger
      .record({by, "application.added", "application/" + a.id,
               wire::Json::object({{"subscribe", filters}})})
      .write("INSERT INTO identity_application(id, subscribe) VALUES(?,?)", {a.id, stored});
  const auto id = a.id;
  r.applications.emplace(id, std::move(a));
  return r.give_token(*r.find(id), by);
}

Result<void> Identity::remove_application(const std::string& id, ledger::Actor by) {
  auto& r = *registry_;
  const auto at = r.applications.find(id);
  if (at == r.applications.end())
    return fail(Fault::missing, "there is no application " + id.substr(0, 64));
  r.revoke_all({.application = &at->second}, crypto::RevocationReason::cessation_of_operation, by,
               "the application is removed");
  auto& writer = r.ledger.record({std::move(by), "application.removed", "application/" + id});
  writer.write("DELETE FROM identity_token WHERE subject = ?", {id});
  writer.write("DELETE FROM identity_application WHERE id = ?", {id});
  r.applications.erase(at);
  return {};
}

std::vector<Application> Identity::applications() const {
  std::vector<Application> out;
  for (const auto& [id, application] : registry_->applications) out.push_back(application);
  return out;
}

}  // namespace muster::identity
