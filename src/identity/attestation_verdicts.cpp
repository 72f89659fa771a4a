// What is made of a boot: policies, the evidence that devices show, and who is to be asked for it.

#include <algorithm>
#include <bit>

#include "crypto/measured_boot.h"
#include "identity/attestation.h"
#include "identity/internal/registry.h"

namespace muster::identity {
namespace {

constexpr Duration nonce_life = 2min, asked_again = 1h, shortest_every = 1min;

constexpr const char* steps[] = {
    "CREATE TABLE attestation_endorsement(device TEXT PRIMARY KEY, ek BLOB NOT NULL UNIQUE)"
    " WITHOUT ROWID;"
    "CREATE TABLE attestation_witness(device TEXT PRIMARY KEY, area BLOB NOT NULL,"
    " selection TEXT NOT NULL, registers BLOB NOT NULL, trust INTEGER NOT NULL, at INTEGER,"
    " why TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE attestation_policy(model TEXT NOT NULL, release TEXT NOT NULL,"
    " selection TEXT NOT NULL, registers BLOB NOT NULL, every INTEGER NOT NULL,"
    " isolate INTEGER NOT NULL, PRIMARY KEY(model, release)) WITHOUT ROWID;"
    // Of keys that a TPM has certified.
    "CREATE TABLE attestation_certificate(serial BLOB PRIMARY KEY) WITHOUT ROWID;"};

constexpr const char* as_expected = "the registers are as the policy expects: ";

constexpr std::array trust_names{"unknown", "trusted", "failed"};

// What firmware and boot loaders measure (PC Client PFP 3.3.4; 14 is shim's), and those of
// systemd's stub: 11 the image, 12 its parameters, 13 what extends it.
crypto::tpm::Selection usual_registers() {
  auto out = crypto::tpm::logged_registers();
  out.registers |= crypto::tpm::selection_of({11, 12, 13}).registers;
  return out;
}

Bytes joined(const std::vector<Bytes>& values) {
  Bytes out;
  for (const Bytes& value : values) out.insert(out.end(), value.begin(), value.end());
  return out;
}

std::vector<Bytes> split(ByteView octets) {
  std::vector<Bytes> out;
  for (; octets.size() >= 32; octets = octets.subspan(32))
    out.emplace_back(octets.begin(), octets.begin() + 32);
  return out;
}

const Bytes* value_of(unsigned number, const crypto::tpm::Selection& selection,
                      const std::vector<Bytes>& values) {
  if ((selection.registers >> number & 1) == 0) return nullptr;
  const auto below = selection.registers & ((1u << number) - 1);
  const auto at = static_cast<std::size_t>(std::popcount(below));
  return at < values.size() ? &values[at] : nullptr;
}

// The registers that do not hold the policy's values; empty: there is none.
std::string differing(const AttestationPolicy& policy, const crypto::tpm::Selection& selection,
                      const std::vector<Bytes>& values) {
  std::string out;
  std::size_t at = 0;
  for (unsigned number = 0; number < crypto::tpm::registers_max; ++number) {
    if ((policy.selection.registers >> number & 1) == 0) continue;
    const Bytes* value = value_of(number, selection, values);
    if (!value || *value != policy.values[at])
      out += (out.empty() ? "" : ", ") + std::to_string(number);
    ++at;
  }
  return out;
}

wire::Json json_of(const AttestationPolicy& p) {
  auto values = wire::Json::array();
  for (const Bytes& value : p.values) values.push(to_hex(value));
  return wire::Json::object({{"pcrs", crypto::tpm::show(p.selection)},
                             {"values", std::move(values)},
                             {"release", p.release_id},
                             {"every_s", p.every.count() / 1000},
                             {"isolate", p.isolate}});
}

}  // namespace

const char* name_of(Trust trust) {
  return trust_names[static_cast<std::size_t>(trust)];
}

Result<void> Attestation::load() {
  TRY_VOID(r_.store.migrate("attestation", steps));
  auto rows = r_.store.read(
      "SELECT device, area, selection, registers, trust, at, why FROM attestation_witness");
  while (rows.next()) {
    TRY(auto id, DeviceId::parse(rows.text(0)));
    TRY(const auto selection, crypto::tpm::parse_selection(rows.text(2)));
    const auto area = rows.blob(1);
    Witness witness{.attestation_area = {area.begin(), area.end()},
                    .selection = selection,
                    .values = split(rows.blob(3)),
                    .verdict = {.trust = static_cast<Trust>(rows.integer(4)), .why = rows.text(6)}};
    if (const auto* device = r_.inventory.find(id)) witness.release_id = device->release_id;
    if (!rows.null(5)) witness.verdict.at = instant(rows.integer(5));
    witnesses_.emplace(std::move(id), std::move(witness));
  }
  auto kept = r_.store.read(
      "SELECT model, release, selection, registers, every, isolate FROM attestation_policy");
  while (kept.next()) {
    TRY(auto model, ModelId::parse(kept.text(0)));
    TRY(const auto selection, crypto::tpm::parse_selection(kept.text(2)));
    policies_[{kept.text(0), kept.text(1)}] = {.model = std::move(model),
                                               .release_id = kept.text(1),
                                               .selection = selection,
                                               .values = split(kept.blob(3)),
                                               .every = Duration(kept.integer(4)),
                                               .isolate = kept.integer(5) != 0};
  }
  return {};
}

const AttestationPolicy* Attestation::policy_for(const inventory::Device& device) const {
  if (const auto at = policies_.find({device.model.text(), device.release_id});
      at != policies_.end())
    return &at->second;
  const auto at = policies_.find({device.model.text(), ""});
  return at == policies_.end() ? nullptr : &at->second;
}

// Only one of its own: the model's is asked anyway.
const AttestationPolicy* Attestation::policy_on_its_way(const inventory::Device& device) const {
  const std::string release = on_its_way_ ? on_its_way_(device.id) : "";
  const auto at =
      release.empty() ? policies_.end() : policies_.find({device.model.text(), release});
  return at == policies_.end() ? nullptr : &at->second;
}

// Always the usual ones as well, so that a policy can be learnt from any device.
crypto::tpm::Selection Attestation::selection_for(const inventory::Device& device) const {
  auto out = usual_registers();
  for (const auto* policy : {policy_for(device), policy_on_its_way(device)})
    if (policy) out.registers |= policy->selection.registers;
  return out;
}

Verdict Attestation::judge(const inventory::Device& device, const crypto::tpm::Selection& selection,
                           const std::vector<Bytes>& values) const {
  Verdict out{.trust = Trust::trusted, .at = r_.clock.now(), .why = {}};
  const auto* coming = policy_on_its_way(device);
  if (coming && differing(*coming, selection, values).empty()) {
    out.why = as_expected + crypto::tpm::show(coming->selection);
    return out;
  }
  const auto* policy = policy_for(device);
  if (!policy) {
    out.trust = Trust::unknown;
    out.why = "its evidence holds, and no policy says what the registers of a " +
              device.model.text() + " should be";
    return out;
  }
  const std::string wrong = differing(*policy, selection, values);
  if (wrong.empty()) {
    out.why = as_expected + crypto::tpm::show(policy->selection);
    return out;
  }
  out.trust = Trust::failed;
  out.why = "what was booted is not what the policy expects: PCR " + wrong;
  return out;
}

void Attestation::store_witness(store::Writer& writer, const DeviceId& id, const Witness& w) const {
  const auto selection = crypto::tpm::show(w.selection);
  const auto registers = joined(w.values);
  writer.write(
      "INSERT OR REPLACE INTO attestation_witness(device, area, selection, registers, trust, at,"
      " why) VALUES(?,?,?,?,?,?,?)",
      {id.text(), ByteView(w.attestation_area), selection, ByteView(registers),
       static_cast<std::int64_t>(w.verdict.trust),
       w.verdict.at ? store::Value(millis(*w.verdict.at)) : store::Value(nullptr), w.verdict.why});
}

// A change is worth an entry; the same again is not.
void Attestation::settle(const inventory::Device& device, Witness& witness, Verdict verdict) {
  const bool same = witness.verdict.at && witness.verdict.trust == verdict.trust &&
                    witness.verdict.why == verdict.why;
  witness.verdict = std::move(verdict);
  witness.wanted = false;
  if (same) return store_witness(r_.ledger.observe(), device.id, witness);
  const auto& now = witness.verdict;
  store_witness(
      r_.ledger.record(
          {ledger::system_actor("identity"), std::string("attestation.") + name_of(now.trust),
           "device/" + device.id.text(),
           wire::Json::object({{"pcrs", crypto::tpm::show(witness.selection)},
                               {"registers", to_hex(crypto::sha256(joined(witness.values)))}}),
           now.why}),
      device.id, witness);
  for (const auto& listener : listeners_) listener(device, now, policy_for(device));
}

void Attestation::on_verdict(
    std::function<void(const inventory::Device&, const Verdict&, const AttestationPolicy*)> f) {
  listeners_.push_back(std::move(f));
}

Result<EvidenceWanted> Attestation::wanted(const DeviceId& id) {
  const auto* device = r_.inventory.find(id);
  const auto at = witnesses_.find(id);
  if (!device || at == witnesses_.end())
    return fail(Fault::conflict,
                id.text() + " has shown no attestation key; it enrols by its TPM first");
  Nonce nonce{.wanted = {.nonce = Bytes(32), .selection = selection_for(*device)},
              .expires = r_.clock.now() + nonce_life};
  r_.random.fill(nonce.wanted.nonce);
  auto out = nonce.wanted;
  nonces_.insert_or_assign(id, std::move(nonce));
  return out;
}

Result<Verdict> Attestation::take(const DeviceId& id, const BootEvidence& boot) {
  const auto* device = r_.inventory.find(id);
  const auto at = witnesses_.find(id);
  auto nonce = nonces_.extract(id);
  if (!device || at == witnesses_.end() || nonce.empty() ||
      nonce.mapped().expires <= r_.clock.now())
    return r_.refuse({.cause = "evidence that nobody asked for, or too late",
                      .target = "device/" + id.text(),
                      .from = {},
                      .action = "attestation.refused"},
                     Fault::conflict, "no evidence is asked for now; ask what is wanted first");
  Witness& witness = at->second;
  const auto& asked = nonce.mapped().wanted;
  TRY(const auto key, crypto::tpm::parse_public(witness.attestation_area));
  if (auto holds = check_evidence(key, boot, asked); !holds) {
    settle(*device, witness,
           {.trust = Trust::failed, .at = r_.clock.now(), .why = holds.error().message});
    return witness.verdict;
  }
  witness.release_id = device->release_id;
  witness.selection = asked.selection;
  witness.values = boot.values;
  settle(*device, witness, judge(*device, asked.selection, boot.values));
  return witness.verdict;
}

Result<void> Attestation::ask_again(const DeviceId& id, ledger::Actor by) {
  if (!r_.inventory.find(id)) return fail(Fault::missing, "there is no device " + id.text());
  const auto at = witnesses_.find(id);
  if (at == witnesses_.end())
    return fail(Fault::conflict, id.text() + " has not enrolled by a TPM; it can attest nothing");
  r_.ledger.record({std::move(by), "attestation.asked", "device/" + id.text()});
  at->second.asked = {};
  at->second.wanted = true;
  return {};
}

// Until it shows its boot anew, the last one speaks for it if it is as the new release should be.
void Attestation::release_told(const inventory::Device& device) {
  const auto at = witnesses_.find(device.id);
  if (at == witnesses_.end() || device.release_id == at->second.release_id) return;
  Witness& witness = at->second;
  witness.release_id = device.release_id;
  if (witness.values.empty() || device.state == inventory::Lifecycle::retired) return;
  auto anew = judge(device, witness.selection, witness.values);
  if (anew.trust != Trust::trusted)
    anew = {.trust = Trust::unknown,
            .why = "it says it runs another release than when it showed its boot; it is asked"};
  anew.at = witness.verdict.at;
  if (anew.trust == Trust::trusted || witness.verdict.trust != Trust::failed)
    settle(device, witness, std::move(anew));
  witness.asked = {};
  witness.wanted = true;
}

void Attestation::on_its_way(std::function<std::string(const DeviceId&)> told) {
  on_its_way_ = std::move(told);
}

std::vector<DeviceId> Attestation::due() {
  std::vector<DeviceId> out;
  const Instant now = r_.clock.now();
  for (auto& [id, witness] : witnesses_) {
    const auto* device = r_.inventory.find(id);
    if (!device || !device->online || inventory::is_leaving(device->state)) continue;
    const auto* policy = policy_for(*device);
    const Duration every = policy ? policy->every : Duration(24h);
    const bool old = witness.wanted || !witness.verdict.at || now - *witness.verdict.at >= every;
    const bool of_late = witness.asked <= now &&  // ahead: the clock went back
                         now - witness.asked < std::min<Duration>(every, asked_again);
    if (!old || of_late) continue;
    witness.asked = now;
    out.push_back(id);
  }
  return out;
}

Result<AttestationPolicy> Attestation::learn(AttestationPolicy policy, const DeviceId& id) const {
  const auto at = witnesses_.find(id);
  const auto* device = r_.inventory.find(id);
  if (!device || at == witnesses_.end())
    return fail(Fault::conflict, id.text() + " has shown no registers yet", "/learn");
  if (device->model != policy.model)
    return fail(Fault::invalid, id.text() + " is a " + device->model.text(), "/learn");
  policy.values.clear();
  for (unsigned number = 0; number < crypto::tpm::registers_max; ++number) {
    if ((policy.selection.registers >> number & 1) == 0) continue;
    const Bytes* value = value_of(number, at->second.selection, at->second.values);
    if (!value)
      return fail(Fault::conflict,
                  id.text() + " has not shown PCR " + std::to_string(number) + " yet", "/pcrs");
    policy.values.push_back(*value);
  }
  return policy;
}

Result<void> Attestation::set_policy(AttestationPolicy p, ledger::Actor by) {
  if (p.selection.bank != crypto::tpm::HashAlgorithm::sha256 || p.selection.registers == 0)
    return fail(Fault::invalid, "a policy is about registers of the sha256 bank", "/pcrs");
  if (p.values.size() != p.selection.count() ||
      std::ranges::any_of(p.values, [](const Bytes& v) { return v.size() != 32; }))
    return fail(Fault::invalid, "one SHA-256 value for each of " + crypto::tpm::show(p.selection),
                "/values");
  if (p.every < shortest_every) return fail(Fault::invalid, "is at least a minute", "/every_s");
  const auto selection = crypto::tpm::show(p.selection);
  const auto registers = joined(p.values);
  r_.ledger.record({std::move(by), "attestation-policy.set", "model/" + p.model.text(), json_of(p)})
      .write(
          "INSERT OR REPLACE INTO attestation_policy(model, release, selection, registers, every,"
          " isolate) VALUES(?,?,?,?,?,?)",
          {p.model.text(), p.release_id, selection, ByteView(registers), p.every.count(),
           std::int64_t{p.isolate}});
  const ModelId model = p.model;
  policies_.insert_or_assign({p.model.text(), p.release_id}, std::move(p));
  for (auto& [id, witness] : witnesses_) {  // what they showed is judged anew
    const auto* device = r_.inventory.find(id);
    if (!device || device->model != model || witness.values.empty()) continue;
    if (inventory::is_leaving(device->state)) continue;
    auto anew = judge(*device, witness.selection, witness.values);
    anew.at = witness.verdict.at;  // the evidence has not become younger
    settle(*device, witness, std::move(anew));
  }
  return {};
}

Result<void> Attestation::drop_policy(const ModelId& model, const std::string& release_id,
                                      ledger::Actor by) {
  if (policies_.erase({model.text(), release_id}) == 0)
    return fail(Fault::missing, "there is no such policy");
  r_.ledger
      .record({std::move(by), "attestation-policy.dropped", "model/" + model.text(),
               wire::Json::object({{"release", release_id}})})
      .write("DELETE FROM attestation_policy WHERE model = ? AND release = ?",
             {model.text(), release_id});
  return {};
}

std::vector<AttestationPolicy> Attestation::policies() const {
  std::vector<AttestationPolicy> out;
  for (const auto& [of, policy] : policies_) out.push_back(policy);
  return out;
}

// What is too old is not known any more.
Verdict Attestation::verdict(const DeviceId& id) const {
  const auto at = witnesses_.find(id);
  const auto* device = r_.inventory.find(id);
  if (at == witnesses_.end() || !device)
    return {.trust = Trust::unknown, .at = {}, .why = "it has shown no evidence by a TPM"};
  Verdict out = at->second.verdict;
  const auto* policy = policy_for(*device);
  if (policy && out.trust == Trust::trusted && out.at &&
      r_.clock.now() - *out.at > 2 * policy->every) {
    out.trust = Trust::unknown;
    out.why = "its evidence is older than twice what the policy allows";
  }
  return out;
}

std::vector<Register> Attestation::registers(const DeviceId& id) const {
  std::vector<Register> out;
  const auto at = witnesses_.find(id);
  const auto* device = r_.inventory.find(id);
  if (at == witnesses_.end() || !device) return out;
  const auto* policy = policy_for(*device);
  for (unsigned number = 0; number < crypto::tpm::registers_max; ++number) {
    Register each{.number = number, .shown = {}, .expected = {}};
    if (const auto* value = value_of(number, at->second.selection, at->second.values))
      each.shown = *value;
    const auto* wanted = policy ? value_of(number, policy->selection, policy->values) : nullptr;
    if (wanted) each.expected = *wanted;
    if (each.shown || each.expected) out.push_back(std::move(each));
  }
  return out;
}

}  // namespace muster::identity
