#include "scenario/fleet.h"

#include <algorithm>

namespace muster::scenario {
namespace {

const Instant morning = instant(1'800'000'000'000);
const ledger::Actor ann{"operator:ann", "admin"};
constexpr const char* somewhere = "198.51.100.7:4000";
constexpr Duration greets_every = 10min, waits_first = 1s, waits_max = 60s;

}  // namespace

Fleet::Fleet(std::uint64_t seed, std::size_t count, Duration life, signer::Policy policy)
    : clock_(morning),
      random_(seed),
      keys_(morning),
      whole_(folder_.path, keys_, keys_.ledger, clock_, random_, std::move(policy)),
      desk_(whole_.domain, whole_.issuer, clock_),
      true_time_(morning) {
  expect(whole_.identity.put_profile({.name = "default", .certificate_life = life}, ann));
  members_.resize(count);
  for (std::size_t n = 0; n < count; ++n) {
    members_[n].id = expect(DeviceId::parse("meter-" + std::to_string(n)));
    expect_device(members_[n]);
  }
  answer_all();
}

void Fleet::expect_device(Member& m) {
  const bool known = whole_.inventory.find(m.id);
  const auto token =
      known ? whole_.identity.new_token(m.id, ann)
            : whole_.identity.expect({.id = m.id, .model = expect(ModelId::parse("meter"))}, ann);
  m.token = expect(token).text;
  make_request(m);
}

void Fleet::make_request(Member& m) {
  const auto key = expect(crypto::FileKey::generate(crypto::Algorithm::ecdsa_p256));
  m.spki = key.public_key().spki();
  m.request = crypto::sha256(m.spki);
}

link::Enrol Fleet::enrolment(const Member& m) const {
  return {m.id.text(), m.token, m.spki, m.request, m.id.text(), somewhere};
}

std::int64_t Fleet::passed_ns() const {
  return std::chrono::nanoseconds(true_time_ - morning).count();
}

void Fleet::answer_all() {
  while (desk_.drain() > 0) {
  }
}

void Fleet::pass(Duration span, Duration step) {
  for (; span > 0ms; span -= step) {
    true_time_ += step;
    clock_.pass(step);
    given_.push_back(0);
    for (Member& m : members_) act(m);
    answer_all();
    desk_.tick();
    answer_all();
  }
}

void Fleet::act(Member& m) {
  if (true_time_ >= m.greets && !m.certificate.empty()) {
    m.greets = true_time_ + greets_every;
    greet(m, m.next.empty() ? m.certificate : m.next);
  }
  if (true_time_ < m.again || !m.next.empty()) return;
  if (m.certificate.empty())
    return desk_.ask(link::Request(enrolment(m)),
                     [this, &m](Result<link::Reply> reply) { take(m, std::move(reply), false); });
  const Instant own_time = true_time_ + m.ahead;
  m.renewal.hold(text_of(m.certificate), m.not_before, m.not_after, m.renewed, own_time,
                 passed_ns());
  if (m.renewal.left(own_time, passed_ns()) > 0ms) return;
  desk_.ask(link::Request(link::Renew{crypto::sha256(m.certificate), m.spki, m.request, m.id.text(),
                                      somewhere}),
            [this, &m](Result<link::Reply> reply) { take(m, std::move(reply), true); });
}

void Fleet::greet(Member& m, const Bytes& certificate) {
  desk_.ask(link::Request(link::Hello{crypto::sha256(certificate), somewhere}),
            [&m](const Result<link::Reply>& reply) {
              if (!reply) {
                ++m.locked_out;
              } else if (!m.next.empty()) {
                m.certificate = std::exchange(m.next, {});
              }
            });
}

void Fleet::take(Member& m, Result<link::Reply> reply, bool renewal) {
  if (!reply) {
    ++told_to_wait_;
    m.wait = std::clamp<Duration>(m.wait * 2, waits_first, waits_max);
    m.again = true_time_ + m.wait +
              Duration(static_cast<std::int64_t>(
                  random_.below(static_cast<std::uint64_t>(m.wait.count()))));
    return;
  }
  Bytes der = std::get<Bytes>(std::move(*reply));
  const auto own = expect(crypto::parse_certificate(der));
  m.not_before = own.not_before;
  m.not_after = own.not_after;
  m.renewed = renewal;
  (renewal ? m.next : m.certificate) = std::move(der);
  m.wait = {};
  m.greets = true_time_;
  ++m.given;
  ++given_.back();
  make_request(m);
}

std::size_t Fleet::locked_out() const {
  std::size_t times = 0;
  for (const Member& m : members_) times += m.locked_out;
  return times;
}

}  // namespace muster::scenario
