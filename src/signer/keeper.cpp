#include "signer/keeper.h"

#include <algorithm>

namespace muster::signer {
namespace {

constexpr std::size_t shards_max = 65'536;

std::uint64_t number_of(const crypto::Serial& serial) {
  std::uint64_t n = 0;
  for (std::size_t i = 8; i < serial.size(); ++i) n = n << 8 | serial[i];
  return n;
}

crypto::Serial serial_of(std::uint64_t number) {
  crypto::Serial out{};
  for (std::size_t i = out.size(); number != 0; number >>= 8)
    out[--i] = static_cast<std::uint8_t>(number);
  return out;
}

std::unexpected<Error> taken(const crypto::Serial& serial) {
  return fail(Fault::conflict,
              "serial " + crypto::serial_hex(serial) + " was given to another order", "serial");
}

Result<void> check_key(const crypto::PublicKey& key, const Rule& rule,
                       const crypto::Certificate& issuer) {
  if (std::ranges::find(rule.keys, key.algorithm()) == rule.keys.end())
    return fail(Fault::forbidden,
                std::string("this template takes no key of ") + crypto::name_of(key.algorithm()),
                "spki");
  if (key.spki() == issuer.key.spki())
    return fail(Fault::forbidden, "the issuing key itself is not certified", "spki");
  return {};
}

std::int64_t nanos(Instant t) {
  return millis(t) * 1'000'000;
}

}  // namespace

Keeper::Keeper(Authority authority, IssuanceLog log, Policy policy, const Clock& clock,
               Random& random, Past past)
    : authority_(std::move(authority)),
      log_(std::move(log)),
      policy_(std::move(policy)),
      clock_(clock),
      random_(random),
      buckets_{TokenBucket(policy_.device.rate, nanos(clock.now())),
               TokenBucket(policy_.application.rate, nanos(clock.now())),
               TokenBucket(policy_.server.rate, nanos(clock.now())),
               TokenBucket(policy_.ocsp_responder.rate, nanos(clock.now())),
               TokenBucket(policy_.revocation_list.rate, nanos(clock.now()))},
      past_(std::move(past)) {}

Result<Keeper> Keeper::open(std::vector<crypto::Certificate> chain, const crypto::SigningKey& key,
                            const std::filesystem::path& path, Policy policy, const Clock& clock,
                            Random& random) {
  TRY(auto authority, Authority::of(std::move(chain), key));
  return open(std::move(authority), path, std::move(policy), clock, random);
}

Result<Keeper> Keeper::open(Authority authority, const std::filesystem::path& path, Policy policy,
                            const Clock& clock, Random& random) {
  Past past;
  TRY(auto log, IssuanceLog::open(path, random, [&past](const Issuance& issuance) {
        if (issuance.kind == Template::revocation_list)
          past.lists[issuance.subject] = number_of(issuance.serial);
        if (issuance.kind == Template::authority)
          past.rollover = Beginning{issuance.at, issuance.order};
      }));
  return Keeper(std::move(authority), std::move(log), std::move(policy), clock, random,
                std::move(past));
}

Result<void> Keeper::take(Template kind, Instant now) {
  TokenBucket& bucket = buckets_[static_cast<std::size_t>(kind) - 1];
  if (bucket.take(nanos(now))) return {};
  return fail(Fault::exhausted, std::string("the signer's rate for template ") + name_of(kind) +
                                    " is used up; ask again in " + show(bucket.wait()));
}

Result<std::optional<Bytes>> Keeper::answered(const Order& order,
                                              const crypto::Hash& digest) const {
  TRY(auto before, log_.find(order.serial));
  if (!before) return std::nullopt;
  if (before->order != digest) return taken(order.serial);
  return std::optional(std::move(before->document));
}

// Of a CA that is not the one that issues, only what it owes for what it issued.
Result<Authority::Issuer> Keeper::issuer_of(const Order& order) const {
  const auto found = authority_.find(order.issuer);
  if (!found || (!found->current && order.kind != Template::ocsp_responder))
    return fail(Fault::conflict, "the CA that this order names does not issue; order it anew",
                "issuer");
  return *found;
}

Result<Issuance> Keeper::sign(const Order& order, const crypto::Hash& digest) {
  const Instant now = clock_.now();
  TRY(const Authority::Issuer by, issuer_of(order));
  const crypto::Certificate& issuer = *by.certificate;
  if (now >= issuer.not_after)
    return fail(Fault::unavailable,
                "the issuing certificate ended at " + rfc3339(issuer.not_after) + "; renew it");
  TRY(const auto profile, profile_of(order, policy_, now));
  TRY(const auto key, crypto::PublicKey::from_spki(order.spki));
  TRY_VOID(check_key(key, policy_.rule(order.kind), issuer));
  TRY_VOID(take(order.kind, now));
  TRY(auto der, crypto::issue(profile, key, order.serial, &issuer, *by.key));
  return Issuance{.at = now,
                  .kind = order.kind,
                  .serial = order.serial,
                  .order = digest,
                  .subject = order.subject,
                  .document = std::move(der)};
}

// What is to be logged together, and where each serial is in it.
struct Keeper::Batch {
  std::vector<Issuance> issuances;
  std::map<crypto::Serial, std::size_t> places;
};

Result<Keeper::Outcome> Keeper::decide(const Asked& asked, Batch& batch) {
  const auto& [order, digest] = asked;
  TRY(auto before, answered(order, digest));
  if (before) return Outcome(std::move(*before));
  if (const auto twin = batch.places.find(order.serial); twin != batch.places.end()) {
    if (batch.issuances[twin->second].order != digest) return taken(order.serial);
    return Outcome(twin->second);
  }
  TRY(auto issuance, sign(order, digest));
  batch.places.emplace(order.serial, batch.issuances.size());
  batch.issuances.push_back(std::move(issuance));
  return Outcome(batch.issuances.size() - 1);
}

Result<Bytes> Keeper::issue(Order order) {
  TRY(const Bytes octets, encode(order));
  const Asked asked{std::move(order), crypto::sha256(octets)};
  return std::move(issue({&asked, 1}).front());
}

std::vector<Result<Bytes>> Keeper::issue(std::span<const Asked> orders) {
  Batch batch;
  std::vector<Result<Outcome>> outcomes;
  outcomes.reserve(orders.size());
  for (const Asked& each : orders) outcomes.push_back(decide(each, batch));
  const Result<void> logged =
      batch.issuances.empty() ? Result<void>{} : log_.append(batch.issuances);

  std::vector<Result<Bytes>> answers;
  answers.reserve(orders.size());
  for (Result<Outcome>& outcome : outcomes) {
    if (!outcome)
      answers.emplace_back(std::unexpected(std::move(outcome).error()));
    else if (auto* before = std::get_if<Bytes>(&*outcome))
      answers.emplace_back(std::move(*before));
    else if (!logged)
      answers.emplace_back(std::unexpected(logged.error()));
    else
      answers.emplace_back(batch.issuances[std::get<std::size_t>(*outcome)].document);
  }
  return answers;
}

Result<Bytes> Keeper::make_list(const CrlOrder& order) {
  const Instant now = clock_.now();
  const crypto::CrlTerms& terms = order.terms;
  const std::string& shard = terms.scope.shard_uri;
  TRY_VOID(check(terms, policy_, now));
  const auto by = authority_.find(order.issuer);
  if (!by)
    return fail(Fault::conflict, "the CA that this list is to be of is not held here", "issuer");
  const auto last = past_.lists.find(shard);
  if (last != past_.lists.end() && terms.number < last->second)
    return fail(Fault::conflict,
                "the last revocation list of this shard has number " +
                    std::to_string(last->second) + "; give this one a higher number",
                "number");
  if (last == past_.lists.end() && past_.lists.size() >= shards_max)
    return fail(Fault::exhausted, "this signer has made lists of too many shards", "shard_uri");
  TRY_VOID(take(Template::revocation_list, now));
  TRY(const Bytes octets, encode(order));
  TRY(Bytes der, crypto::make_crl(order.revoked, terms.number, terms.this_update, terms.next_update,
                                  *by->certificate, *by->key, terms.scope));
  const crypto::Hash made = crypto::sha256(der);
  Issuance issuance{.at = now,
                    .kind = Template::revocation_list,
                    .serial = serial_of(terms.number),
                    .order = crypto::sha256(octets),
                    .subject = shard,
                    .document = Bytes(made.begin(), made.end())};
  TRY_VOID(log_.append({&issuance, 1}));
  past_.lists[shard] = terms.number;
  return der;
}

}  // namespace muster::signer
