#include "desk/status.h"

#include <algorithm>

#include "base/log.h"
#include "desk/desk.h"

namespace muster::desk {
namespace {

constexpr Duration responder_life = 30 * 24h;
constexpr Duration answer_life = 24h;
constexpr Duration kept = 1h;  // at the doors; revocation drops it at once
constexpr Duration asked_again_after = 10s;
constexpr Duration backdated = 5min;  // for clients whose clock is behind
constexpr std::size_t waiting_max = 1'000;
constexpr const char* responder_name = "Muster OCSP responder";

// The key is as good as random, and new: so is its digest.
crypto::Serial serial_of(const crypto::PublicKey& key) {
  crypto::Serial serial{};
  const auto digest = key.fingerprint();
  std::copy_n(digest.begin(), serial.size(), serial.begin());
  serial[0] = static_cast<std::uint8_t>((serial[0] & 0x7f) | 0x40);
  return serial;
}

link::Reply refusal(crypto::OcspRefusal why) {
  return link::StatusAnswer{crypto::make_ocsp_refusal(why), {}};
}

crypto::OcspStatus status_of(identity::Standing::State state) {
  switch (state) {
    case identity::Standing::State::good:
      return crypto::OcspStatus::good;
    case identity::Standing::State::revoked:
      return crypto::OcspStatus::revoked;
    case identity::Standing::State::unknown:
      break;
  }
  return crypto::OcspStatus::unknown;
}

}  // namespace

void Status::ask(link::GetStatus question, link::Answered answered) {
  auto parsed = crypto::parse_ocsp_request(question.request);
  if (!parsed) return answered(refusal(crypto::OcspRefusal::malformed_request));
  crypto::OcspRequest request = *parsed;
  desk_.ask<Looked>(
      [this, request = std::move(*parsed)](Domain& domain) -> Result<Looked> {
        follow(domain.identity.rollover().trusted());
        return look(domain, request);
      },
      [this, request = std::move(request),
       answered = std::move(answered)](Result<Looked> looked) mutable {
        if (!looked) return answered(std::unexpected(looked.error()));
        answer({std::move(request), std::move(*looked), std::move(answered)});
      });
}

Status::Looked Status::look(const Domain& domain, const crypto::OcspRequest& request) const {
  Looked out;
  const auto now = std::chrono::floor<std::chrono::seconds>(clock_.now());
  for (const auto& id : request.ids) {
    const auto standing = domain.identity.standing(id.serial);
    out.known = out.known || standing.state != identity::Standing::State::unknown;
    out.answers.push_back({.id = id,
                           .status = status_of(standing.state),
                           .revoked_at = standing.revoked_at,
                           .reason = standing.reason,
                           .this_update = now,
                           .next_update = now + answer_life});
  }
  return out;
}

void Status::follow(const identity::Trusted& trusted) {
  std::vector<const crypto::Certificate*> issuers{&trusted.current.issuing};
  if (trusted.other) issuers.push_back(&trusted.other->issuing);
  for (const auto* issuer : issuers)
    if (!voices_.contains(issuer->subject_key_id))
      voices_.emplace(issuer->subject_key_id, Voice{.issuer = *issuer});
  std::erase_if(voices_, [&](const auto& each) {
    return !each.second.asking && std::ranges::none_of(issuers, [&](const auto* issuer) {
      return issuer->subject_key_id == each.first;
    });
  });
}

bool Status::lasts(const Voice& voice, Duration more) const {
  const auto now = clock_.now();
  return voice.responder && now >= voice.not_before && now + more < voice.not_after;
}

// The CA that is asked for is known by its responder; with one CA it is that.
void Status::answer(Waiting one) {
  Voice* silent = nullptr;
  const Voice* speaks = nullptr;
  for (auto& [key_id, voice] : voices_) {
    if (!lasts(voice, responder_life / 3)) renew(voice);
    if (!lasts(voice, 0ms)) {
      silent = &voice;
      continue;
    }
    const bool asked = std::ranges::all_of(
        one.request.ids, [&](const crypto::OcspId& id) { return voice.responder->is_for(id); });
    if (asked || (voices_.size() == 1 && !speaks)) speaks = &voice;
  }
  if (speaks) return reply(*speaks, std::move(one));
  if (!silent) return one.answered(refusal(crypto::OcspRefusal::unauthorized));
  if (!silent->asking || silent->waiting.size() >= waiting_max)
    return one.answered(refusal(crypto::OcspRefusal::try_later));
  silent->waiting.push_back(std::move(one));
}

// An answer ends before its responder's certificate does.
void Status::reply(const Voice& voice, Waiting one) {
  const bool ours = std::ranges::all_of(
      one.request.ids, [&](const crypto::OcspId& id) { return voice.responder->is_for(id); });
  if (!ours || !one.looked.known) return one.answered(refusal(crypto::OcspRefusal::unauthorized));
  const auto now = clock_.now();
  for (auto& each : one.looked.answers)
    each.next_update = std::min(each.next_update, Instant(voice.not_after));
  auto der =
      voice.responder->respond(one.looked.answers, std::chrono::floor<std::chrono::seconds>(now));
  if (!der) {
    log::error("desk", "an OCSP answer cannot be made", {{"why", der.error().message}});
    return one.answered(refusal(crypto::OcspRefusal::internal_error));
  }
  one.answered(
      link::Reply(link::StatusAnswer{std::move(*der), std::min(now + kept, voice.not_after)}));
}

void Status::renew(Voice& voice) {
  const auto now = clock_.now();
  const bool of_late = now >= voice.asked_at && now < voice.asked_at + asked_again_after;
  if (voice.asking || of_late) return;  // unless the clock went back
  auto key = crypto::FileKey::generate(crypto::Algorithm::ecdsa_p256);
  if (!key)
    return log::error("desk", "no key for the OCSP responder", {{"why", key.error().message}});
  voice.asked_at = now;
  voice.asking = true;
  const auto& issuer = voice.issuer;
  const auto second = std::chrono::floor<std::chrono::seconds>(now);
  const signer::Order order{
      .kind = signer::Template::ocsp_responder,
      .serial = serial_of(key->public_key()),
      .subject = responder_name,
      .not_before = std::max<Instant>(second - backdated, issuer.not_before),
      .not_after = std::min<Instant>(second + responder_life - backdated, issuer.not_after),
      .spki = key->public_key().spki(),
      .issuer = issuer.subject_key_id};
  issuer_.issue(order, [this, key_id = issuer.subject_key_id,
                        key = std::move(*key)](Result<Bytes> der) mutable {
    desk_.ask<Bytes>([der = std::move(der)](Domain&) mutable { return std::move(der); },
                     [this, key_id, key = std::move(key)](Result<Bytes> here) mutable {
                       renewed(key_id, std::move(key), std::move(here));
                     });
  });
}

void Status::renewed(const Bytes& key_id, crypto::FileKey key, Result<Bytes> der) {
  const auto at = voices_.find(key_id);
  if (at == voices_.end()) return;
  Voice& voice = at->second;
  voice.asking = false;
  const auto install = [&]() -> Result<void> {
    if (!der) return std::unexpected(der.error());
    TRY(const auto own, crypto::parse_certificate(*der));
    auto kept_key = std::make_unique<crypto::FileKey>(std::move(key));
    TRY(auto responder, crypto::OcspResponder::make(voice.issuer, own, *kept_key));
    voice.responder.reset();
    voice.responder.emplace(std::move(responder));
    voice.key = std::move(kept_key);
    voice.not_before = own.not_before;
    voice.not_after = own.not_after;
    return {};
  };
  if (auto done = install(); !done)
    log::warning("desk", "the OCSP responder has no new certificate",
                 {{"why", done.error().message}});
  for (auto& each : std::exchange(voice.waiting, {})) {
    if (lasts(voice, 0ms))
      answer(std::move(each));
    else
      each.answered(refusal(crypto::OcspRefusal::try_later));
  }
}

}  // namespace muster::desk
