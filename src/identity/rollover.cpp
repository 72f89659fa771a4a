// A rollover's decisions, and what the signer made of them.

#include "identity/rollover.h"

#include <algorithm>

#include "crypto/cross.h"
#include "identity/internal/registry.h"

namespace muster::identity {
namespace {

using crypto::Certificate;
using signer::Step;

constexpr const char* steps[] = {
    "CREATE TABLE identity_ca(generation INTEGER PRIMARY KEY, issuing BLOB NOT NULL,"
    " root BLOB NOT NULL);"
    "CREATE TABLE identity_rollover(one INTEGER PRIMARY KEY CHECK(one = 1), id BLOB NOT NULL,"
    " phase INTEGER NOT NULL, scope INTEGER NOT NULL, begun INTEGER NOT NULL,"
    " switched INTEGER NOT NULL, refused TEXT NOT NULL, current INTEGER NOT NULL,"
    " other INTEGER NOT NULL, new_with_old BLOB NOT NULL, old_with_new BLOB NOT NULL);"
    "CREATE TABLE identity_ready(device TEXT PRIMARY KEY, reported INTEGER NOT NULL)"
    " WITHOUT ROWID;"
    "ALTER TABLE identity_certificate ADD COLUMN issuer INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE identity_shard ADD COLUMN issuer INTEGER NOT NULL DEFAULT 0;"
    // The whole lists, one of each CA.
    "CREATE TABLE identity_list(issuer INTEGER PRIMARY KEY, number INTEGER NOT NULL,"
    " this_update INTEGER NOT NULL, stale INTEGER NOT NULL, der BLOB NOT NULL);"
    "INSERT INTO identity_list SELECT 0, number, this_update, stale, der FROM identity_crl;"
    "DROP TABLE identity_crl;"};

constexpr std::array phase_names{"none",      "beginning", "distributing", "aborting",
                                 "switching", "switched",  "finishing"};
constexpr const char* target = "ca/fleet";

bool same(const Certificate& a, const Certificate& b) {
  return a.der == b.der;
}

void add(std::vector<Certificate>& to, const Certificate& one) {
  if (std::ranges::find(to, one.der, &Certificate::der) == to.end()) to.push_back(one);
}

std::optional<Step> step_of(RolloverPhase phase) {
  switch (phase) {
    case RolloverPhase::beginning:
      return Step::begin;
    case RolloverPhase::aborting:
      return Step::abort;
    case RolloverPhase::switching:
      return Step::switch_over;
    case RolloverPhase::finishing:
      return Step::finish;
    default:
      return std::nullopt;
  }
}

// Where a step that the signer refuses leaves off.
RolloverPhase before(Step step) {
  switch (step) {
    case Step::begin:
      return RolloverPhase::none;
    case Step::finish:
      return RolloverPhase::switched;
    default:
      return RolloverPhase::distributing;
  }
}

Result<Certificate> certificate_in(const store::Rows& rows, int column) {
  auto parsed = crypto::parse_certificate(rows.blob(column));
  if (parsed) return parsed;
  return fail(Fault::corrupt,
              "a CA certificate in the store does not read: " + parsed.error().message);
}

wire::Json described(const signer::Authorities& a) {
  auto out = wire::Json::object({{"issuing", to_hex(a.other->issuing.fingerprint)},
                                 {"root", to_hex(a.other->root.fingerprint)}});
  if (a.new_with_old) out.set("new_with_old", to_hex(a.new_with_old->fingerprint));
  if (a.old_with_new) out.set("old_with_new", to_hex(a.old_with_new->fingerprint));
  return out;
}

}  // namespace

const char* name_of(RolloverPhase phase) {
  return phase_names[static_cast<std::size_t>(phase)];
}

std::vector<Certificate> Trusted::roots() const {
  std::vector<Certificate> out{current.root};
  if (other) add(out, other->root);
  return out;
}

std::vector<Certificate> Trusted::anchors() const {
  std::vector<Certificate> out{current.issuing, current.root};
  if (other) add(out, other->issuing);
  if (other) add(out, other->root);
  return out;
}

std::vector<Certificate> Trusted::given() const {
  auto out = anchors();
  out.insert(out.end(), cross.begin(), cross.end());
  return out;
}

std::vector<Certificate> Trusted::shown() const {
  std::vector<Certificate> out{current.issuing};
  for (const auto& each : cross)
    if (each.subject_der == current.root.subject_der) out.push_back(each);
  return out;
}

Trusted trusted_of(const signer::Authorities& a) {
  Trusted out{.current = a.current, .other = a.other};
  for (const auto* cross : {&a.new_with_old, &a.old_with_new})
    if (*cross) out.cross.push_back(**cross);
  return out;
}

Rollover::Rollover(Identity::Registry& registry) : r_(registry) {}

// The signer's chain counts when no rollover is under way: its folder may have been made anew. Else
// what is filed here does, until the signer has answered.
Result<void> Rollover::load() {
  TRY_VOID(r_.store.migrate("identity_rollover", steps));
  trusted_.current = {r_.chain.front(), r_.chain.back()};
  {
    auto rows = r_.store.read(
        "SELECT id, phase, scope, begun, switched, refused, current, other, new_with_old,"
        " old_with_new FROM identity_rollover");
    if (rows.next()) {
      id_ = fixed<16>(rows.blob(0));
      status_ = {.phase = static_cast<RolloverPhase>(rows.integer(1)),
                 .id = crypto::serial_hex(id_),
                 .scope = static_cast<signer::Scope>(rows.integer(2)),
                 .begun = instant(rows.integer(3)),
                 .switched = instant(rows.integer(4)),
                 .refused = rows.text(5)};
      current_ = static_cast<std::uint32_t>(rows.integer(6));
      other_ = static_cast<std::uint32_t>(rows.integer(7));
      for (const int column : {8, 9}) {
        if (rows.blob(column).empty()) continue;
        TRY(auto cross, certificate_in(rows, column));
        trusted_.cross.push_back(std::move(cross));
      }
    }
  }
  std::map<std::uint32_t, signer::Generation> known;
  {
    auto rows = r_.store.read("SELECT generation, issuing, root FROM identity_ca");
    while (rows.next()) {
      TRY(auto issuing, certificate_in(rows, 1));
      TRY(auto root, certificate_in(rows, 2));
      known.emplace(static_cast<std::uint32_t>(rows.integer(0)),
                    signer::Generation{std::move(issuing), std::move(root)});
    }
  }
  const bool steady =
      status_.phase == RolloverPhase::none || status_.phase == RolloverPhase::beginning;
  if (steady && (known.empty() || !same(known.at(current_).issuing, trusted_.current.issuing))) {
    current_ = known.empty() ? 0 : known.rbegin()->first + 1;
    other_ = current_;
    auto& writer = r_.ledger.observe();
    writer.write("INSERT INTO identity_ca(generation, issuing, root) VALUES(?,?,?)",
                 {std::int64_t{current_}, ByteView(trusted_.current.issuing.der),
                  ByteView(trusted_.current.root.der)});
    store_state(writer);
    r_.store.commit();  // modules that open after this one migrate outside a transaction
  } else {
    trusted_.current = known.at(current_);
    if (other_ != current_) trusted_.other = known.at(other_);
  }
  return load_generations();
}

Result<void> Rollover::load_generations() {
  r_.chain = {trusted_.current.issuing, trusted_.current.root};
  auto ready = r_.store.read("SELECT device, reported FROM identity_ready");
  while (ready.next()) {
    TRY(auto id, DeviceId::parse(ready.text(0)));
    ready_.emplace(std::move(id), ready.integer(1) != 0);
  }
  for (auto& [fingerprint, certificate] : r_.live) certificate.issuer = current_;
  auto rows = r_.store.read(
      "SELECT fingerprint, issuer FROM identity_certificate WHERE status IN (0, 1) AND issuer != ?",
      {std::int64_t{current_}});
  while (rows.next())
    if (auto* certificate = r_.live.find(fixed<32>(rows.blob(0))))
      certificate->issuer = static_cast<std::uint32_t>(rows.integer(1));
  return {};
}

void Rollover::store_state(store::Writer& writer) const {
  const auto cross = [this](std::size_t n) {
    return n < trusted_.cross.size() ? ByteView(trusted_.cross[n].der) : ByteView();
  };
  writer.write(
      "INSERT OR REPLACE INTO identity_rollover(one, id, phase, scope, begun, switched, refused,"
      " current, other, new_with_old, old_with_new) VALUES(1,?,?,?,?,?,?,?,?,?,?)",
      {ByteView(id_), static_cast<std::int64_t>(status_.phase),
       static_cast<std::int64_t>(status_.scope), millis(status_.begun), millis(status_.switched),
       status_.refused, std::int64_t{current_}, std::int64_t{other_}, cross(0), cross(1)});
}

store::Writer& Rollover::record(const char* action, wire::Json detail, std::string why) {
  detail.set("rollover", status_.id);
  return r_.ledger.record(
      {ledger::system_actor("identity"), action, target, std::move(detail), std::move(why)});
}

// --- decisions ---

Result<void> Rollover::decide(RolloverPhase from, RolloverPhase to, const ledger::Actor& by,
                              std::string why) {
  if (why.empty() || why.size() > 1000)
    return fail(Fault::invalid, "must say why, in at most 1000 octets; it goes to the ledger",
                "/reason");
  const auto step = *step_of(to);
  if (status_.phase != from)
    return fail(Fault::conflict, std::string("the rollover is in phase \"") +
                                     name_of(status_.phase) + "\"; \"" + name_of(step) +
                                     "\" follows on \"" + name_of(from) + '"');
  status_.phase = to;
  status_.refused.clear();
  auto detail = wire::Json::object(
      {{"step", name_of(step)}, {"scope", name_of(status_.scope)}, {"rollover", status_.id}});
  store_state(
      r_.ledger.record({by, "ca.rollover-ordered", target, std::move(detail), std::move(why)}));
  return {};
}

Result<void> Rollover::begin(signer::Scope scope, ledger::Actor by, std::string why) {
  if (status_.phase != RolloverPhase::none)
    return fail(Fault::conflict, std::string("a rollover is under way, in phase \"") +
                                     name_of(status_.phase) + "\"; finish or abort it first");
  const auto last = std::pair(id_, status_);
  r_.random.fill(id_);
  id_[0] |= 1;
  status_ = {.phase = RolloverPhase::none,
             .id = crypto::serial_hex(id_),
             .scope = scope,
             .begun = r_.clock.now()};
  auto done = decide(RolloverPhase::none, RolloverPhase::beginning, by, std::move(why));
  if (!done) std::tie(id_, status_) = last;
  return done;
}

Result<void> Rollover::switch_over(ledger::Actor by, std::string why) {
  return decide(RolloverPhase::distributing, RolloverPhase::switching, by, std::move(why));
}

Result<void> Rollover::abort(ledger::Actor by, std::string why) {
  return decide(RolloverPhase::distributing, RolloverPhase::aborting, by, std::move(why));
}

Result<void> Rollover::finish(ledger::Actor by, std::string why) {
  if (status_.phase == RolloverPhase::switched) {
    const auto p = progress();
    if (p.without_anchor != 0 || p.old_certificates != 0) {
      std::string some;
      for (const auto& name : p.waiting_for) some += (some.empty() ? "" : ", ") + name;
      return fail(Fault::conflict,
                  std::to_string(p.without_anchor) + " of " + std::to_string(p.devices) +
                      " devices have not taken the new root, and " +
                      std::to_string(p.old_certificates) +
                      " devices or applications still have a certificate of the old CA: " + some +
                      "; wait for them, or revoke their certificates or retire them first");
    }
  }
  return decide(RolloverPhase::switched, RolloverPhase::finishing, by, std::move(why));
}

// --- what the signer made of them ---

std::optional<signer::RolloverOrder> Rollover::order() const {
  const auto step = step_of(status_.phase);
  if (!step) return std::nullopt;
  return signer::RolloverOrder{.id = id_, .step = *step, .scope = status_.scope};
}

Result<void> Rollover::check_answer(const signer::Authorities& a) const {
  const auto wrong = [](const char* why) {
    return fail(Fault::conflict, std::string("the signer's answer does not fit: ") + why);
  };
  if (a.rollover != id_) return wrong("it is of another rollover");
  switch (status_.phase) {
    case RolloverPhase::beginning: {
      if (a.phase != signer::Phase::begun) return wrong("it has not begun");
      if (!same(a.current.issuing, trusted_.current.issuing)) return wrong("it holds another CA");
      const Instant now = r_.clock.now();
      TRY_VOID(crypto::verify_authority(a.other->issuing, a.other->root, now));
      if (status_.scope == signer::Scope::issuing)
        return same(a.other->root, trusted_.current.root) ? Result<void>{}
                                                          : wrong("it has made another root");
      if (!a.new_with_old || !a.old_with_new) return wrong("the roots do not certify each other");
      TRY_VOID(crypto::verify_cross(*a.new_with_old, a.other->root,
                                    std::span(&trusted_.current.root, 1), now));
      return crypto::verify_cross(*a.old_with_new, trusted_.current.root,
                                  std::span(&a.other->root, 1), now);
    }
    case RolloverPhase::switching:
      if (a.phase != signer::Phase::switched || !same(a.current.issuing, trusted_.other->issuing))
        return wrong("it has not switched");
      return {};
    case RolloverPhase::finishing:
    case RolloverPhase::aborting:
      if (a.phase != signer::Phase::settled || !same(a.current.issuing, trusted_.current.issuing))
        return wrong("it is not over");
      return {};
    default:
      return wrong("nothing was asked");
  }
}

void Rollover::file(const signer::RolloverOrder& asked, const Result<signer::Authorities>& answer) {
  const auto now = order();
  if (!now || asked != *now) return;  // an answer that came twice
  auto sound = answer ? check_answer(*answer) : Result<void>(std::unexpected(answer.error()));
  if (sound) return take(*answer);
  if (sound.error().fault == Fault::unavailable) return;  // asked again
  status_.phase = before(asked.step);
  status_.refused = sound.error().message;
  store_state(record("ca.rollover-refused", wire::Json::object({{"step", name_of(asked.step)}}),
                     sound.error().message));
}

void Rollover::take(const signer::Authorities& a) {
  ++trusted_.version;
  switch (status_.phase) {
    case RolloverPhase::beginning: {
      other_ = current_ + 1;
      status_.phase = RolloverPhase::distributing;
      trusted_.other = a.other;
      if (a.new_with_old) trusted_.cross = {*a.new_with_old, *a.old_with_new};
      auto& writer = record("ca.rollover-begun", described(a));
      writer.write(
          "INSERT OR REPLACE INTO identity_ca(generation, issuing, root) VALUES(?,?,?)",
          {std::int64_t{other_}, ByteView(a.other->issuing.der), ByteView(a.other->root.der)});
      store_state(writer);
      break;
    }
    case RolloverPhase::switching: {
      std::swap(current_, other_);
      std::swap(trusted_.current, *trusted_.other);
      status_.phase = RolloverPhase::switched;
      status_.switched = r_.clock.now();
      r_.lists.close_shard();  // the next one is the new CA's
      store_state(record("ca.switched", wire::Json::object()));
      break;
    }
    case RolloverPhase::finishing:
    case RolloverPhase::aborting: {
      const bool finished = status_.phase == RolloverPhase::finishing;
      for (const auto& [device, said] : ready_)
        if (said) stale_.insert(device);
      ready_.clear();
      trusted_.other.reset();
      trusted_.cross.clear();
      auto& writer = record(finished ? "ca.rollover-finished" : "ca.rollover-aborted",
                            wire::Json::object({{"root", to_hex(a.current.root.fingerprint)}}));
      writer.write("DELETE FROM identity_ready");
      if (!finished)
        writer.write("DELETE FROM identity_ca WHERE generation = ?", {std::int64_t{other_}});
      other_ = current_;
      status_.phase = RolloverPhase::none;
      store_state(writer);
      break;
    }
    default:
      break;
  }
  asked_.clear();
  r_.chain = {trusted_.current.issuing, trusted_.current.root};
}

// --- generations ---

std::optional<std::uint32_t> Rollover::generation_of(ByteView key_id) const {
  if (key_id.empty() || std::ranges::equal(key_id, trusted_.current.issuing.subject_key_id))
    return current_;
  if (trusted_.other && std::ranges::equal(key_id, trusted_.other->issuing.subject_key_id))
    return other_;
  return std::nullopt;
}

Bytes Rollover::key_id_of(std::uint32_t generation) const {
  if (generation == current_) return trusted_.current.issuing.subject_key_id;
  if (trusted_.other && generation == other_) return trusted_.other->issuing.subject_key_id;
  return {};
}

// Those of a begin that was cut off between the signer's log and its journal are of an order of
// ours, and were never used.
bool Rollover::explains(const signer::Issuance& issuance) const {
  for (const auto scope : {signer::Scope::whole, signer::Scope::issuing})
    if (crypto::sha256(signer::encode(signer::RolloverOrder{
            .id = id_, .step = Step::begin, .scope = scope})) == issuance.order)
      return true;
  const auto known = r_.store
                         .read("SELECT 1 FROM identity_ca WHERE issuing = ? OR root = ?",
                               {ByteView(issuance.document), ByteView(issuance.document)})
                         .next();
  return known;
}

}  // namespace muster::identity
