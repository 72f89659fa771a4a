// What TPMs say of devices: the TPM that is expected, evidence on demand, and the policies.

#include <algorithm>

#include "api/internal/route.h"
#include "api/internal/views.h"
#include "identity/attestation.h"

namespace muster::api {
namespace {

using wire::Json;
using wire::ObjectReader;

Json policy_json(const identity::AttestationPolicy& policy) {
  Json values = Json::array();
  for (const Bytes& value : policy.values) values.push(to_hex(value));
  return Json::object({{"model", policy.model.text()},
                       {"release", policy.release_id.empty() ? Json() : Json(policy.release_id)},
                       {"pcrs", crypto::tpm::show(policy.selection)},
                       {"values", std::move(values)},
                       {"every_s", policy.every.count() / 1000},
                       {"isolate", policy.isolate}});
}

Json value_json(const std::optional<Bytes>& value) {
  return value ? Json(to_hex(*value)) : Json();
}

Result<Reply> of_device(Context& c) {
  TRY(const auto id, c.device());
  if (!c.domain.inventory.find(id)) return fail(Fault::missing, "there is no device " + id.text());
  const auto& attestation = c.domain.identity.attestation();
  const auto verdict = attestation.verdict(id);
  Json registers = Json::array();
  for (const auto& each : attestation.registers(id))
    registers.push(Json::object({{"pcr", std::int64_t{each.number}},
                                 {"shown", value_json(each.shown)},
                                 {"expected", value_json(each.expected)}}));
  return Reply{.body = Json::object({{"state", name_of(verdict.trust)},
                                     {"at", time_json(verdict.at)},
                                     {"why", verdict.why},
                                     {"registers", std::move(registers)}})};
}

// 202: what comes of it is in the device's attestation, and in the ledger.
Result<Reply> ask(Context& c) {
  TRY(const auto id, c.device());
  TRY_VOID(c.domain.identity.attestation().ask_again(id, c.actor()));
  return Reply{.status = 202, .body = device_json(c.domain, *c.domain.inventory.find(id))};
}

Result<Reply> expect_tpm(Context& c) {
  TRY(const auto id, c.device());
  ObjectReader in(c.body);
  const std::string hash = in.text("ek_sha256", 64);
  TRY_VOID(in.done());
  TRY(const auto key, endorsement_hash(hash));
  TRY_VOID(c.domain.identity.attestation().expect(id, key, c.actor()));
  return Reply{.body = device_json(c.domain, *c.domain.inventory.find(id))};
}

Result<Reply> list(Context& c) {
  Json::Array items;
  for (const auto& policy : c.domain.identity.attestation().policies())
    items.push_back(policy_json(policy));
  return listing(std::move(items));
}

Result<std::string> release_of(const std::string& text) {
  if (text.empty()) return text;
  const auto octets = from_hex(text);
  if (!octets || octets->size() != 32)
    return fail(Fault::invalid, "is the id of a release, 64 hexadecimal digits", "/release");
  return text;
}

Result<std::vector<Bytes>> values_of(const std::vector<std::string>& texts) {
  std::vector<Bytes> out;
  for (const auto& text : texts) {
    TRY(auto value, about(from_hex(text), "/values"));
    out.push_back(std::move(value));
  }
  return out;
}

Result<Reply> put(Context& c) {
  ObjectReader in(c.body);
  identity::AttestationPolicy policy;
  const std::string model = in.text("model", 64), release = in.text_or("release", "", 64);
  const std::string pcrs = in.text("pcrs", 128), learn = in.text_or("learn", "", 64);
  const auto values = in.texts_or("values", {}, crypto::tpm::registers_max, 64);
  policy.every = Duration(in.integer_or("every_s", 24 * 3600, 60, 366 * 24 * 3600) * 1000);
  policy.isolate = in.boolean_or("isolate", false);
  TRY_VOID(in.done());
  TRY(policy.model, ModelId::parse(model, "/model"));
  TRY(policy.release_id, release_of(release));
  TRY(policy.selection, about(crypto::tpm::parse_selection(pcrs), "/pcrs"));
  if (learn.empty() == values.empty())
    return fail(Fault::invalid, "give the values, or a device to learn them from", "/values");
  auto& attestation = c.domain.identity.attestation();
  if (learn.empty()) {
    TRY(policy.values, values_of(values));
  } else {
    TRY(const auto device, DeviceId::parse(learn, "/learn"));
    TRY(policy, attestation.learn(std::move(policy), device));
  }
  auto answer = policy_json(policy);
  TRY_VOID(attestation.set_policy(std::move(policy), c.actor()));
  return Reply{.body = std::move(answer)};
}

Result<Reply> drop(Context& c) {
  TRY(const auto model, ModelId::parse(c.path.front(), "{model}"));
  TRY_VOID(c.domain.identity.attestation().drop_policy(model, c.text("release"), c.actor()));
  return Reply{.status = 204};
}

constexpr Route routes[] = {
    {"GET", "/api/v1/devices/{id}/attestation", Role::viewer, of_device},
    {"POST", "/api/v1/devices/{id}/attest", Role::operator_, ask},
    {"POST", "/api/v1/devices/{id}/tpm", Role::operator_, expect_tpm},
    {"GET", "/api/v1/attestation/policies", Role::viewer, list},
    {"POST", "/api/v1/attestation/policies", Role::admin, put},
    {"DELETE", "/api/v1/attestation/policies/{model}", Role::admin, drop},
};

}  // namespace

Result<crypto::Hash> endorsement_hash(const std::string& text) {
  const auto octets = from_hex(text);
  crypto::Hash out{};
  if (!octets || octets->size() != out.size())
    return fail(
        Fault::invalid,
        "is the SHA-256 of the endorsement key's SubjectPublicKeyInfo, 64 hexadecimal digits",
        "/ek_sha256");
  std::ranges::copy(*octets, out.begin());
  return out;
}

std::span<const Route> attestation_routes() {
  return routes;
}

}  // namespace muster::api
